/* Option tables over getopt_long(3).
 * Must not print an error or exit: the program says it in its own words. */
#include "options.h"

#include <assert.h>
#include <getopt.h>
#include <stdbool.h>
#include <string.h>

#include "base/text.h"

/* Ids of long options start here for getopt, out of the way of its letters. */
enum { LONG_BASE = 256 };

static const struct option_spec *find_letter(const struct option_spec *table, int letter)
{
    for (; table->name != NULL; table++) {
        if (table->letter != 0 && table->letter == letter)
            return table;
    }
    return NULL;
}

static void fill_getopt_tables(const struct option_spec *table, struct option *longs, char *shorts)
{
    size_t count = 0;

    *shorts++ = '+';
    *shorts++ = ':';
    for (const struct option_spec *spec = table; spec->name != NULL; spec++, count++) {
        assert(count < OPTIONS_MAX);
        longs[count] = (struct option){
            .name = spec->name,
            .has_arg = spec->argument != NULL ? required_argument : no_argument,
            .val = LONG_BASE + (int)count,
        };
        if (spec->letter != 0) {
            *shorts++ = spec->letter;
            if (spec->argument != NULL)
                *shorts++ = ':';
        }
    }
    memset(&longs[count], 0, sizeof longs[count]);
    *shorts = '\0';
}

/* optopt holds a letter, or the val of a long option that was used wrongly, or 0. */
static void describe_error(const struct option_spec *table, int found, char **argv, char *error,
                           size_t error_size)
{
    char shown[128];
    const struct option_spec *spec = NULL;

    if (optopt >= LONG_BASE)
        spec = &table[optopt - LONG_BASE];
    else if (optopt != 0)
        spec = find_letter(table, optopt);
    if (found == ':' && spec != NULL) {
        snprintf(error, error_size, "option --%s needs %s; see --help", spec->name, spec->argument);
    } else if (spec != NULL) {
        snprintf(error, error_size, "option --%s takes no argument; see --help", spec->name);
    } else if (optopt != 0) {
        char letter = (char)optopt;

        text_clean(shown, sizeof shown, &letter, 1);
        snprintf(error, error_size, "unknown option -%s; see --help", shown);
    } else {
        text_clean(shown, sizeof shown, argv[optind - 1], strlen(argv[optind - 1]));
        snprintf(error, error_size, "unknown or ambiguous option %s; see --help", shown);
    }
}

int options_next(const struct option_spec *table, int argc, char **argv, const char **argument,
                 char *error, size_t error_size)
{
    struct option longs[OPTIONS_MAX + 1];
    char shorts[2 + 2 * OPTIONS_MAX + 1];
    int found;

    fill_getopt_tables(table, longs, shorts);
    opterr = 0;
    found = getopt_long(argc, argv, shorts, longs, NULL);
    if (found == -1)
        return OPTIONS_END;
    if (found == '?' || found == ':') {
        describe_error(table, found, argv, error, error_size);
        return OPTIONS_ERROR;
    }
    *argument = optarg;
    if (found >= LONG_BASE)
        return table[found - LONG_BASE].id;
    return find_letter(table, found)->id;
}

void options_print(FILE *out, const struct option_spec *table)
{
    enum { COLUMN = 30 };

    for (; table->name != NULL; table++) {
        char left[64];
        char letter[5] = "    ";

        if (table->letter != 0)
            snprintf(letter, sizeof letter, "-%c, ", table->letter);
        snprintf(left, sizeof left, "  %s--%s%s%s", letter, table->name,
                 table->argument != NULL ? " " : "",
                 table->argument != NULL ? table->argument : "");
        if (strlen(left) < COLUMN - 1)
            fprintf(out, "%-*s%s\n", COLUMN, left, table->help);
        else
            fprintf(out, "%s\n%*s%s\n", left, COLUMN, "", table->help);
    }
}
