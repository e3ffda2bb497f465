/* Asking again for what is held or waited for. */
#ifndef FARMLOCK_LOCK_RENEW_H
#define FARMLOCK_LOCK_RENEW_H

#include "types.h"

/* An owner asks again for what it has or waits for.  Returns -1 with errno ENOMEM, and nothing has
 * changed. */
int lock_request_renew(struct lock_table *table, struct lock_request *request,
                       const struct lock_ask *ask, int64_t now_ms);

#endif
