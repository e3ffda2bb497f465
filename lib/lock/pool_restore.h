/* Putting requests that have to do with pools back after a restart. */
#ifndef FARMLOCK_LOCK_POOL_RESTORE_H
#define FARMLOCK_LOCK_POOL_RESTORE_H

#include "pool_types.h"

/* Does what lock_table_restore() says for a record that names a pool, or cannot be understood
 * without one that is not declared any more.  Returns false for any other; then nothing was done.
 * *request is NULL with errno where it failed. */
bool pool_restore(struct lock_table *table, const struct lock_record *record,
                  struct lock_request **request);

/* Counts any restored request's ticket and token as used. */
void lock_table_count_restored(struct lock_table *table, const struct lock_record *record);

/* Has a free seat not be given to anybody until it is put back into use. */
void pool_keep_from_all(struct lock *seat);

#endif
