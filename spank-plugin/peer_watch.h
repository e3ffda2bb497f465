/* A connection that is there to break: the kernel resets it when the process at its other end
 * dies, however it dies, and only then.
 *
 * One side listens and never accepts (peer_port.h).  Connections wait in the kernel's queue: they
 * cost that process no descriptor, no thread and no work, and a process that is stopped keeps them.
 * The other side connects, sleeps, and when it loses the connection tries again: "refused" says
 * that nobody listens there any more; silence says nothing.
 */
#ifndef FARMLOCK_SPANK_PEER_WATCH_H
#define FARMLOCK_SPANK_PEER_WATCH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "net/keepalive.h"

enum peer_watch_state {
    PEER_WATCH_UNKNOWN, /* not tried yet, just lost, or tried in vain for reasons of this host */
    PEER_WATCH_UP,      /* connected */
    PEER_WATCH_REFUSED, /* the host answers, and nobody listens there */
    PEER_WATCH_SILENT,  /* no answer */
};

struct peer_watch {
    /* To be read. */
    enum peer_watch_state state;
    bool was_up;      /* at least once */
    int64_t heard_ms; /* when the other host was last heard of, by CLOCK_MONOTONIC */

    /* For peer_watch.c alone. */
    struct sockaddr_storage to;
    socklen_t to_len;
    int fd;
    enum { PEER_WATCH_RESTING, PEER_WATCH_CONNECTING, PEER_WATCH_HELD } phase;
    bool confirmed;
    int64_t due_ms; /* 0 for never */
    unsigned tries;
    struct keepalive keepalive;
};

/* Starts to connect.  `host` is a numeric address.  Where `silence_ms` is not below 0, a loss of
 * contact is noticed in less than that (but not in less than four seconds), else in two minutes.
 * Returns 0, or -1 with errno EINVAL when it is no address.
 */
int peer_watch_open(struct peer_watch *line, const char *host, uint16_t port, int64_t silence_ms,
                    int64_t now_ms);
void peer_watch_close(struct peer_watch *line);

/* What to wait for in poll(2): a descriptor (below 0 for none), events, and until when (by
 * CLOCK_MONOTONIC; 0 for ever).
 */
int peer_watch_fd(const struct peer_watch *line);
short peer_watch_events(const struct peer_watch *line);
int64_t peer_watch_due_ms(const struct peer_watch *line);

/* Does what is due.  Never blocks. */
void peer_watch_process(struct peer_watch *line, int64_t now_ms);

#endif
