/* Short operations that others run too. */
#ifndef FARMLOCK_CLIENT_CALLS_H
#define FARMLOCK_CLIENT_CALLS_H

#include "engine.h"

/* Gives back all locks of the demand.  Without an argument. */
extern const struct client_operation client_unlock_operation;

#endif
