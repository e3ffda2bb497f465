/* What every file of the server may need: the time, the log, the error text of the handle,
 * the name of this host. */
#ifndef FARMLOCK_SERVER_CONTEXT_H
#define FARMLOCK_SERVER_CONTEXT_H

#include "server.h"

/* Now, on the time line of the table: milliseconds since 1970 that never step, because the wall
 * clock is read once, when the server starts, and the boot's clock goes on from there. */
int64_t context_now_ms(const struct ipclocker_server *server);

/* Seconds of a clock that never steps, as coarse as it is cheap, for timeouts. */
time_t context_monotonic_s(void);

/* Hands a line to the server's log function, if there is one; `priority` is syslog(3)'s, and those
 * of LOG_DEBUG go nowhere unless debugging was asked for.  A line has 1023 bytes at most.
 * What a client's commands cause is logged as often as log_quota.h allows; then it is counted. */
void context_log(const struct ipclocker_server *server, int priority, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same of what comes of a client's requests by itself, later; NULL: of nobody's. */
void context_log_of(const struct ipclocker_server *server, const struct account *client,
                    int priority, const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The same of what is not logged more often than that anyway: no quota counts it. */
void context_log_always(const struct ipclocker_server *server, int priority, const char *format,
                        ...) __attribute__((format(printf, 3, 4)));

/* Tells the log of lines that were left out; `context` is the server. */
log_quota_over_fn context_log_left_out;

/* Has the log told of what was counted and not logged; to be called about once a second, and with
 * `all` at the end. */
void context_end_quotas(const struct ipclocker_server *server, bool all);

/* Whether a client means this host. */
bool context_is_own_host(const struct ipclocker_server *server, const char *host);

/* Says what went wrong in server->error and keeps errno; returns -1. */
int context_fail(struct ipclocker_server *server, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
