/* Names of options: whole, cut short, negated, misspelt.
 * Must not know of values. */
#include "option_name.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/likeness.h"

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

/* Most rows of a table begin with another letter, which is seen without a call.  Case is a bit. */
static inline bool begins_otherwise(const struct option_word *word,
                                    const struct option_spec *option, int form)
{
    char first = form == 0 ? option->name[0] : 'n'; /* as in "no" */

    return ((word->name[0] ^ first) & ~('a' ^ 'A')) != 0;
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
            int likeness = begins_otherwise(word, row, form) ? 0 : compare(word, row, form);
            bool is_another = found != OPTION_UNKNOWN && (*option != row || *negated != (form > 0));

            if (likeness == 0)
                continue;
            if (likeness == 1 && is_another) {
                if ((*option)->yields == row->yields)
                    found = OPTION_AMBIGUOUS;
                if (!(*option)->yields || row->yields)
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

bool option_name_nearest(const struct option_spec *table, const struct option_word *word,
                         char out[OPTION_NAME_SIZE])
{
    size_t best = likeness_limit(word->len);

    out[0] = '\0';
    for (const struct option_spec *row = option_after(table, NULL); row != NULL;
         row = option_after(table, row)) {
        for (int form = 0; form < FORMS && has_form(row, form); form++) {
            char name[OPTION_NAME_SIZE];
            size_t len = (size_t)snprintf(name, sizeof name, "%s%s", prefixes[form], row->name);
            size_t apart = likeness_distance(word->name, word->len, name, len);

            if (row->type == OPTION_COMPLETION || apart >= best)
                continue;
            best = apart;
            memcpy(out, name, len + 1);
        }
    }
    return out[0] != '\0';
}
