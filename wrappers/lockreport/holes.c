/* Keeps what a history says of what is missing in it.
 * Must not know who says so, nor trust it. */
#include "holes.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "protocol/past.h"

static const char *const words[] = {
    [HOLE_AWAY] = PAST_HOLE_AWAY,
    [HOLE_NEW_ETCD] = PAST_HOLE_NEW_ETCD,
    [HOLE_EARLIER] = PAST_HOLE_EARLIER,
    [HOLE_OTHER] = "other",
};

const char *hole_why_word(enum hole_why why)
{
    return words[why];
}

static enum hole_why why_of(const char *word)
{
    enum hole_why why = HOLE_AWAY;

    while (why < HOLE_OTHER && strcmp(word, words[why]) != 0)
        why++;
    return why;
}

/* Where a server tells of ever more. */
static void join(struct hole *into, const struct hole *hole)
{
    if (into->since_ms > hole->since_ms)
        into->since_ms = hole->since_ms;
    if (into->until_ms < hole->until_ms)
        into->until_ms = hole->until_ms;
    into->count = 0;
    into->why = HOLE_OTHER;
}

int hole_list_add(struct hole_list *list, const struct store_history *entry)
{
    const struct hole hole = {.since_ms = entry->asked_ms,
                              .until_ms = entry->ended_ms,
                              .count = entry->token,
                              .why = why_of(entry->lock)};
    struct hole *items;

    if (list->count == HOLES_MOST) {
        join(&list->items[HOLES_MOST - 1], &hole);
        return 0;
    }
    items = array_grow(list->items, &list->room, list->count, sizeof *items);
    if (items == NULL)
        return -1;
    list->items = items;
    items[list->count++] = hole;
    return 0;
}

static int compare(const void *a, const void *b)
{
    const struct hole *left = a, *right = b;

    return (left->since_ms > right->since_ms) - (left->since_ms < right->since_ms);
}

void hole_list_sort(struct hole_list *list)
{
    if (list->count > 1)
        qsort(list->items, list->count, sizeof *list->items, compare);
}

void hole_list_fini(struct hole_list *list)
{
    free(list->items);
    *list = (struct hole_list){0};
}
