/* A binary heap by times.
 * Must not know what goes on. */
#include "time_heap.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/array.h"

static bool is_before(const struct timed *left, const struct timed *right)
{
    if (left->from_ms != right->from_ms)
        return left->from_ms > right->from_ms;
    return left->token > right->token;
}

int time_heap_push(struct time_heap *heap, const struct timed *item)
{
    struct timed *items = array_grow(heap->items, &heap->room, heap->count, sizeof *items);
    size_t hole = heap->count;

    if (items == NULL)
        return -1;
    heap->items = items;
    heap->count++;
    for (size_t parent; hole > 0 && is_before(item, &items[parent = (hole - 1) / 2]); hole = parent)
        items[hole] = items[parent];
    items[hole] = *item;
    return 0;
}

struct timed time_heap_pop(struct time_heap *heap)
{
    struct timed *items = heap->items, first = items[0];
    const struct timed last = items[--heap->count];
    size_t hole = 0, child;

    while ((child = 2 * hole + 1) < heap->count) {
        if (child + 1 < heap->count && is_before(&items[child + 1], &items[child]))
            child++;
        if (!is_before(&items[child], &last))
            break;
        items[hole] = items[child];
        hole = child;
    }
    items[hole] = last;
    return first;
}

int64_t time_heap_first_ms(const struct time_heap *heap)
{
    return heap->count > 0 ? heap->items[0].from_ms : INT64_MIN;
}

void time_heap_fini(struct time_heap *heap)
{
    free(heap->items);
    *heap = (struct time_heap){0};
}
