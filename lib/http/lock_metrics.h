/* The numbers of a lock server, as lockerd-http(7) names them. */
#ifndef FARMLOCK_HTTP_LOCK_METRICS_H
#define FARMLOCK_HTTP_LOCK_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "http.h"

struct ipclocker_server;
struct user_metrics;

/* The pools that come first in the configuration have samples of their own; all others are one,
 * called "(others)". */
enum { LOCK_METRICS_POOLS = 100 };

struct lock_metrics_pool {
    char *name;
    uint64_t total, held, promised, offline, outside, reserved, free, waiting;
    int64_t oldest_wait_ms;
};

/* What takes long to gather, and how far it has come.  All 0 is nothing. */
struct lock_metrics {
    struct lock_metrics_pool pools[LOCK_METRICS_POOLS + 1];
    size_t count, next;
    bool failed; /* there was no memory */
};

/* Gathers until all is there, which it returns, or the monotonic clock says `until_us`. */
bool lock_metrics_gather(struct lock_metrics *metrics, const struct ipclocker_server *server,
                         int64_t until_us);

/* Writes what was gathered, and what is looked up at once; `users` may be NULL. */
void lock_metrics_write(const struct lock_metrics *metrics, const struct ipclocker_server *server,
                        const struct user_metrics *users, const struct http_stats *http,
                        bool is_open_metrics, struct buffer *out);

void lock_metrics_fini(struct lock_metrics *metrics);

#endif
