/* Where the entries of a history go, whichever source they come from. */
#ifndef FARMLOCK_LOCKREPORT_TARGET_H
#define FARMLOCK_LOCKREPORT_TARGET_H

#include <stddef.h>
#include <stdint.h>

#include "holes.h"
#include "offline.h"
#include "store/store.h"

struct report_target {
    int64_t since_ms, until_ms; /* what is wanted, since 1970 */
    unsigned int only;          /* bits of enum store_only, of what is enough; 0: all */
    /* Not NULL: what ended last comes first.  Called when all is told once more. */
    void (*last_first)(void *context);
    /* Takes one, which is good during the call; an `ended_ms` of 0: it is held still.  Returns -1
     * with errno to end it. */
    int (*take)(void *context, const struct store_history *entry);
    /* Behind all of them, from a server: how many seats a pool of its has.  NULL: nobody asks. */
    int (*tell_seats)(void *context, const char *pool, size_t seats);
    /* A lock or seat that is out of use; it is good during the call.  Returns -1 with errno to end
     * it.  NULL: nobody asks. */
    int (*tell_offline)(void *context, const struct offline_lock *lock);
    struct hole_list *holes; /* what is missing is added here, as it comes */
    void *context;
};

/* Gives it an entry that its source tells, a hole too; a struct report_target is the context.
 * Returns -1 with errno to end it. */
int report_target_take(void *target, const struct store_history *entry);

/* For what a source of entries says when it fails. */
enum { REPORT_ERROR_SIZE = 640 };

#endif
