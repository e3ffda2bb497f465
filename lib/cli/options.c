/* Takes command lines apart after a table of options.
 * Must not print or exit: what was found is said in the outcome. */
#include "options.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "message.h"
#include "option_name.h"
#include "option_value.h"

struct parse {
    const struct option_spec *table;
    char **argv;
    int argc;
    int at; /* of the next word */
    void *settings;
    struct options_outcome *outcome;
};

static void refuse_unknown(struct parse *parse, const char *word, const struct option_word *name)
{
    char shown[MESSAGE_EXCERPT_SIZE], like[OPTION_NAME_SIZE];
    bool is_like = option_name_nearest(parse->table, name, like);

    parse->outcome->status = EX_USAGE;
    snprintf(parse->outcome->error, OPTIONS_ERROR_SIZE, "unknown option %s; %s%s%ssee --help",
             message_excerpt(shown, word, strcspn(word, "=")), is_like ? "did you mean --" : "",
             like, is_like ? "? " : "");
}

static void refuse_ambiguous(struct parse *parse, const char *word, const struct option_word *name)
{
    char shown[MESSAGE_EXCERPT_SIZE], candidates[256];

    option_name_candidates(parse->table, name, candidates, sizeof candidates);
    parse->outcome->status = EX_USAGE;
    snprintf(parse->outcome->error, OPTIONS_ERROR_SIZE,
             "option %s is ambiguous: it may be %s; see --help",
             message_excerpt(shown, word, strcspn(word, "=")), candidates);
}

static void refuse(struct parse *parse, const struct option_spec *option, bool negated,
                   const char *what)
{
    parse->outcome->status = EX_USAGE;
    snprintf(parse->outcome->error, OPTIONS_ERROR_SIZE, "option --%s%s %s; see --help",
             negated ? "no" : "", option->name, what);
}

/* A flag that comes again says the same once more; the last of --json and --nojson counts. */
static bool has_come_before(struct parse *parse, const struct option_spec *option,
                            const char *argument)
{
    size_t row = (size_t)(option - parse->table);
    bool before;

    if (option->type >= OPTION_HELP)
        return false;
    assert(row < OPTIONS_ROWS_MAX);
    before = parse->outcome->given[row];
    parse->outcome->given[row] = true;
    parse->outcome->arguments[row] = argument;
    return before && option->argument != NULL && !option->repeats;
}

/* Does what an option says; `value` is what stood in the same word, or NULL. */
static void take(struct parse *parse, const struct option_spec *option, bool negated,
                 const char *value)
{
    char needs[64];

    if (option->argument == NULL && value != NULL) {
        refuse(parse, option, negated, "takes no argument");
        return;
    }
    if (option->argument != NULL && value == NULL && parse->at < parse->argc)
        value = parse->argv[parse->at++];
    if (option->argument != NULL && value == NULL) {
        snprintf(needs, sizeof needs, "needs %s", option->argument);
        refuse(parse, option, negated, needs);
    } else if (has_come_before(parse, option, value != NULL ? value : negated ? "false" : "true")) {
        refuse(parse, option, negated, "was given twice");
    } else if (option->type >= OPTION_HELP) {
        parse->outcome->asked = option->type;
        parse->outcome->shell = value;
    } else {
        parse->outcome->status =
            option_value_set(option, negated, value, parse->settings, parse->outcome->error);
    }
}

/* Whether all of a word's letters are options, the last of which may have its argument there. */
static bool are_letters(const struct parse *parse, const char *letters)
{
    const bool alone = letters[1] == '\0';

    for (; *letters != '\0'; letters++) {
        const struct option_spec *option = option_find_letter(parse->table, *letters);

        if (option == NULL || (option->type >= OPTION_HELP && !alone))
            return false;
        if (option->argument != NULL)
            return true;
    }
    return true;
}

static bool has_ended(const struct parse *parse)
{
    return parse->outcome->status != 0 || parse->outcome->asked != OPTION_END;
}

static void take_letters(struct parse *parse, const char *letters)
{
    while (*letters != '\0' && !has_ended(parse)) {
        const struct option_spec *option = option_find_letter(parse->table, *letters++);
        const char *value = option->argument != NULL && *letters != '\0' ? letters : NULL;

        take(parse, option, false, value);
        if (value != NULL)
            return;
    }
}

/* Takes one word that begins with a dash. */
static void take_word(struct parse *parse, const char *text)
{
    const char *name = text + (text[1] == '-' ? 2 : 1);
    const struct option_word word = {
        .name = name, .len = strcspn(name, "="), .one_dash = text[1] != '-'};
    const struct option_spec *option = NULL;
    bool negated = false;
    enum option_found found = OPTION_UNKNOWN;

    /* One letter after one dash is just that. */
    if (!word.one_dash || word.len > 1)
        found = option_find(parse->table, &word, &option, &negated);
    if (found == OPTION_FOUND)
        take(parse, option, negated, name[word.len] == '=' ? name + word.len + 1 : NULL);
    else if (word.one_dash && are_letters(parse, name))
        take_letters(parse, name);
    else if (found == OPTION_AMBIGUOUS)
        refuse_ambiguous(parse, text, &word);
    else
        refuse_unknown(parse, text, &word);
}

static bool is_option(const char *word)
{
    return word[0] == '-' && word[1] != '\0';
}

void options_parse(const struct option_spec *table, bool permutes, int argc, char **argv,
                   void *settings, struct options_outcome *outcome)
{
    struct parse parse = {
        .table = table, .argc = argc, .argv = argv, .settings = settings, .outcome = outcome};
    size_t words = 0;

    *outcome = (struct options_outcome){.words = argv + argc};
    parse.at = argc > 0 ? 1 : 0;
    while (parse.at < argc && !has_ended(&parse)) {
        char *word = argv[parse.at];

        if (strcmp(word, "--") == 0) {
            parse.at++;
            break;
        }
        if (is_option(word)) {
            parse.at++;
            take_word(&parse, word);
        } else if (permutes) {
            argv[1 + words++] = word; /* this place has been read */
            parse.at++;
        } else {
            break;
        }
    }
    if (has_ended(&parse))
        return;
    outcome->words = argv + parse.at - words;
    if (words > 0)
        memmove(outcome->words, argv + 1, words * sizeof *argv);
}
