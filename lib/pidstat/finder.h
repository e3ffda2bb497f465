/* Finds processes of containers of this host, which know themselves by other pids than the host
 * does: by walks through /proc, in small steps of an event loop, one for all that are looked for.
 *
 * Walks are a second apart at least, and take a twentieth of a processor at most.
 */
#ifndef FARMLOCK_PIDSTAT_FINDER_H
#define FARMLOCK_PIDSTAT_FINDER_H

#include "pidstat.h"
#include "process/inner_process.h"

struct event_base;
struct finder;
struct finder_search;

struct finder_result {
    /* PIDSTAT_EXISTS: found.  PIDSTAT_GONE: two walks, a second apart, have not found it and would
     * have seen it.  PIDSTAT_UNKNOWN: not found, which proves nothing here. */
    enum pidstat_state state;
    pid_t pid;    /* where it exists: from outside */
    bool is_only; /* it is certainly that one: no other process is like it */
};

/* Called from the loop, once for each search, which has ended with that.  May begin and cancel
 * searches. */
typedef void finder_fn(void *context, const struct finder_result *result);

/* NULL with errno ENOMEM. */
struct finder *finder_create(struct event_base *base);

/* Accepts NULL.  What is still looked for is forgotten, without a call. */
void finder_destroy(struct finder *finder);

/* Looks for a process of this boot.  Returns a handle, valid until that call or finder_cancel();
 * NULL with errno ENOMEM. */
struct finder_search *finder_start(struct finder *finder, const struct inner_process *inner,
                                   finder_fn *function, void *context);
void finder_cancel(struct finder_search *search);

#endif
