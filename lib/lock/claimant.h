/* What requests of the lock table say of their owner's process and job. */
#ifndef FARMLOCK_LOCK_CLAIMANT_H
#define FARMLOCK_LOCK_CLAIMANT_H

#include "types.h"

/* A copy of what an ask says of the process, in no index yet.  NULL with errno ENOMEM.  NULL is
 * allowed to be destroyed. */
struct lock_process *lock_process_create(struct lock_request *request, const struct lock_ask *ask);
void lock_process_destroy(struct lock_process *process);

/* The orders of table->processes and table->jobs. */
int lock_process_compare(const struct tree_node *a, const struct tree_node *b);
int lock_process_compare_jobs(const struct tree_node *a, const struct tree_node *b);

#endif
