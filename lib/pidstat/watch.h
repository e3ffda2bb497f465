/* The watches that a server keeps: who is to be told when which process ends. */
#ifndef FARMLOCK_PIDSTAT_WATCH_H
#define FARMLOCK_PIDSTAT_WATCH_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

struct event_base;
struct watch_table;

enum { WATCHES_OF_AN_ASKER = 8 }; /* on one process */

/* Where a datagram goes, and what it leaves through. */
struct watch_route {
    struct sockaddr_storage asker;
    socklen_t asker_len;
    uint64_t question;  /* the id by which the asker knows it; 0: it has none */
    int fd;             /* the socket; must outlive the table */
    size_t control_len; /* 0 for none */
    /* Ancillary data that names the source address (ip(7), ipv6(7)). */
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

/* Called for each watcher when a watched process has ended. */
typedef void watch_send_fn(void *context, const struct watch_route *route, const char *text,
                           size_t len);

/* Creates a table of at most `max` watches on an event loop, which must outlive it.  After all
 * watchers of a process were passed to `send`, `flush` is called.  NULL with errno ENOMEM.
 */
struct watch_table *watch_table_create(struct event_base *base, size_t max, watch_send_fn *send,
                                       void (*flush)(void *context), void *context);

/* Accepts NULL.  Nobody is told anything. */
void watch_table_destroy(struct watch_table *table);

/* Adds, or renews for PIDSTAT_WATCH_LEASE_S, the watch of an asker's question on a process that was
 * seen to exist with that start time.  `text` is what the asker is told when it ends; it is copied.
 * Of so many questions of one asker about one process the oldest is not told any more.
 * Returns 0, or -1 with errno
 *   ENOSPC  the table is full
 *   ESRCH   the process has ended meanwhile
 *   others  from process_open(), ENOSYS above all: no watches on this kernel
 */
int watch_table_renew(struct watch_table *table, const struct watch_route *route, pid_t pid,
                      uint64_t start, const char *text, size_t len);

/* How many watches there are. */
size_t watch_table_count(const struct watch_table *table);

#endif
