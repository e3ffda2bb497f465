/* Keeps what a report says of locks that were broken.
 * Must not judge whether they were. */
#include "breaks.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"

size_t break_list_bytes(const struct store_history *entry)
{
    return sizeof(struct broken_lock) + strlen(entry->lock) + strlen(entry->owner) +
           (entry->by_name != NULL ? strlen(entry->by_name) : 0);
}

static void free_texts(struct broken_lock *item)
{
    free(item->lock);
    free(item->owner);
    free(item->by_name);
}

int break_list_add(struct break_list *list, const struct store_history *entry)
{
    struct broken_lock *items = array_grow(list->items, &list->room, list->count, sizeof *items);
    struct broken_lock item = {.at_ms = entry->ended_ms, .whose = entry->asker, .by = entry->by};

    if (items == NULL)
        return -1;
    list->items = items;
    item.lock = strdup(entry->lock);
    item.owner = strdup(entry->owner);
    item.by_name = entry->by_name != NULL ? strdup(entry->by_name) : NULL;
    if (item.lock == NULL || item.owner == NULL ||
        (item.by_name == NULL && entry->by_name != NULL)) {
        free_texts(&item);
        return -1;
    }
    items[list->count++] = item;
    return 0;
}

static int compare(const void *a, const void *b)
{
    const struct broken_lock *left = a, *right = b;

    if (left->at_ms != right->at_ms)
        return left->at_ms < right->at_ms ? -1 : 1;
    return strcmp(left->lock, right->lock);
}

void break_list_sort(struct break_list *list)
{
    if (list->count > 1)
        qsort(list->items, list->count, sizeof *list->items, compare);
}

void break_list_fini(struct break_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free_texts(&list->items[i]);
    free(list->items);
    *list = (struct break_list){0};
}
