/* Copies of entries.
 * Must not know what they are kept for. */
#include "kept_entries.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

static const size_t bytes_max = (size_t)1 << 29;

/* Where an entry has its strings. */
static const size_t texts[] = {
    offsetof(struct store_history, lock),    offsetof(struct store_history, owner),
    offsetof(struct store_history, host),    offsetof(struct store_history, job),
    offsetof(struct store_history, pool),    offsetof(struct store_history, project),
    offsetof(struct store_history, by_name),
};
enum { TEXTS = sizeof texts / sizeof *texts };

static const char **text_of(struct store_history *entry, size_t index)
{
    return (const char **)((char *)entry + texts[index]);
}

static struct store_history *copy(const struct store_history *entry, size_t *size)
{
    struct store_history from = *entry, *to;
    char *end;

    *size = sizeof *to;
    for (size_t i = 0; i < TEXTS; i++)
        *size += *text_of(&from, i) != NULL ? strlen(*text_of(&from, i)) + 1 : 0;
    to = malloc(*size);
    if (to == NULL)
        return NULL;
    *to = *entry;
    end = (char *)(to + 1);
    for (size_t i = 0; i < TEXTS; i++) {
        if (*text_of(&from, i) == NULL)
            continue;
        *text_of(to, i) = end;
        end = stpcpy(end, *text_of(&from, i)) + 1;
    }
    return to;
}

int kept_entries_add(struct kept_entries *kept, const struct store_history *entry)
{
    struct store_history **items =
        array_grow(kept->items, &kept->room, kept->count, sizeof(struct store_history *));
    size_t size;

    if (items == NULL)
        return -1;
    kept->items = items;
    if (kept->bytes > bytes_max) {
        errno = EFBIG;
        return -1;
    }
    items[kept->count] = copy(entry, &size);
    if (items[kept->count] == NULL)
        return -1;
    kept->count++;
    kept->bytes += size;
    return 0;
}

static int compare_ends(const void *a, const void *b)
{
    const struct store_history *const *left = a, *const *right = b;
    int64_t left_ms = (*left)->ended_ms != 0 ? (*left)->ended_ms : INT64_MAX;
    int64_t right_ms = (*right)->ended_ms != 0 ? (*right)->ended_ms : INT64_MAX;

    return (left_ms < right_ms) - (left_ms > right_ms);
}

int kept_entries_tell(struct kept_entries *kept,
                      int (*take)(void *context, const struct store_history *entry), void *context)
{
    if (kept->count > 0)
        qsort(kept->items, kept->count, sizeof(struct store_history *), compare_ends);
    for (size_t i = 0; i < kept->count; i++) {
        if (take(context, kept->items[i]) != 0)
            return -1;
    }
    return 0;
}

void kept_entries_empty(struct kept_entries *kept)
{
    for (size_t i = 0; i < kept->count; i++)
        free(kept->items[i]);
    free(kept->items);
    *kept = (struct kept_entries){0};
}
