/* Recently asked processes behind pidfds that stay open.  Until its pidfd says that it has ended, a
 * process has its pid, start and existence: the kernel gives the pid to nobody else meanwhile.
 * Must not say that one has ended, or is another, without a look; nor that it lives by what was
 * heard before it was asked. */
#include "recent.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/descriptor.h"
#include "process/process.h"

enum {
    SHARE_OF_DESCRIPTORS = 8,
    EVENTS = 64,
    BUCKETS = 4096,
    SCARCE_MS = 60000,
    /* Where all are asked for in turns, and are more than may be kept, each would make room for the
     * next, for more than a look costs, and none would be there when its turn comes. */
    ONE_OF = 8,
};

struct place {
    LIST_ENTRY(place) in_bucket;
    TAILQ_ENTRY(place) in_use; /* or unused */
    pid_t pid;
    int fd;
    uint32_t times; /* it was left: tells an event of one process from another's */
    uint64_t start; /* 0: not read yet, or hidden */
    bool has_ended; /* as was seen when the start was read */
};

LIST_HEAD(place_bucket, place);
TAILQ_HEAD(place_list, place);

struct recent {
    struct place_list used; /* the one that was asked for last is the first */
    struct place_list unused;
    struct place_bucket buckets[BUCKETS];
    size_t count, max;
    size_t had;              /* places that were in use ever, */
    size_t room;             /* of so many */
    unsigned strangers;      /* that have come while there was no room */
    int64_t scarce_until_ms; /* as long as that `max` is less */
    int epoll_fd;
    bool has_heard; /* of all ends since recent_begin() */
    struct place places[];
};

size_t recent_share(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 0;
    return limit.rlim_cur / SHARE_OF_DESCRIPTORS < RECENT_MAX
               ? (size_t)(limit.rlim_cur / SHARE_OF_DESCRIPTORS)
               : RECENT_MAX;
}

struct recent *recent_create(size_t max)
{
    struct recent *recent = calloc(1, sizeof *recent + max * sizeof recent->places[0]);

    if (recent == NULL)
        return NULL;
    TAILQ_INIT(&recent->used);
    TAILQ_INIT(&recent->unused);
    recent->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    recent->room = recent->max = recent->epoll_fd >= 0 ? max : 0;
    return recent;
}

static void forget(struct recent *recent, struct place *place)
{
    /* Takes it out of the epoll set, too; but where a process that we have forked holds a copy, it
     * may yet tell of its end. */
    descriptor_close(place->fd);
    place->times++;
    LIST_REMOVE(place, in_bucket);
    TAILQ_REMOVE(&recent->used, place, in_use);
    TAILQ_INSERT_HEAD(&recent->unused, place, in_use);
    recent->count--;
}

static void forget_last(struct recent *recent)
{
    struct place *last = TAILQ_LAST(&recent->used, place_list);

    if (last != NULL)
        forget(recent, last);
}

void recent_destroy(struct recent *recent)
{
    if (recent == NULL)
        return;
    while (recent->count > 0)
        forget_last(recent);
    descriptor_close(recent->epoll_fd);
    free(recent);
}

void recent_begin(struct recent *recent)
{
    recent->has_heard = false;
}

static void take_event(struct recent *recent, uint64_t data)
{
    struct place *place = &recent->places[data & UINT32_MAX];

    if (place->times == data >> 32)
        forget(recent, place);
}

/* The kernel notes an end in the set before a parent can hear of it. */
static void hear_of_ends(struct recent *recent)
{
    struct epoll_event events[EVENTS];
    int count;

    do {
        count = epoll_wait(recent->epoll_fd, events, EVENTS, 0);
        for (int i = 0; i < count; i++)
            take_event(recent, events[i].data.u64);
    } while (count == EVENTS);
    while (count < 0 && recent->count > 0)
        forget_last(recent);
    recent->has_heard = true;
}

static struct place_bucket *bucket_of(struct recent *recent, pid_t pid)
{
    return &recent->buckets[(size_t)pid % BUCKETS];
}

static struct place *find(struct recent *recent, pid_t pid)
{
    struct place *place;

    LIST_FOREACH(place, bucket_of(recent, pid), in_bucket)
    {
        if (place->pid == pid)
            return place;
    }
    return NULL;
}

/* One that lives. */
static struct place *find_living(struct recent *recent, pid_t pid)
{
    struct place *place = find(recent, pid);

    if (place == NULL || recent->has_heard)
        return place;
    hear_of_ends(recent);
    return find(recent, pid);
}

bool recent_give_back(struct recent *recent)
{
    size_t rest = recent->count - (recent->count + 3) / 4;

    if (recent->count == 0)
        return false;
    recent->max = rest;
    recent->scarce_until_ms = clock_now_ms() + SCARCE_MS;
    while (recent->count > rest)
        forget_last(recent);
    return true;
}

static int open_process(struct recent *recent, pid_t pid)
{
    int fd;

    do {
        fd = process_open(pid, 0);
    } while (fd < 0 && (errno == EMFILE || errno == ENFILE) && recent_give_back(recent));
    return fd;
}

static int watch(const struct recent *recent, const struct place *place, int fd)
{
    /* Once, as nobody could stop an event of one that was closed here and not elsewhere. */
    struct epoll_event event = {
        .events = EPOLLIN | EPOLLONESHOT,
        .data.u64 = (uint64_t)place->times << 32 | (uint64_t)(place - recent->places),
    };

    return epoll_ctl(recent->epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

/* A place in `unused`, or NULL. */
static struct place *make_room(struct recent *recent)
{
    if (recent->max < recent->room && clock_now_ms() >= recent->scarce_until_ms)
        recent->max = recent->room;
    if (recent->count >= recent->max && ++recent->strangers % ONE_OF == 0)
        forget_last(recent);
    if (recent->count >= recent->max)
        return NULL;
    if (TAILQ_EMPTY(&recent->unused)) {
        struct place *place = &recent->places[recent->had++];

        TAILQ_INSERT_HEAD(&recent->unused, place, in_use);
    }
    return TAILQ_FIRST(&recent->unused);
}

/* NULL where it cannot be kept, or is not to be. */
static struct place *keep(struct recent *recent, pid_t pid, int fd)
{
    struct place *place = make_room(recent);

    if (place == NULL || watch(recent, place, fd) != 0)
        return NULL;
    TAILQ_REMOVE(&recent->unused, place, in_use);
    place->pid = pid;
    place->fd = fd;
    place->start = 0;
    place->has_ended = false;
    TAILQ_INSERT_HEAD(&recent->used, place, in_use);
    LIST_INSERT_HEAD(bucket_of(recent, pid), place, in_bucket);
    recent->count++;
    return place;
}

static void use(struct recent *recent, struct place *place)
{
    if (place == TAILQ_FIRST(&recent->used))
        return;
    TAILQ_REMOVE(&recent->used, place, in_use);
    TAILQ_INSERT_HEAD(&recent->used, place, in_use);
}

/* What was read is its own if it has the pid still. */
static void read_start(struct recent *recent, struct place *place)
{
    do {
        errno = 0;
        place->start = process_start_time(place->pid);
    } while (place->start == 0 && (errno == EMFILE || errno == ENFILE) && recent->count > 1 &&
             recent_give_back(recent));
    place->has_ended = process_has_ended(place->fd);
}

static enum pidstat_state judge(struct recent *recent, struct place *place, uint64_t start,
                                uint64_t *started)
{
    if ((start != 0 || started != NULL) && place->start == 0)
        read_start(recent, place);
    if (place->has_ended)
        return PIDSTAT_GONE;
    if (start != 0 && start != place->start)
        return place->start == 0 ? PIDSTAT_UNKNOWN : PIDSTAT_GONE;
    if (started != NULL)
        *started = place->start;
    return PIDSTAT_EXISTS;
}

static enum pidstat_state judge_kept(struct recent *recent, struct place *place, uint64_t start,
                                     uint64_t *started)
{
    enum pidstat_state state;

    use(recent, place);
    state = judge(recent, place, start, started);
    if (place->has_ended)
        forget(recent, place);
    return state;
}

/* For what cannot be opened: the ids of threads, and kernels without pidfd. */
static enum pidstat_state look(pid_t pid, uint64_t start, uint64_t *started)
{
    enum pidstat_state state = process_lookup(pid, start);

    if (started != NULL && state == PIDSTAT_EXISTS)
        *started = process_start_time(pid);
    return state;
}

static enum pidstat_state judge_stranger(struct recent *recent, pid_t pid, uint64_t start,
                                         uint64_t *started)
{
    struct place passing = {.pid = pid, .fd = open_process(recent, pid)}, *place;
    enum pidstat_state state;

    if (passing.fd < 0)
        return errno == ESRCH ? PIDSTAT_GONE : look(pid, start, started);
    place = keep(recent, pid, passing.fd);
    if (place != NULL)
        return judge_kept(recent, place, start, started);
    state = judge(recent, &passing, start, started);
    descriptor_close(passing.fd);
    return state;
}

enum pidstat_state recent_look_up(struct recent *recent, pid_t pid, uint64_t start,
                                  uint64_t *started)
{
    int saved_errno = errno;
    struct place *place = find_living(recent, pid);
    enum pidstat_state state = place != NULL ? judge_kept(recent, place, start, started)
                                             : judge_stranger(recent, pid, start, started);

    errno = saved_errno;
    return state;
}

size_t recent_count(const struct recent *recent)
{
    return recent->count;
}
