/* Who is at the other end of a socket, by the kernel's word.
 * Must not believe what is sent through it. */
#include "peer.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "process/user_namespace.h"

enum { GROUPS_FIRST = 64, OWN_MOST = 256, OWN_FRESH_MS = 1000 };

void auth_uids_init(struct auth_uids *uids)
{
    uids->is_whole = user_namespace_is_whole();
    uids->overflow = user_namespace_overflow();
}

static void take_ip(struct auth_peer *peer, const struct sockaddr *address)
{
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};

    if (address->sa_family == AF_INET6) {
        memcpy(peer->ip, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr,
               IP_BYTES);
    } else if (address->sa_family == AF_INET) {
        memcpy(peer->ip, mapped, sizeof mapped);
        memcpy(peer->ip + sizeof mapped,
               &((const struct sockaddr_in *)(const void *)address)->sin_addr, 4);
    }
}

void auth_peer_init(struct auth_peer *peer, int fd, const struct sockaddr *address,
                    const struct auth_uids *uids)
{
    struct ucred ucred;
    socklen_t len = sizeof ucred;

    *peer = (struct auth_peer){0};
    if (address->sa_family != AF_UNIX) {
        take_ip(peer, address);
        return;
    }
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &ucred, &len) != 0 || ucred.uid == (uid_t)-1)
        return;
    /* All that are not mapped look alike: it may be any of them. */
    if (!uids->is_whole && ucred.uid == uids->overflow)
        return;
    peer->is_proven = true;
    peer->uid = ucred.uid;
    peer->is_root = uids->is_whole && ucred.uid == 0;
}

pid_t auth_peer_pid(int fd)
{
    struct ucred ucred;
    socklen_t len = sizeof ucred;

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &ucred, &len) == 0 ? ucred.pid : 0;
}

gid_t *auth_peer_groups(int fd, size_t *count)
{
    socklen_t len = GROUPS_FIRST * sizeof(gid_t);
    gid_t *groups = NULL;

    /* The second time it is as long as the kernel has said. */
    for (int i = 0; i < 2; i++) {
        gid_t *larger = realloc(groups, len);

        if (larger == NULL)
            break;
        groups = larger;
        if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len) == 0) {
            *count = len / sizeof *groups;
            return groups;
        }
    }
    free(groups);
    return NULL;
}

/* This machine's addresses, as they were a moment ago: who asks about one may ask about thousands,
 * and the kernel takes its time. */
struct own_addresses {
    int64_t read_ms; /* 0: never */
    size_t count;
    unsigned char ips[OWN_MOST][IP_BYTES];
};

static void read_own(struct own_addresses *own)
{
    struct ifaddrs *all;

    own->read_ms = clock_now_ms();
    own->count = 0;
    if (getifaddrs(&all) != 0)
        return;
    for (const struct ifaddrs *one = all; one != NULL && own->count < OWN_MOST;
         one = one->ifa_next) {
        struct auth_peer peer = {0};

        if (one->ifa_addr != NULL)
            take_ip(&peer, one->ifa_addr);
        if (ip_text_is_known(peer.ip))
            memcpy(own->ips[own->count++], peer.ip, IP_BYTES);
    }
    freeifaddrs(all);
}

bool auth_peer_is_here(const unsigned char ip[IP_BYTES])
{
    static const unsigned char v4[IP_BYTES] = {[10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1};
    static const unsigned char v6[IP_BYTES] = {[15] = 1};
    static _Thread_local struct own_addresses own;

    if (memcmp(ip, v4, IP_BYTES) == 0 || memcmp(ip, v6, IP_BYTES) == 0)
        return true;
    if (own.read_ms == 0 || clock_now_ms() - own.read_ms >= OWN_FRESH_MS)
        read_own(&own);
    for (size_t i = 0; i < own.count; i++) {
        if (memcmp(own.ips[i], ip, IP_BYTES) == 0)
            return true;
    }
    return false;
}
