/* Writes names as a host list.
 * Must not fold what would be read as other names. */
#include "name_fold.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"

enum { NUMBER_DIGITS_MAX = 9 };

/* A name around its last number: stem, digits, tail. */
struct part {
    const char *name;
    size_t stem_len, digits; /* 0 digits: it is all stem, and not folded */
    uint32_t number;
};

static struct part take_apart(const char *name)
{
    size_t end = strlen(name), begin;
    struct part part = {.name = name, .stem_len = end};

    if (strpbrk(name, "[],: \t") != NULL)
        return part;
    while (end > 0 && strchr("0123456789", name[end - 1]) == NULL)
        end--;
    begin = end;
    while (begin > 0 && strchr("0123456789", name[begin - 1]) != NULL)
        begin--;
    if (begin == end || end - begin > NUMBER_DIGITS_MAX)
        return part;
    part.stem_len = begin;
    part.digits = end - begin;
    for (size_t i = begin; i < end; i++)
        part.number = part.number * 10 + (uint32_t)(name[i] - '0');
    return part;
}

static const char *tail_of(const struct part *part)
{
    return part->name + part->stem_len + part->digits;
}

static bool has_zeros(const struct part *part)
{
    return part->digits > 1 && part->name[part->stem_len] == '0';
}

/* Whether both may stand in one bracket. */
static bool is_alike(const struct part *a, const struct part *b)
{
    return a->digits > 0 && b->digits > 0 && a->stem_len == b->stem_len &&
           memcmp(a->name, b->name, a->stem_len) == 0 && strcmp(tail_of(a), tail_of(b)) == 0;
}

/* Whether a range that began with `first` may go on from `last` to `next`: its numbers are written
 * with as many digits as that, or with as few as they need. */
static bool goes_on(const struct part *first, const struct part *last, const struct part *next)
{
    return next->number == last->number + 1 &&
           (has_zeros(first) ? next->digits == first->digits : !has_zeros(next));
}

static int compare_stems(const struct part *a, const struct part *b)
{
    size_t len = a->stem_len < b->stem_len ? a->stem_len : b->stem_len;
    int order = memcmp(a->name, b->name, len);

    return order != 0 ? order : (a->stem_len > b->stem_len) - (a->stem_len < b->stem_len);
}

/* Names that can share a bracket are beside each other, by number. */
static int compare(const void *a, const void *b)
{
    const struct part *one = a, *other = b;
    int order = compare_stems(one, other);

    if (order == 0)
        order = strcmp(tail_of(one), tail_of(other));
    if (order == 0)
        order = (one->number > other->number) - (one->number < other->number);
    return order != 0 ? order : (one->digits > other->digits) - (one->digits < other->digits);
}

static void add_number(struct buffer *out, const struct part *part)
{
    buffer_add(out, part->name + part->stem_len, part->digits);
}

/* Writes what shares a bracket with the first of `count`; returns how many that were. */
static size_t add_bracket(struct buffer *out, const struct part *parts, size_t count)
{
    size_t used = 1;

    while (used < count && is_alike(&parts[0], &parts[used]))
        used++;
    if (used == 1) {
        buffer_add_text(out, parts[0].name);
        return 1;
    }
    buffer_add(out, parts[0].name, parts[0].stem_len);
    for (size_t i = 0, last; i < used; i = last + 1) {
        for (last = i; last + 1 < used && goes_on(&parts[i], &parts[last], &parts[last + 1]);)
            last++;
        buffer_add(out, i == 0 ? "[" : ",", 1);
        add_number(out, &parts[i]);
        if (last > i) {
            buffer_add(out, "-", 1);
            add_number(out, &parts[last]);
        }
    }
    buffer_add(out, "]", 1);
    buffer_add_text(out, tail_of(&parts[0]));
    return used;
}

char *name_fold(const char *const *names, size_t count)
{
    struct part *parts = calloc(count + 1, sizeof *parts);
    struct buffer out = {0};

    if (parts == NULL)
        return NULL;
    for (size_t i = 0; i < count; i++)
        parts[i] = take_apart(names[i]);
    qsort(parts, count, sizeof *parts, compare);
    for (size_t i = 0; i < count;) {
        if (i > 0)
            buffer_add(&out, ":", 1);
        i += add_bracket(&out, &parts[i], count - i);
    }
    buffer_add(&out, "", 1);
    free(parts);
    if (!out.failed)
        return out.data;
    buffer_fini(&out);
    errno = ENOMEM;
    return NULL;
}
