/* The operation that gets a lock and waits for it. */
#ifndef FARMLOCK_CLIENT_LOCK_H
#define FARMLOCK_CLIENT_LOCK_H

#include "engine.h"

/* Without an argument. */
extern const struct client_operation client_lock_operation;

#endif
