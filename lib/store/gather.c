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

/* Where the disk takes longer than all clients' changes do, all of them had better share a sync.
 * Else a commit takes what there is: who is answered asks again while the next one is written, and
 * so two syncs have everybody's change all the same.
 */
int64_t store_gather_begin(struct store_gather *self, int64_t sync_us)
{
    size_t clients = self->last + self->next;
    int64_t most_us = sync_us / GATHER_PART;

    if (clients < 2 || sync_us < GATHER_FROM_US || sync_us <= (int64_t)clients * GATHER_CHANGE_US)
        return 0;
    self->wanted = clients;
    return most_us < GATHER_MOST_US ? most_us : GATHER_MOST_US;
}

void store_gather_end(struct store_gather *self)
{
    self->wanted = 0;
}
