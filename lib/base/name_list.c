/* Expands lists of names with brackets.
 * Must not touch anything but its arguments, nor allocate before the size is known to be sane. */
#include "name_list.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "number.h"
#include "text.h"

/* More digits than any range of at most NAME_LIST_NAMES_MAX needs, and few enough for uint64_t. */
enum { DIGITS_MAX = 15 };

/* Names made before those that stand twice are left out: brackets such as "[1,1][1,1]..." multiply
 * without the list growing. */
enum { WORK_MAX = 16 * NAME_LIST_NAMES_MAX };

struct expansion {
    struct name_list *list;
    size_t first_count; /* of the list before */
    size_t work;
    const char *text; /* all of it, for error messages */
    char *error;
    size_t error_size;
};

/* A range within a bracket. */
struct range {
    uint64_t low, high;
    int width; /* digits to pad to */
};

static int fail(struct expansion *ex, int number, const char *where, const char *what)
{
    char shown[64];
    size_t len = strlen(ex->text);
    bool cut = len > 40;

    text_clean(shown, sizeof shown, ex->text, cut ? 40 : len);
    snprintf(ex->error, ex->error_size, "%s at character %zu of \"%s%s\"", what,
             (size_t)(where - ex->text) + 1, shown, cut ? "..." : "");
    errno = number;
    return -1;
}

static int add_name(struct expansion *ex, const char *where, const char *name, size_t len)
{
    struct name_list *list = ex->list;
    char **names;

    if (++ex->work > WORK_MAX)
        return fail(ex, E2BIG, where, "too many names that stand twice");
    if (name_list_has(list->names, list->count, name))
        return 0;
    if (list->count == NAME_LIST_NAMES_MAX)
        return fail(ex, E2BIG, where, "more than 1024 names");
    /* Grown by doubling: whenever the count is a power of two. */
    if ((list->count & (list->count - 1)) == 0) {
        names = realloc(list->names, (list->count == 0 ? 1 : list->count * 2) * sizeof *names);
        if (names == NULL)
            return fail(ex, ENOMEM, where, "out of memory");
        list->names = names;
    }
    list->names[list->count] = strndup(name, len);
    if (list->names[list->count] == NULL)
        return fail(ex, ENOMEM, where, "out of memory");
    list->count++;
    return 0;
}

/* Reads digits at *at and moves it behind them. */
static int read_number(struct expansion *ex, const char **at, char digits[DIGITS_MAX + 1],
                       uint64_t *value)
{
    size_t len = strspn(*at, "0123456789");

    if (len == 0)
        return fail(ex, EINVAL, *at, "number expected");
    if (len > DIGITS_MAX)
        return fail(ex, EINVAL, *at, "number too long");
    memcpy(digits, *at, len);
    digits[len] = '\0';
    number_parse(digits, UINT64_MAX, value);
    *at += len;
    return 0;
}

/* Reads "5" or "1-8" or "001-010" at *at and moves it behind. */
static int read_range(struct expansion *ex, const char **at, struct range *range)
{
    char low[DIGITS_MAX + 1], high[DIGITS_MAX + 1];
    const char *start = *at;

    if (read_number(ex, at, low, &range->low) != 0)
        return -1;
    range->high = range->low;
    range->width = low[0] == '0' ? (int)strlen(low) : 1;
    if (**at != '-')
        return 0;
    (*at)++;
    if (read_number(ex, at, high, &range->high) != 0)
        return -1;
    if (range->high < range->low)
        return fail(ex, EINVAL, start, "range that goes down");
    if (high[0] == '0' && strlen(high) != strlen(low))
        return fail(ex, EINVAL, start, "range with different leading zeros");
    if (range->high - range->low >= NAME_LIST_NAMES_MAX)
        return fail(ex, E2BIG, start, "more than 1024 names");
    return 0;
}

static int expand(struct expansion *ex, const char *at, const char *end, char *name, size_t len);

/* Expands one bracket; `at` is behind its opening. */
static int expand_bracket(struct expansion *ex, const char *at, const char *end, char *name,
                          size_t len)
{
    const char *close = memchr(at, ']', (size_t)(end - at));
    struct range range;

    if (close == NULL)
        return fail(ex, EINVAL, at - 1, "bracket without end");
    for (;;) {
        if (read_range(ex, &at, &range) != 0)
            return -1;
        if (*at != ',' && *at != ']')
            return fail(ex, EINVAL, at, "comma or bracket expected");
        for (uint64_t i = range.low; i <= range.high; i++) {
            char digits[24];
            int digit_count =
                snprintf(digits, sizeof digits, "%0*llu", range.width, (unsigned long long)i);

            if (len + (size_t)digit_count > NAME_LIST_NAME_LEN_MAX)
                return fail(ex, EINVAL, at, "name of more than 255 bytes");
            memcpy(name + len, digits, (size_t)digit_count);
            if (expand(ex, close + 1, end, name, len + (size_t)digit_count) != 0)
                return -1;
        }
        if (*at++ == ']')
            return 0;
    }
}

/* Expands what is left of one word, from `at` to `end`, behind the `len` bytes of `name` that are
 * there already.  Each level of recursion adds at least a digit to the name, which bounds it.
 */
static int expand(struct expansion *ex, const char *at, const char *end, char *name, size_t len)
{
    for (; at < end; at++) {
        if (*at == '[')
            return expand_bracket(ex, at + 1, end, name, len);
        if (*at == ']')
            return fail(ex, EINVAL, at, "bracket that was not opened");
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            return fail(ex, EINVAL, at, "control character");
        if (len == NAME_LIST_NAME_LEN_MAX)
            return fail(ex, EINVAL, at, "name of more than 255 bytes");
        name[len++] = *at;
    }
    name[len] = '\0';
    return add_name(ex, at, name, len);
}

/* The end of the word at `at`: a separator outside of brackets, or the end of the text. */
static const char *word_end(const char *at)
{
    bool inside = false;

    for (; *at != '\0' && (inside || strchr(":, \t", *at) == NULL); at++) {
        if (*at == '[')
            inside = true;
        else if (*at == ']')
            inside = false;
    }
    return at;
}

static int expand_words(struct expansion *ex)
{
    const char *at = ex->text + strspn(ex->text, " \t");

    if (*at == '\0')
        return fail(ex, EINVAL, at, "no name");
    for (;;) {
        char name[NAME_LIST_NAME_LEN_MAX + 1];
        const char *end = word_end(at);

        if (end == at)
            return fail(ex, EINVAL, at, "empty name");
        if (expand(ex, at, end, name, 0) != 0)
            return -1;
        at = end + strspn(end, " \t");
        if (*at == ':' || *at == ',') {
            at++;
            at += strspn(at, " \t");
        } else if (*at == '\0') {
            return 0;
        }
    }
}

int name_list_append(struct name_list *list, const char *text, char *error, size_t error_size)
{
    struct expansion ex = {.list = list,
                           .first_count = list->count,
                           .text = text,
                           .error = error,
                           .error_size = error_size};
    int saved_errno;

    if (expand_words(&ex) == 0)
        return 0;
    saved_errno = errno;
    while (list->count > ex.first_count)
        free(list->names[--list->count]);
    if (list->count == 0)
        name_list_fini(list);
    errno = saved_errno;
    return -1;
}

bool name_list_has(char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i], name) == 0)
            return true;
    }
    return false;
}

void name_list_fini(struct name_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->names[i]);
    free(list->names);
    *list = (struct name_list){0};
}
