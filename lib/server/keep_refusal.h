/* Why what is asked for cannot be kept as it is to be. */
#ifndef FARMLOCK_SERVER_KEEP_REFUSAL_H
#define FARMLOCK_SERVER_KEEP_REFUSAL_H

#include "server.h"

const struct refusal *keep_refusal_of(const struct conn *conn, const struct lock_ask *ask);

/* NULL where it can be, or where nothing is to be kept. */
static inline const struct refusal *keep_refusal(const struct conn *conn,
                                                 const struct lock_ask *ask)
{
    return ask->keep_ms > 0 || ask->until_boot ? keep_refusal_of(conn, ask) : NULL;
}

#endif
