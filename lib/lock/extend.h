/* How long something may be held in all. */
#ifndef FARMLOCK_LOCK_EXTEND_H
#define FARMLOCK_LOCK_EXTEND_H

#include "types.h"

/* The shortest of what bounds a request, which the pools of its seats do, too; 0 is no bound. */
int64_t lock_request_most_ms(const struct lock_request *request, int64_t most_ms);

#endif
