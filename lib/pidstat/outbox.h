/* Datagrams that are to be sent: many with one system call. */
#ifndef FARMLOCK_PIDSTAT_OUTBOX_H
#define FARMLOCK_PIDSTAT_OUTBOX_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "watch.h"
#include "wire.h"

enum { OUTBOX_DATAGRAMS = 64 };

/* Zeroed is empty; `sent` counts all that have left. */
struct outbox {
    struct mmsghdr messages[OUTBOX_DATAGRAMS];
    struct iovec parts[OUTBOX_DATAGRAMS];
    struct watch_route routes[OUTBOX_DATAGRAMS];
    char text[OUTBOX_DATAGRAMS][PIDSTAT_WIRE_MAX];
    unsigned count;
    uint64_t sent;
};

/* Adds one of at most PIDSTAT_WIRE_MAX bytes, which is copied; sends the others before where it is
 * full, or they leave through another socket. */
void outbox_post(struct outbox *out, const struct watch_route *route, const char *text, size_t len);

/* Sends all, without waiting: what the network does not take is lost. */
void outbox_flush(struct outbox *out);

#endif
