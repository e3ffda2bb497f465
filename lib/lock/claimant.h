/* What requests of the lock table say of their owner's process and job. */
#ifndef FARMLOCK_LOCK_CLAIMANT_H
#define FARMLOCK_LOCK_CLAIMANT_H

#include "types.h"

/* Of all requests that say nothing.  Never written to, as it is in no index. */
extern struct lock_claimant lock_claimant_unknown;

/* Whether an ask says nothing of its process, as most do that come by the classic protocol. */
static inline bool lock_claimant_is_unknown(const struct lock_ask *ask)
{
    return ((uintptr_t)ask->host | (uintptr_t)ask->boot | (uintptr_t)ask->job |
            (uintptr_t)ask->user | (uintptr_t)ask->project | ask->pid | ask->start |
            ask->pid_namespace | ask->lost_after_s | (uint32_t)ask->priority) == 0;
}

/* A copy of what an ask says of the process, in no index yet.  Groups are kept where there are
 * pools: `set`, or NULL.  NULL with errno ENOMEM.  NULL is allowed to be destroyed. */
struct lock_claimant *lock_claimant_create(struct pool_set *set, struct lock_request *request,
                                           const struct lock_ask *ask);
void lock_claimant_destroy(struct lock_claimant *process);

/* The orders of table->processes and table->jobs. */
int lock_claimant_compare(const struct tree_node *a, const struct tree_node *b);
int lock_claimant_compare_jobs(const struct tree_node *a, const struct tree_node *b);

#endif
