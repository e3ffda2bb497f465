/* Why somebody waits, as a line. */
#ifndef FARMLOCK_SERVER_REPLY_WHY_H
#define FARMLOCK_SERVER_REPLY_WHY_H

#include "lock/pools.h"
#include "server.h"

/* Adds the line of a request that waits. */
void reply_why(struct conn *conn, const struct lock_request *request);

/* The words of a reason and of a rule in that line; constants. */
const char *reply_why_word(enum lock_why why);
const char *reply_why_rule(enum lock_rule rule);

#endif
