/* Watches by asker and process: one pidfd a process, however many ask about it.
 * Must not send anything itself, nor keep a watch that nobody renews. */
#include "watch.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>
#include <unistd.h>

#include "asker.h"
#include "base/clock.h"
#include "base/siphash.h"
#include "process/process.h"

/* `buckets` grows with neither: the table is sized once for its bound. */
enum { BUCKETS_MIN = 64, BUCKETS_MAX = 65536 };

struct watch {
    LIST_ENTRY(watch) in_bucket;
    LIST_ENTRY(watch) in_process;
    TAILQ_ENTRY(watch) in_age;
    struct watched_process *process;
    struct watch_route route;
    int64_t expires_s;
    char *text;
    size_t len;
};

struct watched_process {
    LIST_ENTRY(watched_process) in_bucket;
    LIST_HEAD(watch_list, watch) watches;
    struct watch_table *table;
    struct event *event;
    int fd;
    pid_t pid;
};

LIST_HEAD(watch_bucket, watch);
LIST_HEAD(process_bucket, watched_process);

struct watch_table {
    size_t max, count, buckets;
    struct watch_bucket *watches;
    struct process_bucket *processes;
    TAILQ_HEAD(watch_age, watch) by_age; /* the one that expires first is the first */
    struct event_base *base;
    struct event *sweep;
    watch_send_fn *send;
    void (*flush)(void *context);
    void *context;
    struct siphash_key key;
};

static int64_t now_s(void)
{
    return clock_now_ms() / 1000;
}

static struct watch_bucket *watch_bucket(struct watch_table *table, const struct watch_route *route,
                                         pid_t pid)
{
    uint64_t hash = siphash(&table->key, &route->asker, route->asker_len);

    return &table->watches[(hash ^ (uint64_t)pid * 0x9e3779b97f4a7c15U) % table->buckets];
}

static struct process_bucket *process_bucket(struct watch_table *table, pid_t pid)
{
    return &table->processes[(size_t)pid % table->buckets];
}

static void process_free(struct watched_process *process)
{
    LIST_REMOVE(process, in_bucket);
    if (process->event != NULL)
        event_free(process->event);
    close(process->fd);
    free(process);
}

static void watch_free(struct watch *watch)
{
    struct watched_process *process = watch->process;

    process->table->count--;
    LIST_REMOVE(watch, in_bucket);
    LIST_REMOVE(watch, in_process);
    TAILQ_REMOVE(&process->table->by_age, watch, in_age);
    free(watch->text);
    free(watch);
    if (LIST_EMPTY(&process->watches))
        process_free(process);
}

static void on_process_end(evutil_socket_t fd, short what, void *arg)
{
    struct watched_process *process = arg;
    struct watch_table *table = process->table;
    struct watch *watch, *next;

    (void)fd;
    (void)what;
    LIST_FOREACH(watch, &process->watches, in_process)
    {
        table->send(table->context, &watch->route, watch->text, watch->len);
    }
    table->flush(table->context);
    /* The last watch takes the process with it. */
    for (watch = LIST_FIRST(&process->watches); watch != NULL; watch = next) {
        next = LIST_NEXT(watch, in_process);
        watch_free(watch);
    }
}

static void on_sweep(evutil_socket_t fd, short what, void *arg)
{
    struct watch_table *table = arg;
    struct watch *watch;
    int64_t now = now_s();

    (void)fd;
    (void)what;
    /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): it is out of the list when it is freed */
    while ((watch = TAILQ_FIRST(&table->by_age)) != NULL && watch->expires_s <= now)
        watch_free(watch);
}

static size_t bucket_count(size_t max)
{
    size_t count = BUCKETS_MIN;

    while (count < max && count < BUCKETS_MAX)
        count *= 2;
    return count;
}

struct watch_table *watch_table_create(struct event_base *base, size_t max, watch_send_fn *send,
                                       void (*flush)(void *context), void *context)
{
    const struct timeval every = {.tv_sec = 1};
    struct watch_table *table = calloc(1, sizeof *table);

    if (table == NULL)
        return NULL;
    TAILQ_INIT(&table->by_age);
    siphash_key_init(&table->key);
    table->base = base;
    table->max = max;
    table->send = send;
    table->flush = flush;
    table->context = context;
    table->buckets = bucket_count(max);
    table->watches = calloc(table->buckets, sizeof *table->watches);
    table->processes = calloc(table->buckets, sizeof *table->processes);
    table->sweep = event_new(base, -1, EV_PERSIST, on_sweep, table);
    if (table->watches == NULL || table->processes == NULL || table->sweep == NULL ||
        event_add(table->sweep, &every) != 0) {
        watch_table_destroy(table);
        errno = ENOMEM;
        return NULL;
    }
    return table;
}

void watch_table_destroy(struct watch_table *table)
{
    int saved_errno = errno;

    if (table == NULL)
        return;
    while (!TAILQ_EMPTY(&table->by_age))
        watch_free(TAILQ_FIRST(&table->by_age)); /* NOLINT(clang-analyzer-unix.Malloc) */
    if (table->sweep != NULL)
        event_free(table->sweep);
    free(table->watches);
    free(table->processes);
    free(table);
    errno = saved_errno;
}

/* One that has ended while its event still waits its turn is told about first: its pid may be
 * another process's by now. */
static struct watched_process *find_process(struct watch_table *table, pid_t pid)
{
    struct watched_process *process;

    LIST_FOREACH(process, process_bucket(table, pid), in_bucket)
    {
        if (process->pid == pid)
            break;
    }
    if (process != NULL && process_has_ended(process->fd)) {
        on_process_end(process->fd, EV_READ, process);
        process = NULL;
    }
    return process;
}

static struct watched_process *add_process(struct watch_table *table, pid_t pid, uint64_t start)
{
    struct watched_process *process;
    int fd = process_open(pid, start);

    if (fd < 0)
        return NULL;
    process = calloc(1, sizeof *process);
    if (process == NULL) {
        close(fd);
        errno = ENOMEM;
        return NULL;
    }
    process->table = table;
    process->fd = fd;
    process->pid = pid;
    LIST_INSERT_HEAD(process_bucket(table, pid), process, in_bucket);
    process->event = event_new(table->base, fd, EV_READ, on_process_end, process);
    if (process->event == NULL || event_add(process->event, NULL) != 0) {
        process_free(process);
        errno = ENOMEM;
        return NULL;
    }
    return process;
}

static bool is_of_asker(const struct watch *watch, const struct watch_route *route)
{
    return watch->route.asker_len == route->asker_len &&
           memcmp(&watch->route.asker, &route->asker, route->asker_len) == 0;
}

/* That of the question; or where its asker has many of this process, the one that was renewed the
 * longest ago, which is the last of the bucket, to be the question's. */
static struct watch *find_watch(struct watch_table *table, const struct watch_route *route,
                                const struct watched_process *process, pid_t pid)
{
    struct watch *watch, *oldest = NULL;
    int count = 0;

    LIST_FOREACH(watch, watch_bucket(table, route, pid), in_bucket)
    {
        if (watch->process != process || !is_of_asker(watch, route))
            continue;
        if (watch->route.question == route->question)
            return watch;
        count++;
        oldest = watch;
    }
    return count >= WATCHES_OF_AN_ASKER ? oldest : NULL;
}

static struct watch *add_watch(struct watch_table *table, const struct watch_route *route,
                               struct watched_process *process, pid_t pid, uint64_t start)
{
    struct watch *watch;

    if (table->count >= table->max) {
        errno = ENOSPC;
        return NULL;
    }
    watch = calloc(1, sizeof *watch);
    if (watch == NULL)
        return NULL;
    if (process == NULL)
        process = add_process(table, pid, start);
    if (process == NULL) {
        int saved_errno = errno;

        free(watch);
        errno = saved_errno;
        return NULL;
    }
    watch->process = process;
    LIST_INSERT_HEAD(&process->watches, watch, in_process);
    LIST_INSERT_HEAD(watch_bucket(table, route, pid), watch, in_bucket);
    TAILQ_INSERT_TAIL(&table->by_age, watch, in_age);
    table->count++;
    return watch;
}

int watch_table_renew(struct watch_table *table, const struct watch_route *route, pid_t pid,
                      uint64_t start, const char *text, size_t len)
{
    struct watched_process *process;
    struct watch *watch;
    char *copy = malloc(len);

    if (copy == NULL)
        return -1;
    process = find_process(table, pid);
    watch = find_watch(table, route, process, pid);
    if (watch == NULL)
        watch = add_watch(table, route, process, pid, start);
    if (watch == NULL) {
        int saved_errno = errno;

        free(copy);
        errno = saved_errno;
        return -1;
    }
    memcpy(copy, text, len);
    free(watch->text);
    watch->text = copy;
    watch->len = len;
    watch->route = *route;
    watch->expires_s = now_s() + PIDSTAT_WATCH_LEASE_S;
    LIST_REMOVE(watch, in_bucket);
    LIST_INSERT_HEAD(watch_bucket(table, route, pid), watch, in_bucket);
    TAILQ_REMOVE(&table->by_age, watch, in_age);
    TAILQ_INSERT_TAIL(&table->by_age, watch, in_age);
    return 0;
}

size_t watch_table_count(const struct watch_table *table)
{
    return table->count;
}
