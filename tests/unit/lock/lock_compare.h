/* A run of random operations on a lock table and its model, and the comparison of the two. */
#ifndef FARMLOCK_LOCK_COMPARE_H
#define FARMLOCK_LOCK_COMPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lock/table.h"
#include "lock_model.h"
#include "lock_operation.h"

struct play {
    uint64_t seed, random, step;
    struct operation operation;
    struct model model;
    struct lock_table *table;
    int event_count;
    struct model_event events[MODEL_EVENTS]; /* what the table said in this step */
    uint64_t last_ticket, last_token;
    size_t outcomes[LOCK_OUTCOME_NO_MEMORY + 1]; /* how often each was seen */
    size_t kinds[LOCK_EVENT_KEPT + 1];
    size_t reasons[LOCK_REASON_KEPT + 1];
    size_t granted_groups[MODEL_GROUPS + 1], granted_overlaps;
};

/* Fails the test with seed, step and operation, so that it can be replayed. */
void play_fail(const struct play *play, const char *what, const char *file, int line)
    __attribute__((noreturn));

#define EXPECT(play, condition)                              \
    do {                                                     \
        if (!(condition))                                    \
            play_fail(play, #condition, __FILE__, __LINE__); \
    } while (0)

/* The model's number of a name; MODEL_NOBODY for NULL. */
int play_name_number(const char *name);

/* Holds the events of the last step, and everything that can be seen of the table, against the
 * model.
 */
void play_compare(struct play *play);

/* What must hold for any lock table, whatever the model says: no lock has two owners, nothing that
 * is wanted lies idle, a lock is never with a later ticket than one that waits for it.
 */
void play_check_properties(const struct play *play);

#endif
