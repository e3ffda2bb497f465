/* Group commit: how long a commit waits for changes to share its sync.
 * Must not touch the database. */
#include <errno.h>
#include <time.h>

#include "base/clock.h"
#include "sqlite.h"

enum {
    /* A commit waits for others by a part of the time that the disk took for the last one.  The
     * next change of a client comes about so long behind the one before it. */
    GATHER_PART = 2,
    GATHER_CHANGE_US = 10,
    GATHER_FROM_US = 100,
    GATHER_MOST_US = 5000,
};

struct timespec store_sqlite_after_us(int64_t us)
{
    int64_t at_us = clock_now_us() + us;

    return (struct timespec){.tv_sec = at_us / 1000000, .tv_nsec = at_us % 1000000 * 1000};
}

/* How many changes a commit had better have, when so many clients have one under way at a time.  If
 * the disk is what takes the time, all of them; else half, so that the other half can be answered
 * and asks again while this one is written.
 */
static size_t changes_wanted(const struct store_sqlite *self)
{
    size_t clients = self->last_changes + self->next_changes;

    return self->sync_us > (int64_t)clients * GATHER_CHANGE_US ? clients : clients / 2;
}

void store_gather(struct store_sqlite *self)
{
    int64_t most_us = self->sync_us / GATHER_PART;
    struct timespec until;

    if (self->last_changes + self->next_changes < 2 || self->sync_us < GATHER_FROM_US)
        return;
    until = store_sqlite_after_us(most_us < GATHER_MOST_US ? most_us : GATHER_MOST_US);
    self->wanted_changes = changes_wanted(self);
    while (self->queued_changes < self->wanted_changes && !self->closing && !self->lent) {
        if (pthread_cond_timedwait(&self->wake, &self->mutex, &until) == ETIMEDOUT)
            break;
    }
    self->wanted_changes = 0;
}
