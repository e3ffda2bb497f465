/* How much each user holds and waits for, of a lock server's table: gathered a little at a time. */
#ifndef FARMLOCK_HTTP_USER_METRICS_H
#define FARMLOCK_HTTP_USER_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/tree.h"

struct exposition;
struct ipclocker_server;

/* Those who have most have samples of their own; all others are one, called "(others)". */
enum { USER_METRICS_SHOWN = 100 };

/* All 0 is nothing yet. */
struct user_metrics {
    struct tree users; /* of the walk that is under way */
    uint64_t others_held, others_waiting;
    char *name; /* of the lock that was seen last; NULL: none yet */
    uint64_t held_ticket, ticket;
    bool sees_waiters, failed;
    bool is_hidden;  /* whose a lock is: all are "-" */
    int64_t next_ms; /* before that what was shown is shown again */

    struct user_metrics_shown {
        char *name;
        uint64_t held, waiting;
    } shown[USER_METRICS_SHOWN + 1];
    size_t count;
};

/* Goes on until all is there, which it returns, or the monotonic clock says `until_us`.  Does not
 * go through the table more often than each five seconds. */
bool user_metrics_gather(struct user_metrics *metrics, const struct ipclocker_server *server,
                         int64_t until_us);

/* Writes the families.  Returns -1 where there was no memory for all of it. */
int user_metrics_write(const struct user_metrics *metrics, struct exposition *to);

void user_metrics_fini(struct user_metrics *metrics);

#endif
