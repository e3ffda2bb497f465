/* Locks that are asked for inside others: who waits while a holder waits for it, and the circles
 * that come of that.  Beside table.h, which says what a request, an owner and a grant are.
 *
 * A request is *inside* a grant when who holds that does not go on before it is through: the
 * command of a lock asks for another.  Whoever asks says so, and the table believes it.  Nothing
 * here grants, refuses or ends anything; who waits for himself, or in a circle, is only found.
 */
#ifndef FARMLOCK_LOCK_NESTING_H
#define FARMLOCK_LOCK_NESTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "table.h"

enum {
    LOCK_OUTERS_MOST = 64,  /* grants that one request may be inside of, and those inside of one */
    LOCK_CIRCLE_NODES = 32, /* requests that are looked at for a circle */
};

/* Says that a waiting request is inside a grant, its own owner's or another's.  Saying it twice, or
 * of a grant or a request that has LOCK_OUTERS_MOST already, changes nothing.  Returns 0, or -1
 * with errno ENOMEM.
 */
int lock_table_set_inside(struct lock_request *inner, struct lock_request *outer);

/* How many of a process's requests are looked at for one who asks.  What is left of that is counted
 * down in `looks`; with none left nothing more is found. */
enum { LOCK_OF_PROCESS_LOOKS = 4096 };

/* Steps through the grants of a process, by its start: the first with `last` NULL.  NULL behind the
 * last. */
struct lock_request *lock_table_next_of_process(const struct lock_table *table, const char *host,
                                                uint64_t pid, uint64_t start,
                                                const struct lock_request *last, size_t *looks);

/* One with autounlock, held or waiting, that the judge allows, of the processes of a pid that have
 * started at `start` or later the first; else NULL. */
struct lock_request *lock_table_find_of_pid(const struct lock_table *table, const char *host,
                                            uint64_t pid, uint64_t start,
                                            const struct lock_judge *judge, size_t *looks);

/* What somebody waits for, and who has it. */
struct lock_wait_step {
    const char *name; /* a lock, or a pool */
    const struct lock_request *by;
};

/* Whether a waiting request can never be granted as long as those that it is inside of hold what
 * they have: it waits for itself, whatever everybody else gives back.  Then *step is the first that
 * is in its way.  Adds to *steps how many times something was looked at for that: for each lock and
 * each of those that it is inside of once, whoever else has the lock.
 */
bool lock_table_waits_for_itself(const struct lock_request *request, struct lock_wait_step *step,
                                 size_t *steps);

/* Whether a waiting request cannot be granted before somebody gives up: those that have what it
 * wants wait for requests inside them, and these for others, in a circle that it is part of or
 * stands behind.  Writes the steps from the request on, until it is reached again or who was
 * reached before, as many as there is room for, and returns how many those are; 0 where there is
 * none, or where that cannot be said without looking at more than LOCK_CIRCLE_NODES requests.
 */
size_t lock_table_find_circle(const struct lock_request *request, struct lock_wait_step *steps,
                              size_t most);

#endif
