/* The asking side's sockets: one for each address that is asked, connected to it, so that the
 * kernel lets through what comes from there and nothing else. */
#ifndef FARMLOCK_PIDSTAT_LINKS_H
#define FARMLOCK_PIDSTAT_LINKS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/tree.h"
#include "source.h"

struct pidstat_link {
    struct asker_source source; /* that datagrams, or refusals, have come */
    struct tree_node by_address;
    TAILQ_ENTRY(pidstat_link) in_use; /* the one that was used longest ago comes first */
    struct sockaddr_in6 address;      /* IPv4 in its mapped form */
    int fd;
};

struct pidstat_links {
    struct tree by_address;
    TAILQ_HEAD(link_queue, pidstat_link) in_use;
    asker_ready_fn *ready; /* for each of them */
    size_t count, max;
    int epoll_fd;
    int spare; /* a descriptor for a socket where there are no others to be had; or -1 */
};

/* At most `max` sockets are kept, in a set of epoll(7) that stays the caller's.  Returns 0, or -1
 * with errno where there is not even a descriptor for one; pidstat_links_fini() is called then,
 * too.
 */
int pidstat_links_init(struct pidstat_links *links, size_t max, int epoll_fd,
                       asker_ready_fn *ready);
void pidstat_links_fini(struct pidstat_links *links);

/* Sends a datagram to a port of an address, whose own port does not count.  Returns 0, or -1 with
 * errno; EAGAIN and ENOBUFS mean later, others that this address cannot be reached.  May close the
 * socket that was used longest ago.
 */
int pidstat_links_send(struct pidstat_links *links, const struct sockaddr *address, uint16_t port,
                       const char *text, size_t len);

/* Closes the socket of a port of an address, if there is one. */
void pidstat_links_forget(struct pidstat_links *links, const struct sockaddr *address,
                          uint16_t port);

#endif
