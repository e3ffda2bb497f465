/* Who is at the other end of a socket, as far as the kernel vouches for it.
 *
 * A UNIX socket has the effective uid of the process that connected it, at that moment
 * (SO_PEERCRED, unix(7)): also after a setuid(2), a fork(2) and of a descriptor that was passed on.
 * It says who opened the connection, and proves no pid.
 */
#ifndef FARMLOCK_AUTH_PEER_H
#define FARMLOCK_AUTH_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "base/ip_text.h"

/* What a uid means in this process's user namespace, see user_namespaces(7). */
struct auth_uids {
    bool is_whole;  /* all uids of the machine are there, and 0 is its root */
    uid_t overflow; /* what stands for those that are not */
};

/* Looks into /proc; what cannot be read is taken for a namespace with few uids. */
void auth_uids_init(struct auth_uids *uids);

struct auth_peer {
    bool is_proven, is_root;    /* root of the machine, that is */
    uid_t uid;                  /* 0 unless it is proven */
    unsigned char ip[IP_BYTES]; /* all 0 for a UNIX socket */
};

/* Fills *peer for a connected socket whose other end has `address`, as accept(2) wrote it. */
void auth_peer_init(struct auth_peer *peer, int fd, const struct sockaddr *address,
                    const struct auth_uids *uids);

/* The pid of the process that has connected a UNIX socket, in our pid namespace, wherever that
 * process is: its own then, which may be another's by now.  0 where it is not known. */
pid_t auth_peer_pid(int fd);

/* Reads the groups of who has connected a UNIX socket into an array for the caller to free(3), and
 * their number.  Returns NULL where they are not known. */
gid_t *auth_peer_groups(int fd, size_t *count);

/* Whether an address is one of this machine's own.  But for 127.0.0.1 and ::1 it asks the kernel
 * for all that it has, once a second and thread, and believes the first 256. */
bool auth_peer_is_here(const unsigned char ip[IP_BYTES]);

#endif
