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

enum lifeline_state {
    LIFELINE_UNKNOWN, /* not tried yet, just lost, or tried in vain for reasons of this host */
    LIFELINE_UP,      /* connected */
    LIFELINE_REFUSED, /* the host answers, and nobody listens there */
    LIFELINE_SILENT,  /* no answer */
};

struct lifeline {
    /* To be read. */
    enum lifeline_state state;
    bool was_up;      /* at least once */
    int64_t heard_ms; /* when the other host was last heard of, by CLOCK_MONOTONIC */

    /* For peer_watch.c alone. */
    struct sockaddr_storage to;
    socklen_t to_len;
    int fd;
    enum { LIFELINE_RESTING, LIFELINE_CONNECTING, LIFELINE_HELD } phase;
    bool confirmed;
    int64_t due_ms; /* 0 for never */
    unsigned tries;
    struct keepalive keepalive;
};

/* Starts to connect.  `host` is a numeric address.  Where `silence_ms` is not below 0, a loss of
 * contact is noticed in less than that (but not in less than four seconds), else in two minutes.
 * Returns 0, or -1 with errno EINVAL when it is no address.
 */
int lifeline_open(struct lifeline *line, const char *host, uint16_t port, int64_t silence_ms,
                  int64_t now_ms);
void lifeline_close(struct lifeline *line);

/* What to wait for in poll(2): a descriptor (below 0 for none), events, and until when (by
 * CLOCK_MONOTONIC; 0 for ever).
 */
int lifeline_fd(const struct lifeline *line);
short lifeline_events(const struct lifeline *line);
int64_t lifeline_due_ms(const struct lifeline *line);

/* Does what is due.  Never blocks. */
void lifeline_process(struct lifeline *line, int64_t now_ms);

#endif
