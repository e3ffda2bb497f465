/* The end of a process or a job, in as many slices as it takes with so many looks each. */
#ifndef FARMLOCK_LOCK_SLICES_H
#define FARMLOCK_LOCK_SLICES_H

#include "lock/ending.h"

/* Both return how many requests have ended. */
size_t slices_end_process(struct lock_table *table, const char *host, uint64_t pid, size_t looks,
                          int64_t now_ms);
size_t slices_end_job(struct lock_table *table, const char *job, size_t looks, int64_t now_ms);

#endif
