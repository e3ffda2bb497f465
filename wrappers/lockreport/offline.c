/* Keeps what a report says of locks that are out of use.
 * Must not know who says so. */
#include "offline.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/natural_order.h"

static void free_texts(struct offline_lock *item)
{
    free(item->name);
    free(item->reason);
}

int offline_list_add(struct offline_list *list, const struct offline_lock *lock)
{
    struct offline_lock *items = array_grow(list->items, &list->room, list->count, sizeof *items);
    struct offline_lock item = {.until_ms = lock->until_ms};

    if (items == NULL)
        return -1;
    list->items = items;
    item.name = strdup(lock->name);
    item.reason = lock->reason != NULL ? strdup(lock->reason) : NULL;
    if (item.name == NULL || (item.reason == NULL && lock->reason != NULL)) {
        free_texts(&item);
        return -1;
    }
    items[list->count++] = item;
    return 0;
}

static int compare(const void *a, const void *b)
{
    const struct offline_lock *left = a, *right = b;

    return natural_order_compare(left->name, right->name);
}

void offline_list_sort(struct offline_list *list)
{
    if (list->count > 1)
        qsort(list->items, list->count, sizeof *list->items, compare);
}

void offline_list_fini(struct offline_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free_texts(&list->items[i]);
    free(list->items);
    *list = (struct offline_list){0};
}
