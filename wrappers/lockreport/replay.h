/* What would have been with other numbers of seats: the requests of a history once more, through
 * the lock table that grants them in a server.  Pure.
 *
 * Each asks when it asked, holds as long as it held, and gives up when it gave up.  What is not in
 * a history is left out: rules of pools, who would not have asked, and requests for other locks
 * that were part of one.  Who never got a seat has no length: it holds one as long as half of the
 * others do at most.
 */
#ifndef FARMLOCK_LOCKREPORT_REPLAY_H
#define FARMLOCK_LOCKREPORT_REPLAY_H

#include <stddef.h>
#include <stdint.h>

#include "lengths.h"
#include "span.h"
#include "store/store.h"

struct replay;

struct replay_result {
    size_t seats;
    size_t granted, waits; /* requests, and those of them that had to wait */
    struct lengths wait;
    int64_t waited_ms; /* all waits together */
    int64_t full_ms, waiting_full_ms;
    size_t refused;    /* that would not wait */
    size_t left;       /* that gave up */
    size_t impossible; /* that wanted more than there are */
};

/* NULL with errno ENOMEM. */
struct replay *replay_create(void);
void replay_destroy(struct replay *replay);

/* Takes an entry of the pool, in any order.  Returns -1 with errno ENOMEM. */
int replay_add(struct replay *replay, const struct store_history *entry);

/* What would have been in a time, with so many seats, 1 or more.  May be called again with other
 * numbers, but no entry be added then.  Returns -1 with errno ENOMEM. */
int replay_run(struct replay *replay, const struct span *time, size_t seats,
               struct replay_result *result);

/* How many requests there are; good behind a run. */
size_t replay_count(const struct replay *replay);

#endif
