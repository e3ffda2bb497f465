/* Group commit: how long a commit waits for changes to share its sync. */
#ifndef FARMLOCK_STORE_GATHER_H
#define FARMLOCK_STORE_GATHER_H

#include <stddef.h>
#include <stdint.h>

/* Changes of requests.  All zero at first. */
struct store_gather {
    size_t queued; /* that wait for a commit */
    size_t wanted; /* so many are to wake who waits for them; 0: any */
    size_t last;   /* in the last commit */
    size_t next;   /* that were queued at its end */
};

/* Says how many microseconds a commit had better wait, and in self->wanted for how many changes; 0
 * for not at all.  `sync_us` is what the disk takes for a commit.  Clients that were answered
 * together ask again together, one a little behind the other: a commit that did not wait for the
 * rest would make it wait for a whole commit.  Who is alone never waits, and on a fast disk nobody
 * does.
 */
int64_t store_gather_begin(struct store_gather *self, int64_t sync_us);

/* Behind the wait. */
void store_gather_end(struct store_gather *self);

#endif
