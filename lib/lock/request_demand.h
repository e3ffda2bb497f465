/* The demand of a request of the lock table, by itself: as a copy, and as the text that a store
 * keeps, "COUNT NAME NAME" for each group, a line a group, the count with an "r" behind it where
 * the group is of readers.
 *
 * It has the groups that the request asked for, as long as that waits; once it was granted, it has
 * one group, of all that is still held, or where some of that is shared, its groups as far as they
 * are.
 */
#ifndef FARMLOCK_LOCK_REQUEST_DEMAND_H
#define FARMLOCK_LOCK_REQUEST_DEMAND_H

#include <stddef.h>

#include "demand.h"
#include "table.h"

/* Copies the demand.  Returns 0, for the caller to end with lock_demand_fini(); or -1 with errno
 * ENOMEM, and there is nothing to free.
 */
int lock_demand_of_request(struct lock_demand *demand, const struct lock_request *request);

/* How many bytes the demand's text can take at most, with its NUL. */
size_t lock_demand_text_size(const struct lock_request *request);

/* Writes the text, with a NUL, to where so many bytes are; `without`, or NULL, is a lock that the
 * request has just lost.  Returns the end, behind the NUL.
 */
char *lock_demand_format(char *out, const struct lock_request *request, const char *without);

/* Reads such a text.  Returns 0, for the caller to end with lock_demand_fini(); or -1 with errno
 * EINVAL or ENOMEM, and there is nothing to free.
 */
int lock_demand_parse(struct lock_demand *demand, const char *text);

#endif
