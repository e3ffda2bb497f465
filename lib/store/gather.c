/* Group commit: how long a commit waits for changes to share its sync.
 * Must not wait itself, nor know of threads. */
#include "gather.h"

enum {
    /* A commit waits for others by a part of the time that the disk took for the last one.  The
     * next change of a client comes about so long behind the one before it. */
    GATHER_PART = 2,
    GATHER_CHANGE_US = 10,
    GATHER_FROM_US = 100,
    GATHER_MOST_US = 5000,
};

/* How many changes a commit had better have, when so many clients have one under way at a time.  If
 * the disk is what takes the time, all of them; else half, so that the other half can be answered
 * and asks again while this one is written.
 */
static size_t changes_wanted(size_t clients, int64_t sync_us)
{
    return sync_us > (int64_t)clients * GATHER_CHANGE_US ? clients : clients / 2;
}

int64_t store_gather_begin(struct store_gather *self, int64_t sync_us)
{
    size_t clients = self->last + self->next;
    int64_t most_us = sync_us / GATHER_PART;

    if (clients < 2 || sync_us < GATHER_FROM_US)
        return 0;
    self->wanted = changes_wanted(clients, sync_us);
    return most_us < GATHER_MOST_US ? most_us : GATHER_MOST_US;
}

void store_gather_end(struct store_gather *self)
{
    self->wanted = 0;
}
