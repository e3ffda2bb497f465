/* Names of options: whole, cut short, negated, misspelt.
 * Must not know of values. */
#include "option_name.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* In every table. */
static const struct option_spec common[] = {
    {.type = OPTION_HELP, .letter = 'h', .name = "help", .help = "show this and exit"},
    {.type = OPTION_VERSION, .letter = 'V', .name = "version", .help = "show the version and exit"},
    {.type = OPTION_COMPLETION, .name = "completion", .argument = "SHELL"},
    OPT_END,
};

/* The forms of a name; the last two are of flags. */
static const char *const prefixes[] = {"", "no", "no-"};
enum { FORMS = sizeof prefixes / sizeof *prefixes };

const struct option_spec *option_after(const struct option_spec *table,
                                       const struct option_spec *option)
{
    option = option == NULL ? table : option + 1;
    if (option->type != OPTION_END)
        return option;
    return option == &common[sizeof common / sizeof *common - 1] ? NULL : common;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* What says no by itself is not negated once more. */
static bool is_negatable(const struct option_spec *option)
{
    return option->type == OPTION_FLAG && strncmp(option->name, "no", 2) != 0;
}

static bool has_form(const struct option_spec *option, int form)
{
    return form == 0 ? option->type != OPTION_GROUP : is_negatable(option);
}

/* Whether a part of the word is what `text` begins with. */
static bool has_part(const struct option_word *word, size_t at, size_t len, const char *text)
{
    return (word->one_dash ? strncmp(word->name + at, text, len)
                           : strncasecmp(word->name + at, text, len)) == 0;
}

/* 2: the word is this name; 1: the beginning of it that may stand for it; 0: neither. */
static int compare(const struct option_word *word, const struct option_spec *option, int form)
{
    size_t prefix_len = strlen(prefixes[form]);
    size_t in_prefix = least(word->len, prefix_len), in_name = word->len - in_prefix;

    if (word->len == 0 || !has_part(word, 0, in_prefix, prefixes[form]) ||
        !has_part(word, in_prefix, in_name, option->name))
        return 0;
    if (in_prefix == prefix_len && option->name[in_name] == '\0')
        return 2;
    if (option->type == OPTION_COMPLETION || (word->one_dash && option->type == OPTION_HELP))
        return 0;
    /* "no" begins every negated name, and may be meant for one that just begins so. */
    if (form > 0 && word->len < 3 && option->no_help == NULL)
        return 0;
    return word->one_dash && word->len < 2 ? 0 : 1;
}

enum option_found option_find(const struct option_spec *table, const struct option_word *word,
                              const struct option_spec **option, bool *negated)
{
    enum option_found found = OPTION_UNKNOWN;

    for (const struct option_spec *row = option_after(table, NULL); row != NULL;
         row = option_after(table, row)) {
        for (int form = 0; form < FORMS && has_form(row, form); form++) {
            int likeness = compare(word, row, form);
            bool is_another = found != OPTION_UNKNOWN && (*option != row || *negated != (form > 0));

            if (likeness == 0)
                continue;
            if (likeness == 1 && is_another) {
                found = OPTION_AMBIGUOUS;
                continue;
            }
            *option = row;
            *negated = form > 0;
            if (likeness == 2)
                return OPTION_FOUND;
            found = OPTION_FOUND;
        }
    }
    return found;
}

const struct option_spec *option_find_letter(const struct option_spec *table, char letter)
{
    for (const struct option_spec *row = option_after(table, NULL); row != NULL;
         row = option_after(table, row)) {
        if (row->letter != '\0' && row->letter == letter)
            return row;
    }
    return NULL;
}

void option_name_candidates(const struct option_spec *table, const struct option_word *word,
                            char *out, size_t out_size)
{
    size_t used = 0;

    *out = '\0';
    for (const struct option_spec *row = option_after(table, NULL); row != NULL;
         row = option_after(table, row)) {
        /* The negated form in one spelling only. */
        for (int form = 0; form < 2 && has_form(row, form) && used < out_size; form++) {
            if (compare(word, row, form) != 0)
                used += (size_t)snprintf(out + used, out_size - used, "%s--%s%s",
                                         used > 0 ? ", " : "", prefixes[form], row->name);
        }
    }
}

/* How many letters have to be changed, put in, left out or exchanged with the next to make one of
 * the other (optimal string alignment). */
static size_t distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t rows[3][OPTION_NAME_SIZE + 1];

    for (size_t j = 0; j <= b_len; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *two_above = rows[(i + 1) % 3];

        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            row[j] = least(above[j - 1] + (a[i - 1] != b[j - 1]), least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], two_above[j - 2] + 1);
        }
    }
    return rows[a_len % 3][b_len];
}

bool option_name_nearest(const struct option_spec *table, const struct option_word *word,
                         char out[OPTION_NAME_SIZE])
{
    /* A third of the letters may be wrong. */
    size_t best = word->len / 3 + 1;

    out[0] = '\0';
    if (word->len >= OPTION_NAME_SIZE || word->len < 2)
        return false;
    for (const struct option_spec *row = option_after(table, NULL); row != NULL;
         row = option_after(table, row)) {
        for (int form = 0; form < FORMS && has_form(row, form); form++) {
            char name[OPTION_NAME_SIZE];
            size_t len = (size_t)snprintf(name, sizeof name, "%s%s", prefixes[form], row->name);
            size_t apart = distance(word->name, word->len, name, len);

            if (row->type == OPTION_COMPLETION || apart >= best)
                continue;
            best = apart;
            memcpy(out, name, len + 1);
        }
    }
    return out[0] != '\0';
}
