/* How full a group was, instant by instant.  Pure.
 *
 * Time is gone through backwards, as a history is that is read from its end: what ended last comes
 * first.  So only what goes on at one instant is kept, not all that ever did.  What comes too late,
 * as the host's clock was once set back, counts from the instant on that has been reached.
 */
#ifndef FARMLOCK_LOCKREPORT_OCCUPANCY_H
#define FARMLOCK_LOCKREPORT_OCCUPANCY_H

#include <stddef.h>
#include <stdint.h>

#include "span.h"
#include "time_heap.h"

struct hold {
    struct span span; /* from grant to end */
    int64_t asked_ms;
    uint64_t token; /* of the grant, which may be of several locks; 0 where that does not matter */
};

/* For how long so many were held, and for how long of that somebody waited. */
struct occupancy_level {
    int64_t time_ms, waiting_ms;
};

struct occupancy {
    struct span within;
    struct time_heap held, waiting;
    int64_t now_ms;                 /* what is behind has been gone through */
    struct occupancy_level *levels; /* by the number that are held */
    size_t level_room;
    size_t peak; /* most held at one instant */

    /* Told of each hold whose grant had to be waited for, and is reached: those of one instant in
     * the order of their tokens.  Returns -1 with errno ENOMEM. */
    int (*on_waited)(void *context, const struct hold *hold);
    void *context;
};

/* Begins at the end of a time.  Allocates nothing. */
void occupancy_begin(struct occupancy *occupancy, const struct span *within);

/* Adds what touches the time, in the order of the ends, the last one first.  Return -1 with errno
 * ENOMEM. */
int occupancy_add_hold(struct occupancy *occupancy, const struct hold *hold);
int occupancy_add_wait(struct occupancy *occupancy, const struct span *wait);

/* Goes on to the beginning of the time.  Returns -1 with errno ENOMEM. */
int occupancy_finish(struct occupancy *occupancy);

/* For how long at least so many were held, which is more than 0, and for how long of that somebody
 * waited; good once it is finished. */
struct occupancy_level occupancy_full(const struct occupancy *occupancy, size_t capacity);

/* The memory that it takes. */
size_t occupancy_bytes(const struct occupancy *occupancy);

void occupancy_fini(struct occupancy *occupancy);

#endif
