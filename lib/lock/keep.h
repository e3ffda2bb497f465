/* Locks that are kept for a while: from the grant on at least so long, or until the host that took
 * them has booted anew, whatever becomes of their owner before.  Beside table.h.
 *
 * An owner that gives such a lock back too early, or whose process or job ends, is *done with it*:
 * the table holds it on, by the same request and token, and an event KEPT tells.  Nothing finds it
 * by its owner then: who asks by the same name asks for another's.  When its time is over it is
 * released, with LOCK_REASON_KEPT.  Only being broken, and the hold limit, end it before: that
 * bounds all that is held.
 */
#ifndef FARMLOCK_LOCK_KEEP_H
#define FARMLOCK_LOCK_KEEP_H

#include <stdbool.h>
#include <stdint.h>

#include "table.h"

struct lock_keep_state {
    int64_t keep_ms;  /* as it was asked for; 0: no time */
    int64_t until_ms; /* of a grant; INT64_MIN: no time is to pass, or it waits still */
    bool until_boot;  /* and until its host has booted anew */
};

/* How long a request is to be kept yet.  Returns false where it is not, or not any more. */
bool lock_table_keep(const struct lock_table *table, const struct lock_request *request,
                     struct lock_keep_state *state);

/* The host of a request has booted anew: what waits for no more than that is released.  Returns
 * that the request has ended with it; else an event RENEWED tells. */
bool lock_table_booted(struct lock_table *table, struct lock_request *request, int64_t now_ms);

#endif
