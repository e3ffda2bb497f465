/* Checks values, and tells of what is wrong with them.
 * Must not know what they are for. */
#include "reading.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/likeness.h"
#include "base/number.h"
#include "base/text.h"
#include "memory.h"

enum { SHOWN_SIZE = 48 };

static const int64_t TIME_MOST_MS = INT64_C(3660) * 24 * 3600 * 1000;

void *reading_alloc(struct reading *reading, size_t count, size_t size)
{
    void *memory = rules_alloc(reading->rules, count, size);

    reading->no_memory |= memory == NULL;
    return memory;
}

const char *reading_copy(struct reading *reading, const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = reading_alloc(reading, 1, size);

    return copy != NULL ? memcpy(copy, text, size) : NULL;
}

struct pool_place reading_place(struct reading *reading, const struct conf_node *node)
{
    if (reading->file != node->file) {
        reading->file_copy = (char *)reading_copy(reading, node->file);
        reading->file = node->file;
    }
    return (struct pool_place){.file = reading->file_copy, .line = (int)node->line};
}

static const char *shown(char out[SHOWN_SIZE], const char *text)
{
    text_clean(out, SHOWN_SIZE, text, strlen(text));
    return out;
}

static void tell_of_unknown(struct reading *reading, const struct conf_node *node, const char *what,
                            const struct reading_key *keys)
{
    size_t len = strlen(node->name), best = likeness_limit(len);
    const char *like = NULL;
    char text[SHOWN_SIZE];

    for (; keys->name != NULL; keys++) {
        size_t apart = likeness_distance(node->name, len, keys->name, strlen(keys->name));

        if (apart < best) {
            best = apart;
            like = keys->name;
        }
    }
    reading_fault(reading, node, "%s has no setting %s%s%s%s", what, shown(text, node->name),
                  like != NULL ? "; did you mean " : "", like != NULL ? like : "",
                  like != NULL ? "?" : "");
}

bool reading_section(struct reading *reading, const struct conf_node *node, const char *what,
                     const struct reading_key *keys, void *out)
{
    if (node->kind != CONF_SECTION) {
        reading_fault(reading, node, "%s is a section: { name = value; ... }", what);
        return false;
    }
    for (size_t i = 0; i < node->count; i++) {
        const struct conf_node *child = &node->children[i];
        const struct reading_key *key = keys;

        while (key->name != NULL && strcmp(key->name, child->name) != 0)
            key++;
        if (key->name != NULL)
            key->take(reading, child, out);
        else
            tell_of_unknown(reading, child, what, keys);
    }
    return true;
}

void *reading_list(struct reading *reading, const struct conf_node *node, size_t size,
                   reading_item_fn *take, size_t *count)
{
    char *items;

    *count = 0;
    if (node->kind != CONF_LIST) {
        reading_fault(reading, node, "%s is a list of sections: ( { ... }, { ... } )", node->name);
        return NULL;
    }
    items = reading_alloc(reading, node->count, size);
    for (size_t i = 0; i < node->count && items != NULL; i++) {
        memset(items + *count * size, 0, size);
        *count += take(reading, &node->children[i], items + *count * size);
    }
    return items;
}

uint32_t reading_number(struct reading *reading, const struct conf_node *node, uint32_t least,
                        uint32_t most)
{
    uint64_t value;
    char text[SHOWN_SIZE];

    if (node->kind == CONF_NUMBER && number_parse(node->text, most, &value) == 0 && value >= least)
        return (uint32_t)value;
    if (node->kind == CONF_NUMBER)
        reading_fault(reading, node, "%s is %s; give a whole number from %u to %u", node->name,
                      shown(text, node->text), least, most);
    else
        reading_fault(reading, node, "%s is a whole number from %u to %u", node->name, least, most);
    return least;
}

int64_t reading_time(struct reading *reading, const struct conf_node *node)
{
    int64_t time_ms;
    char text[SHOWN_SIZE];

    if (node->kind != CONF_TEXT && node->kind != CONF_NUMBER)
        reading_fault(reading, node, "%s is a time, such as \"12h\"", node->name);
    else if (number_parse_time(node->text, TIME_MOST_MS, &time_ms) == 0 && time_ms > 0)
        return time_ms;
    else
        reading_fault(reading, node,
                      "%s is '%s'; give a number with d, h, m or s, such as \"12h\", up to 3660d",
                      node->name, shown(text, node->text));
    return 1;
}

unsigned reading_word(struct reading *reading, const struct conf_node *node,
                      const char *const *words)
{
    char all[96] = "";

    for (unsigned i = 0; words[i] != NULL; i++) {
        size_t len = strlen(all);

        if (node->kind == CONF_TEXT && strcmp(node->text, words[i]) == 0)
            return i;
        snprintf(all + len, sizeof all - len, "%s\"%s\"", i > 0 ? ", " : "", words[i]);
    }
    reading_fault(reading, node, "%s is one of %s", node->name, all);
    return 0;
}

static bool is_word(const char *text)
{
    if (*text == '\0')
        return false;
    for (; *text != '\0'; text++) {
        if (isspace((unsigned char)*text) || (unsigned char)*text < 0x20 || *text == 0x7f)
            return false;
    }
    return true;
}

const char *reading_name(struct reading *reading, const struct conf_node *node)
{
    char text[SHOWN_SIZE];

    if (node->kind != CONF_TEXT)
        reading_fault(reading, node, "%s is a text, \"...\"",
                      node->name != NULL ? node->name : "each of the list");
    else if (!is_word(node->text))
        reading_fault(reading, node, "'%s' is empty, or has a blank or control character in it",
                      shown(text, node->text));
    else
        return reading_copy(reading, node->text);
    return NULL;
}
