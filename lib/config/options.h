/* Options of a program, from its command line and from a configuration file. */
#ifndef FARMLOCK_CONFIG_OPTIONS_H
#define FARMLOCK_CONFIG_OPTIONS_H

#include "cli/command_line.h"
#include "config.h"

/* What a command line says of the file; a member of the program's settings. */
struct conf_options_asked {
    const char *path;
    bool check;
};

/* The rows of a program's table for it. */
#define CONF_OPTIONS_ROWS(member_)                                                           \
    OPT_TEXT("config", "FILE", member_.path, "read options there too; \"none\": nowhere",    \
             .completion = COMPLETE_FILE, .not_in_file = true),                              \
        OPT_FLAG("check-config", member_.check, "say how that file is understood, and exit", \
                 .not_in_file = true)

/* Settings of a file that are no options: the program reads them itself. */
struct conf_others {
    const char *const *names; /* NULL behind the last */

    /* Reads them into the settings; `root` is empty where there is no file. */
    void (*read)(void *settings, const struct conf_node *root, struct conf_faults *faults);
    void (*drop)(void *settings); /* frees what was read, as there is a fault elsewhere */

    /* Prints how they were understood, as comments. */
    void (*print)(const void *settings, FILE *out);
};

/* A program that can be told things by its command line and, under that, a file. */
struct conf_options {
    const struct command_line *line;
    const char *usual_path;           /* is read where it is there and no other is named */
    const void *defaults;             /* the settings of which nothing is said, */
    size_t size;                      /* their size, */
    size_t asked;                     /* and the place of struct conf_options_asked in them */
    const struct conf_others *others; /* NULL: there are none */
    /* Says what cannot be together, and returns the status to exit with, or 0; NULL: anything can.
     */
    int (*judge)(const void *settings);

    /* From here on what conf_options_begin() finds. */
    int argc;
    char **argv;
    const char *path; /* of the file; NULL: none is read */
    bool given[OPTIONS_ROWS_MAX];
    struct conf *file; /* as it was at the start, for as long as the program runs; or NULL */
};

/* Sets a program's settings from the file and then from the command line; faults are written to
 * standard error.  Texts point into argv and into what was read.  Returns -1 to go on; or the
 * status to exit with, after all that --help and the like ask for: 64 where the command line is
 * wrong, 78 (EX_CONFIG) where the file is. */
int conf_options_begin(struct conf_options *options, int argc, char **argv, void *settings);

/* The same anew, while the program runs: the file may have changed, the command line has not.
 * *file is for the caller to free after the settings, NULL where there is none.  Of what has
 * changed in the file but counts at the start only, `late` is told.  Returns 0, or -1 after faults,
 * with nothing to be freed. */
int conf_options_again(const struct conf_options *options, void *settings, struct conf **file,
                       struct conf_faults *faults, struct conf_faults *late);

#endif
