/* Deadlines in order: a binary heap of entries that live inside their owners. */
#ifndef FARMLOCK_BASE_DEADLINES_H
#define FARMLOCK_BASE_DEADLINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct deadline {
    int64_t due;     /* in the owner's unit and clock */
    size_t position; /* 0 while it is in no heap */
};

struct deadlines {
    struct deadline **entries; /* entries[1] is due first */
    size_t count, room;
};

/* An all-zero struct deadlines is empty. */
void deadlines_fini(struct deadlines *heap);

/* Makes room for `count` entries in all, so that no deadlines_set() can fail.  Returns 0, or -1
 * with errno ENOMEM.
 */
int deadlines_reserve(struct deadlines *heap, size_t count);

/* Sets or changes when an entry is due.  O(log n).  There must be room for it. */
void deadlines_set(struct deadlines *heap, struct deadline *entry, int64_t due);

/* Takes an entry out, if it is in. */
void deadlines_clear(struct deadlines *heap, struct deadline *entry);

/* The entry that is due first, or NULL. */
struct deadline *deadlines_first(const struct deadlines *heap);

#endif
