/* The end of a process or of a job that has many requests, in slices, so that others are served in
 * between.  Beside table.h.
 *
 * All slices together come to what one is.  What the process or job asks for while they are under
 * way is not meant; of what it renews the judge says that.  First each request
 * that waits is made absent, so that none is granted what another gives back; then these end, then
 * all that hold.
 */
#ifndef FARMLOCK_LOCK_ENDING_H
#define FARMLOCK_LOCK_ENDING_H

#include <stddef.h>
#include <stdint.h>

#include "table.h"

/* To end a request costs as much as to look at so many, for each lock that it holds, or for its
 * wait. */
enum { LOCK_ENDING_LOOKS_AN_END = 40 };

enum lock_ending_step {
    LOCK_ENDING_MARKS,
    LOCK_ENDING_WAITS,
    LOCK_ENDING_GRANTS,
    LOCK_ENDING_OVER
};

struct lock_ending {
    /* Whose: all of a job, or, where that is NULL, what has autounlock of a process.  The caller's,
     * to be there until the last slice. */
    const char *job, *host;
    uint64_t pid;

    size_t ended;  /* so many have, up to now */
    size_t looked; /* so many looks the last slice has cost */

    /* The table's own. */
    enum lock_ending_step step;
    size_t meant;
    uint64_t next_start, next_ticket; /* where the next slice goes on */
    uint64_t last_ticket;             /* of what was there at the start */
};

/* To be called before the first slice: only requests that there are now are meant. */
void lock_ending_init_process(struct lock_ending *ending, const struct lock_table *table,
                              const char *host, uint64_t pid);
void lock_ending_init_job(struct lock_ending *ending, const struct lock_table *table,
                          const char *job);

/* Ends those that the judge allows (NULL: all), until that has cost `most` looks; at least one.
 * The judge is to say the same in each slice, of what was not renewed in between.  Returns true
 * when all of them have ended. */
bool lock_table_end_some(struct lock_table *table, struct lock_ending *ending,
                         const struct lock_judge *judge, size_t most, int64_t now_ms);

/* To be called where no further slice will come: ends what waits of those that are meant, if any
 * was made absent already.  What they hold stays. */
void lock_table_leave_ending(struct lock_table *table, struct lock_ending *ending,
                             const struct lock_judge *judge, int64_t now_ms);

#endif
