/* Whom a reload of the pools concerns. */
#ifndef FARMLOCK_LOCK_POOL_CONCERN_H
#define FARMLOCK_LOCK_POOL_CONCERN_H

#include "pool_prepare.h"

/* Whether a request has anything to do with pools that are not to stay as they are. */
bool pool_is_concerned(const struct pool_reload *reload, const struct lock_request *request);

#endif
