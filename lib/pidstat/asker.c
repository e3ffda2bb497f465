/* The asker of asker.h: one epoll descriptor around all that it waits for.
 * Must not block, nor know what is asked. */
#include "asker.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/descriptor.h"
#include "net/port.h"
#include "replies.h"
#include "rounds.h"

enum {
    TRY_MS_DEFAULT = 1000,
    REPEAT_MS_DEFAULT = 1000,
    RATE_DEFAULT = 20000,
    MAX_PENDING_DEFAULT = 100000,
    MAX_SOCKETS_DEFAULT = 4096,
    EVENTS_A_TURN = 256,
};

static void take_deadlines(struct pidstat_asker *asker)
{
    int64_t now = clock_now_us();
    struct asker_question *question;

    while ((question = states_first_due(asker)) != NULL && question->due_us <= now)
        rounds_take_deadline(asker, question);
}

static void set_timer(struct pidstat_asker *asker)
{
    struct itimerspec at = {0};
    const struct asker_question *first = states_first_due(asker);
    int64_t due = rounds_next_turn(asker);

    if (first != NULL && first->due_us < due)
        due = first->due_us;
    if (due != INT64_MAX) {
        at.it_value.tv_sec = due / 1000000;
        /* All zero would mean never. */
        at.it_value.tv_nsec = due % 1000000 * 1000 + 1;
    }
    timerfd_settime(asker->timer_fd, TFD_TIMER_ABSTIME, &at, NULL);
}

static void on_timer(struct pidstat_asker *asker, struct asker_source *source)
{
    uint64_t ticks;

    (void)source;
    if (read(asker->timer_fd, &ticks, sizeof ticks) < 0)
        return;
}

static void on_resolved(struct pidstat_asker *asker, struct asker_source *source)
{
    (void)source;
    rounds_take_resolved(asker);
}

void pidstat_asker_process(struct pidstat_asker *asker)
{
    struct epoll_event event;

    /* One at a time: what one event calls may end what the next would be about. */
    for (int i = 0; i < EVENTS_A_TURN && epoll_wait(asker->epoll_fd, &event, 1, 0) == 1; i++) {
        struct asker_source *source = event.data.ptr;

        source->ready(asker, source);
        take_deadlines(asker);
        rounds_take_turns(asker);
        set_timer(asker);
    }
}

static int watch_fd(struct pidstat_asker *asker, int fd, struct asker_source *source,
                    asker_ready_fn *ready)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = source};

    source->ready = ready;
    return epoll_ctl(asker->epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

static void set_options(struct pidstat_asker *asker, const struct pidstat_asker_options *options)
{
    struct pidstat_asker_options *own = &asker->options;

    if (options != NULL)
        *own = *options;
    if (own->port == 0)
        own->port = port_default("pidstatd", "udp", PORT_PIDSTATD);
    if (own->try_ms <= 0)
        own->try_ms = TRY_MS_DEFAULT;
    if (own->repeat_ms <= 0)
        own->repeat_ms = REPEAT_MS_DEFAULT;
    if (own->rate == 0)
        own->rate = RATE_DEFAULT;
    if (own->max_pending == 0)
        own->max_pending = MAX_PENDING_DEFAULT;
    if (own->max_sockets == 0)
        own->max_sockets = MAX_SOCKETS_DEFAULT;
}

struct pidstat_asker *pidstat_asker_create(const struct pidstat_asker_options *options)
{
    struct pidstat_asker *asker = calloc(1, sizeof *asker);

    if (asker == NULL)
        return NULL;
    set_options(asker, options);
    states_init(asker);
    asker->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    asker->hosts = host_cache_create();
    asker->table = question_table_create();
    asker->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (pidstat_links_init(&asker->links, asker->options.max_sockets, asker->epoll_fd,
                           replies_receive) != 0 ||
        asker->hosts == NULL || asker->table == NULL || asker->timer_fd < 0 || asker->epoll_fd < 0)
        goto fail;
    if (watch_fd(asker, asker->timer_fd, &asker->timer, on_timer) != 0 ||
        watch_fd(asker, host_cache_fd(asker->hosts), &asker->resolved, on_resolved) != 0)
        goto fail;
    return asker;
fail:
    pidstat_asker_destroy(asker);
    return NULL;
}

void pidstat_asker_destroy(struct pidstat_asker *asker)
{
    int saved_errno = errno;
    struct asker_question *question;

    if (asker == NULL)
        return;
    while (asker->table != NULL && (question = question_table_any(asker->table)) != NULL)
        states_drop(asker, question);
    question_table_destroy(asker->table);
    host_cache_destroy(asker->hosts);
    turns_fini(&asker->turns);
    pidstat_links_fini(&asker->links);
    descriptor_close(asker->timer_fd);
    descriptor_close(asker->epoll_fd);
    free(asker);
    errno = saved_errno;
}

void pidstat_asker_set_port(struct pidstat_asker *asker, uint16_t port)
{
    asker->options.port = port;
}

void pidstat_asker_set_try_ms(struct pidstat_asker *asker, int try_ms)
{
    asker->options.try_ms = try_ms;
}

int pidstat_asker_fd(const struct pidstat_asker *asker)
{
    return asker->epoll_fd;
}

void pidstat_asker_wake(struct pidstat_asker *asker)
{
    const struct itimerspec long_ago = {.it_value = {.tv_nsec = 1}};

    timerfd_settime(asker->timer_fd, TFD_TIMER_ABSTIME, &long_ago, NULL);
}

struct asker_question *pidstat_asker_ask(struct pidstat_asker *asker,
                                         const struct pidstat_target *target,
                                         pidstat_asker_fn *function, void *context)
{
    struct asker_question *question;

    if (asker->pending >= asker->options.max_pending) {
        errno = EAGAIN;
        return NULL;
    }
    question = question_create(target, function, context);
    if (question == NULL)
        return NULL;
    question->host = host_cache_get(asker->hosts, target->host != NULL ? target->host : "localhost",
                                    clock_now_us());
    if (question->host == NULL) {
        free(question);
        return NULL;
    }
    question->line =
        turns_get(&asker->turns, target->client, &question->host->turns, clock_now_us());
    if (question->line == NULL) {
        host_cache_put(asker->hosts, question->host);
        free(question);
        return NULL;
    }
    question_table_add(asker->table, question);
    asker->pending++;
    states_begin(asker, question);
    set_timer(asker);
    return question;
}

void pidstat_asker_cancel(struct pidstat_asker *asker, struct asker_question *question)
{
    if (question->calling)
        question->cancelled = true;
    else
        states_drop(asker, question);
}

void pidstat_asker_hurry(struct pidstat_asker *asker, struct asker_question *question)
{
    question->flags |= ASK_URGENT;
    if (states_waits_for_turn(question))
        states_enqueue(asker, question);
}

bool pidstat_asker_is_unasked(const struct asker_question *question)
{
    return question->sent_us == 0;
}

size_t pidstat_asker_pending(const struct pidstat_asker *asker)
{
    return asker->pending;
}
