/* Who is connected to a service, and whether he may be: by address, by number, by what he does.
 *
 * libevent's server tells when a request has come, and not when a connection has ended.  So each
 * is remembered by its descriptor and its socket's cookie (SO_COOKIE of socket(7)), by which it is
 * seen whether it still is the one.
 */
#ifndef FARMLOCK_HTTP_VISITORS_H
#define FARMLOCK_HTTP_VISITORS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "net/cidr.h"

struct bufferevent;
struct event;
struct event_base;

enum {
    VISITORS_MOST = 512,
    VISITORS_QUIET_S = 30, /* how long one may take to say what it wants */
    VISITORS_BUSY_S = 120, /* and to take the answer */
};

struct visitor {
    int fd; /* -1: nobody */
    uint64_t cookie;
    uint64_t from; /* its address, or its network of IPv6 */
    int64_t since_ms;
    bool is_busy; /* it is being answered */
    bool stays;   /* it follows events */
};

struct visitors {
    struct event *check;
    struct visitor all[VISITORS_MOST];
    unsigned most, count;
    struct bufferevent **arrived; /* that were not looked at yet */
    unsigned arrived_count, arrived_room;
    pthread_mutex_t lock; /* of the next */
    struct cidr_list allow;
    atomic_uint now;
    atomic_ullong accepted, turned_away;
};

/* All 0 before. */
void visitors_init(struct visitors *visitors);
void visitors_fini(struct visitors *visitors);

/* Begins to let visitors in, from that loop.  -1 with errno ENOMEM. */
int visitors_start(struct visitors *visitors, struct event_base *base);

/* Whom to let in, of which it takes the memory; in any thread. */
void visitors_set_allow(struct visitors *visitors, struct cidr_list *allow);

/* For evhttp_set_bevcb(): makes what a new connection is served by. */
struct bufferevent *visitors_make(struct event_base *base, void *visitors);

/* Whose connection it is; NULL: of nobody who was let in. */
struct visitor *visitors_find(struct visitors *visitors, int fd);

/* It is being answered from now on, or no more. */
void visitors_set_busy(struct visitor *visitor, bool is_busy);

/* Shows those out who were here long enough.  To be called each second. */
void visitors_sweep(struct visitors *visitors);

#endif
