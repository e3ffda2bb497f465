/* The line that names a circle of owners that wait for each other. */
#ifndef FARMLOCK_SERVER_REPLY_CIRCLE_H
#define FARMLOCK_SERVER_REPLY_CIRCLE_H

#include "lock/nesting.h"
#include "server.h"

/* Adds it for the circle in which a waiting request is, or behind which it stands; nothing where
 * there is none, or it has not waited long enough to ask. */
void reply_circle(struct conn *conn, const struct lock_request *request);

/* Adds it for these steps. */
void reply_circle_steps(struct conn *conn, const struct lock_wait_step *steps, size_t count);

#endif
