/* A binary heap of intrusive deadlines.
 * Must not read a clock. */
#include "deadlines.h"

#include <assert.h>
#include <stdlib.h>

enum { ROOM_MIN = 16 };

void deadlines_fini(struct deadlines *heap)
{
    free(heap->entries);
    *heap = (struct deadlines){0};
}

int deadlines_reserve(struct deadlines *heap, size_t count)
{
    size_t room = heap->room > 0 ? heap->room : ROOM_MIN;
    struct deadline **entries;

    if (count <= heap->room)
        return 0;
    while (room < count)
        room *= 2;
    entries = realloc(heap->entries, (room + 1) * sizeof(struct deadline *));
    if (entries == NULL)
        return -1;
    heap->entries = entries;
    heap->room = room;
    return 0;
}

static void place(struct deadlines *heap, struct deadline *entry, size_t position)
{
    heap->entries[position] = entry;
    entry->position = position;
}

static void move_up(struct deadlines *heap, struct deadline *entry)
{
    size_t position = entry->position;

    for (; position > 1 && heap->entries[position / 2]->due > entry->due; position /= 2)
        place(heap, heap->entries[position / 2], position);
    place(heap, entry, position);
}

static void move_down(struct deadlines *heap, struct deadline *entry)
{
    size_t position = entry->position;

    for (size_t child; (child = 2 * position) <= heap->count; position = child) {
        if (child < heap->count && heap->entries[child + 1]->due < heap->entries[child]->due)
            child++;
        if (heap->entries[child]->due >= entry->due)
            break;
        place(heap, heap->entries[child], position);
    }
    place(heap, entry, position);
}

void deadlines_set(struct deadlines *heap, struct deadline *entry, int64_t due)
{
    entry->due = due;
    if (entry->position == 0) {
        assert(heap->count < heap->room);
        place(heap, entry, ++heap->count);
    }
    move_up(heap, entry);
    move_down(heap, entry);
}

void deadlines_clear(struct deadlines *heap, struct deadline *entry)
{
    size_t position = entry->position;
    struct deadline *last;

    if (position == 0)
        return;
    entry->position = 0;
    last = heap->entries[heap->count--];
    if (last == entry)
        return;
    place(heap, last, position);
    move_up(heap, last);
    move_down(heap, last);
}

struct deadline *deadlines_first(const struct deadlines *heap)
{
    return heap->count > 0 ? heap->entries[1] : NULL;
}
