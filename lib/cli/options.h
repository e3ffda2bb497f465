/* A program's options as data: one table, from which command lines are parsed, --help is printed
 * (help.h) and the completions of shells are written (completion.h).
 */
#ifndef FARMLOCK_CLI_OPTIONS_H
#define FARMLOCK_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum option_type {
    OPTION_END,
    OPTION_GROUP,         /* no option: a heading in --help */
    OPTION_FLAG,          /* sets a bool; --noNAME and --no-NAME clear it */
    OPTION_TEXT,          /* keeps the argument, a const char * into argv */
    OPTION_NUMBER,        /* an integer member from min to max, of any size */
    OPTION_SECONDS,       /* an int64_t of milliseconds from min to max; given as 0.5, 90s, 2h */
    OPTION_WHOLE_SECONDS, /* the same, rounded up, in an integer member of seconds */
    OPTION_SIZE,          /* bytes, such as 64K, in an integer member from min to max */
    OPTION_WORD,          /* which of `words` it is, counted from 0, in an enum */
    OPTION_CALL,          /* whatever else */
    OPTION_HELP,          /* these three are in every table by themselves */
    OPTION_VERSION,       /* */
    OPTION_COMPLETION,    /* --completion SHELL, which --help does not show */
};

/* How a shell finds what to offer for an argument. */
enum option_completion {
    COMPLETE_NOTHING,
    COMPLETE_FILE,
    COMPLETE_FOLDER,
    COMPLETE_HOST,
    COMPLETE_COMMAND,
    COMPLETE_USER,
    COMPLETE_LOCK,  /* what the lock server says is held now, if it says so within a second */
    COMPLETE_WORDS, /* those of `words` */
};

/* A row of the table; to be written with the macros below, and read-only. */
struct option_spec {
    enum option_type type;
    char letter;          /* the short form, or 0 */
    const char *name;     /* the long form, without dashes; of a group, the heading */
    const char *argument; /* what --help calls its argument; NULL when it takes none */
    const char *help;     /* one sentence, of any length */
    const char *no_help;  /* what --help says of --noNAME; NULL: nothing */
    size_t place, size;   /* of the member in the program's settings */
    uint64_t min, max;
    const char *words; /* "power|process" */
    bool yields;       /* cut short, it gives way to those that do not: scripts have these */
    bool repeats;      /* may come again: take() says what that means */
    bool at_start;     /* of a daemon: what it says cannot change while it runs */
    bool not_in_file;  /* has no sense in a configuration file */

    /* Clients' files may set it, farmlock-client.conf(5): what holds where nobody does, "" for
     * nothing; NULL: they may not. */
    const char *client_default;
    enum option_completion completion;

    /* Takes an option, with its argument or NULL.  Returns 0, or the status to exit with, having
     * said why. */
    int (*take)(void *settings, const char *argument);
};

/* The macros below name a member of SETTINGS, which the file that holds the table defines as the
 * type of what options_parse() is given.  A member of the wrong type does not compile.  More
 * members of the row may follow behind the help: OPT_FLAG("json", json, "print JSON",
 * .letter = 'j').
 */
#define OPTION_PLACE(member_) \
    .place = offsetof(SETTINGS, member_), .size = sizeof(((SETTINGS *)0)->member_)
#define OPTION_PLACE_OF(member_, type_) \
    .place = offsetof(SETTINGS, member_) + _Generic(&((SETTINGS *)0)->member_, type_ * : (size_t)0)

#define OPT_FLAG(name_, member_, help_, ...)                                                   \
    {                                                                                          \
        .type = OPTION_FLAG, .name = (name_), OPTION_PLACE_OF(member_, bool), .help = (help_), \
        __VA_ARGS__                                                                            \
    }
#define OPT_TEXT(name_, argument_, member_, help_, ...)                      \
    {                                                                        \
        .type = OPTION_TEXT, .name = (name_), .argument = (argument_),       \
        OPTION_PLACE_OF(member_, const char *), .help = (help_), __VA_ARGS__ \
    }
#define OPT_NUMBER(name_, argument_, member_, min_, max_, help_, ...)                           \
    {                                                                                           \
        .type = OPTION_NUMBER, .name = (name_), .argument = (argument_), OPTION_PLACE(member_), \
        .min = (min_), .max = (max_), .help = (help_), __VA_ARGS__                              \
    }
#define OPT_SECONDS(name_, member_, min_ms_, max_ms_, help_, ...)                               \
    {                                                                                           \
        .type = OPTION_SECONDS, .name = (name_), .argument = "SECONDS",                         \
        OPTION_PLACE_OF(member_, int64_t), .min = (min_ms_), .max = (max_ms_), .help = (help_), \
        __VA_ARGS__                                                                             \
    }
#define OPT_WHOLE_SECONDS(name_, member_, min_, max_, help_, ...)                         \
    {                                                                                     \
        .type = OPTION_WHOLE_SECONDS, .name = (name_), .argument = "SECONDS",             \
        OPTION_PLACE(member_), .min = (min_), .max = (max_), .help = (help_), __VA_ARGS__ \
    }
#define OPT_SIZE(name_, member_, min_, max_, help_, ...)                                 \
    {                                                                                    \
        .type = OPTION_SIZE, .name = (name_), .argument = "SIZE", OPTION_PLACE(member_), \
        .min = (min_), .max = (max_), .help = (help_), __VA_ARGS__                       \
    }
#define OPT_WORD(name_, argument_, member_, words_, help_, ...)                               \
    {                                                                                         \
        .type = OPTION_WORD, .name = (name_), .argument = (argument_), OPTION_PLACE(member_), \
        .words = (words_), .completion = COMPLETE_WORDS, .help = (help_), __VA_ARGS__         \
    }
#define OPT_CALL(name_, argument_, take_, help_, ...)                                   \
    {                                                                                   \
        .type = OPTION_CALL, .name = (name_), .argument = (argument_), .take = (take_), \
        .help = (help_), __VA_ARGS__                                                    \
    }
#define OPT_GROUP(heading_)                      \
    {                                            \
        .type = OPTION_GROUP, .name = (heading_) \
    }
#define OPT_END            \
    {                      \
        .type = OPTION_END \
    }

enum { OPTIONS_ERROR_SIZE = 512, OPTIONS_ROWS_MAX = 96 /* of a table */ };

/* What a command line came to. */
struct options_outcome {
    int status;                     /* 0, or what to exit with */
    char error[OPTIONS_ERROR_SIZE]; /* why, a line without program name; "" where take() said it */
    enum option_type asked; /* OPTION_HELP, _VERSION or _COMPLETION: nothing behind it was read */
    const char *shell;      /* of OPTION_COMPLETION */
    char **words;           /* those that are no options, up to a NULL; in argv */
    bool given[OPTIONS_ROWS_MAX];            /* which rows of the table came, */
    const char *arguments[OPTIONS_ROWS_MAX]; /* and their last arguments, of flags true or false */
};

/* Takes a command line apart, into `settings`.
 *
 * Options end at the first word that is none; with `permutes` they may also stand between and
 * behind the words, which are moved to the end of argv then.  "--" ends them in either case.
 *
 * Besides getopt(3)'s forms -w5 -w 5 -nw5 --name=value --name value it takes what Perl's
 * Getopt::Long does: -name, -name=value, names cut short as long as they can be no other's, names
 * after two dashes in either case, and --noNAME, --no-NAME of flags whose names do not begin so
 * already.  A word with one dash is a long name where it is one or the beginning, two letters or
 * more, of just one; else it is letters.  The letter of --help or --version counts alone only, so
 * that a word with a slip in it is an error and not a call for help.
 *
 * An option with an argument that comes a second time is wrong unless its row says that it repeats:
 * one of the two would count for nothing, and nobody would know which.
 *
 * outcome->status is 64 (EX_USAGE) after an option that is wrong.
 */
void options_parse(const struct option_spec *table, bool permutes, int argc, char **argv,
                   void *settings, struct options_outcome *outcome);

#endif
