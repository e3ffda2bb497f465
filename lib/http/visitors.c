/* Who is connected, and may be.
 * Must not look at what a visitor says. */
#include "visitors.h"

#include <errno.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "base/clock.h"

enum {
    PART_OF_ONE = 4, /* of all places, so many at most are one address's */
    DESCRIPTORS_PART = 32,
    FEW = 16,
    INPUT_MOST = 16 * 1024, /* bytes that are read ahead of what is served */
};

/* A few of what the process may have: clients of its own service come first. */
static unsigned places(void)
{
    struct rlimit limit;
    rlim_t part = FEW;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur / DESCRIPTORS_PART > FEW)
        part = limit.rlim_cur / DESCRIPTORS_PART;
    return part < VISITORS_MOST ? (unsigned)part : VISITORS_MOST;
}

static bool is_there(const struct visitor *visitor)
{
    uint64_t cookie = 0;
    socklen_t len = sizeof cookie;

    return getsockopt(visitor->fd, SOL_SOCKET, SO_COOKIE, &cookie, &len) == 0 &&
           cookie == visitor->cookie;
}

static void forget(struct visitors *visitors, struct visitor *visitor)
{
    visitor->fd = -1;
    visitors->count--;
    atomic_store(&visitors->now, visitors->count);
}

static void forget_those_who_left(struct visitors *visitors)
{
    for (unsigned i = 0; i < visitors->most; i++) {
        if (visitors->all[i].fd >= 0 && !is_there(&visitors->all[i]))
            forget(visitors, &visitors->all[i]);
    }
}

/* libevent closes it when it sees the end. */
static void show_out(struct visitors *visitors, struct visitor *visitor)
{
    shutdown(visitor->fd, SHUT_RDWR);
    forget(visitors, visitor);
}

static void turn_away(struct visitors *visitors, int fd)
{
    atomic_fetch_add(&visitors->turned_away, 1);
    shutdown(fd, SHUT_RDWR);
}

/* A network of IPv6 of the usual size is one's. */
static uint64_t from_of(const struct sockaddr *address)
{
    uint64_t from = 0;

    if (address->sa_family == AF_INET)
        from = ((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr;
    else if (address->sa_family == AF_INET6)
        memcpy(&from, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr, 8);
    return from;
}

static unsigned count_from(const struct visitors *visitors, uint64_t from)
{
    unsigned count = 0;

    for (unsigned i = 0; i < visitors->most; i++)
        count += visitors->all[i].fd >= 0 && visitors->all[i].from == from;
    return count;
}

/* Who asks for nothing makes room for who comes. */
static void make_room(struct visitors *visitors)
{
    struct visitor *quietest = NULL;

    for (unsigned i = 0; i < visitors->most; i++) {
        struct visitor *visitor = &visitors->all[i];

        if (visitor->fd >= 0 && !visitor->is_busy &&
            (quietest == NULL || visitor->since_ms < quietest->since_ms))
            quietest = visitor;
    }
    if (quietest != NULL)
        show_out(visitors, quietest);
}

static struct visitor *find_place(struct visitors *visitors, uint64_t from)
{
    if (visitors->count == visitors->most ||
        count_from(visitors, from) >= visitors->most / PART_OF_ONE)
        forget_those_who_left(visitors);
    if (count_from(visitors, from) >= visitors->most / PART_OF_ONE)
        return NULL;
    if (visitors->count == visitors->most)
        make_room(visitors);
    for (unsigned i = 0; i < visitors->most; i++) {
        if (visitors->all[i].fd < 0)
            return &visitors->all[i];
    }
    return NULL;
}

static bool is_allowed(struct visitors *visitors, const struct sockaddr *address)
{
    bool allowed;

    pthread_mutex_lock(&visitors->lock);
    allowed = cidr_list_admits(&visitors->allow, address);
    pthread_mutex_unlock(&visitors->lock);
    return allowed;
}

static void take(struct visitors *visitors, int fd)
{
    union {
        struct sockaddr any;
        struct sockaddr_storage storage;
    } address = {.any.sa_family = AF_UNSPEC};
    socklen_t len = sizeof address, cookie_len = sizeof(uint64_t);
    struct visitor *visitor;
    uint64_t cookie;

    if (getpeername(fd, &address.any, &len) != 0)
        return;
    if (!is_allowed(visitors, &address.any) ||
        getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &cookie_len) != 0 ||
        (visitor = find_place(visitors, from_of(&address.any))) == NULL) {
        turn_away(visitors, fd);
        return;
    }
    *visitor = (struct visitor){
        .fd = fd, .cookie = cookie, .from = from_of(&address.any), .since_ms = clock_now_ms()};
    visitors->count++;
    atomic_store(&visitors->now, visitors->count);
    atomic_fetch_add(&visitors->accepted, 1);
}

/* Behind the handler that has accepted them, and before the loop looks at any of their bytes. */
static void on_check(evutil_socket_t fd, short events, void *context)
{
    struct visitors *visitors = context;

    (void)fd;
    (void)events;
    for (unsigned i = 0; i < visitors->arrived_count; i++)
        take(visitors, bufferevent_getfd(visitors->arrived[i]));
    visitors->arrived_count = 0;
}

/* Who could not be noted is nobody who was let in, and gets no answer. */
static void note_arrival(struct visitors *visitors, struct bufferevent *arrived)
{
    if (visitors->arrived_count == visitors->arrived_room) {
        unsigned room = visitors->arrived_room * 2 + FEW;
        struct bufferevent **more = realloc(visitors->arrived, room * sizeof(struct bufferevent *));

        if (more == NULL)
            return;
        visitors->arrived = more;
        visitors->arrived_room = room;
    }
    visitors->arrived[visitors->arrived_count++] = arrived;
    event_active(visitors->check, EV_TIMEOUT, 0);
}

struct bufferevent *visitors_make(struct event_base *base, void *context)
{
    struct bufferevent *made = bufferevent_socket_new(base, -1, 0);

    if (made == NULL)
        return NULL;
    bufferevent_setwatermark(made, EV_READ, 0, INPUT_MOST);
    note_arrival(context, made);
    return made;
}

struct visitor *visitors_find(struct visitors *visitors, int fd)
{
    for (unsigned i = 0; fd >= 0 && i < visitors->most; i++) {
        if (visitors->all[i].fd == fd && is_there(&visitors->all[i]))
            return &visitors->all[i];
    }
    return NULL;
}

void visitors_set_busy(struct visitor *visitor, bool is_busy)
{
    visitor->is_busy = is_busy;
    visitor->since_ms = clock_now_ms();
}

void visitors_sweep(struct visitors *visitors)
{
    int64_t now_ms = clock_now_ms();

    forget_those_who_left(visitors);
    for (unsigned i = 0; i < visitors->most; i++) {
        struct visitor *visitor = &visitors->all[i];
        int64_t most_s = visitor->is_busy ? VISITORS_BUSY_S : VISITORS_QUIET_S;

        if (visitor->fd >= 0 && !visitor->stays && now_ms - visitor->since_ms > most_s * 1000)
            show_out(visitors, visitor);
    }
}

void visitors_set_allow(struct visitors *visitors, struct cidr_list *allow)
{
    struct cidr_list before;

    pthread_mutex_lock(&visitors->lock);
    before = visitors->allow;
    visitors->allow = *allow;
    pthread_mutex_unlock(&visitors->lock);
    *allow = (struct cidr_list){0};
    cidr_list_fini(&before);
}

void visitors_init(struct visitors *visitors)
{
    for (unsigned i = 0; i < VISITORS_MOST; i++)
        visitors->all[i].fd = -1;
    pthread_mutex_init(&visitors->lock, NULL);
}

int visitors_start(struct visitors *visitors, struct event_base *base)
{
    visitors->most = places();
    visitors->check = event_new(base, -1, 0, on_check, visitors);
    if (visitors->check != NULL)
        return 0;
    errno = ENOMEM;
    return -1;
}

void visitors_fini(struct visitors *visitors)
{
    if (visitors->check != NULL)
        event_free(visitors->check);
    free(visitors->arrived);
    cidr_list_fini(&visitors->allow);
    pthread_mutex_destroy(&visitors->lock);
}
