/* The thread that stands by or leads, and keeps batches in etcd, as many at a time as have come.
 * Must not hold the mutex while it asks etcd. */
#include "etcd_engine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/descriptor.h"
#include "base/thread.h"
#include "error.h"
#include "etcd_copy.h"
#include "etcd_outlook.h"
#include "etcd_say.h"
#include "store/etcd/replica_step.h"

enum {
    TIMER_SLACK_NS = 1000,
    IDLE_MS = 60000,
    ALONE_LEAST_MS = 5000, /* a loop that has much to do at a time does not hang */
    ALONE_LOOK_MS = 100,
};

void etcd_engine_forget_queue(struct etcd_engine *self)
{
    store_batch_destroy_all(&self->queue);
    self->gather.queued = 0;
}

static void forget_batches(struct etcd_engine *self)
{
    etcd_engine_forget_queue(self);
    store_batch_destroy_all(&self->under_way);
    self->under_way_last = 0;
}

int etcd_engine_take_row(void *engine, const struct etcd_row *row)
{
    return etcd_rows_add(&((struct etcd_engine *)engine)->reading, row);
}

int etcd_engine_take_history(void *engine, uint64_t number, struct etcd_bytes value)
{
    return etcd_history_take(((struct etcd_engine *)engine)->history, number, value.data,
                             value.len);
}

/* Who leads, as far as it is seen from here. */
static void say_who_leads(struct etcd_engine *self)
{
    const struct etcd_sight *sight = etcd_replica_sight(self->replica);

    if (sight->revision == 0)
        return;
    if (sight->leader.instance[0] == '\0')
        etcd_say(self, false, "standing by: nobody leads yet");
    else
        etcd_say(self, false, "standing by: lockerd at %s leads (%s), term %llu",
                 sight->leader.host, sight->leader.listens, (unsigned long long)sight->leader.term);
}

/* waiting */

/* Is called with the mutex, and returns with it; false behind the time. */
static bool wait_us(struct etcd_engine *self, int64_t us)
{
    struct timespec until = thread_after_us(us);

    return pthread_cond_timedwait(&self->wake, &self->mutex, &until) != ETIMEDOUT;
}

static void wait_for_others(struct etcd_engine *self)
{
    int64_t most_us = store_gather_begin(&self->gather, self->took_us);
    int64_t until_us = clock_now_us() + most_us, left_us;

    while (most_us > 0 && self->gather.queued < self->gather.wanted &&
           !etcd_engine_is_ending(self)) {
        left_us = until_us - clock_now_us();
        if (left_us <= 0 || !wait_us(self, left_us))
            break;
    }
    store_gather_end(&self->gather);
}

/* commits */

static void note_clock(struct etcd_engine *self, const struct store_batch *batch)
{
    const struct store_op *op;

    STAILQ_FOREACH(op, &batch->ops, next)
    {
        if (op->kind != STORE_OP_CLOCK)
            continue;
        self->line_ms = op->clock.seen_ms;
        self->line_told_ms = etcd_replica_now_ms();
    }
}

/* The counters go with each transaction, heartbeats too. */
static void count(struct etcd_engine *self)
{
    struct etcd_counters counters = etcd_replica_counters(self->replica);
    const struct store_batch *batch;

    STAILQ_FOREACH(batch, &self->under_way, next)
    {
        note_clock(self, batch);
        if (batch->next_ticket > counters.next_ticket)
            counters.next_ticket = batch->next_ticket;
        if (batch->next_token > counters.next_token)
            counters.next_token = batch->next_token;
    }
    if (self->line_told_ms != 0)
        counters.now_ms = self->line_ms + etcd_replica_now_ms() - self->line_told_ms;
    etcd_replica_count(self->replica, &counters);
}

/* Is called with the mutex. */
static void fail(struct etcd_engine *self, const char *reason)
{
    snprintf(self->error, sizeof self->error, "%s", reason);
    self->failed = true;
    self->is_loaded = false;
    self->wants_load = true;
    forget_batches(self);
    etcd_say_news(self);
}

/* Moves as many batches as fit, whole, to those that are under way.  Is called with the mutex, and
 * returns with it.  Returns why not even the first does; or NULL. */
static const char *take_batches(struct etcd_engine *self)
{
    struct store_batch *batch;

    etcd_txn_clear(self->txn);
    self->under_way_bytes = 0;
    while ((batch = STAILQ_FIRST(&self->queue)) != NULL) {
        etcd_txn_clear(self->next);
        etcd_batch_add(self->next, batch, &self->scratch);
        if (self->history != NULL)
            etcd_history_add(self->next, batch, &self->scratch);
        if (batch->failed || self->scratch.failed || etcd_txn_ran_out_of_memory(self->next))
            return "out of memory";
        if (!etcd_txn_fits(self->next)) {
            if (STAILQ_EMPTY(&self->under_way))
                return "one step changes more than etcd takes at a time";
            break; /* it fails alone */
        }
        if (!etcd_txn_join(self->txn, self->next))
            break;
        STAILQ_REMOVE_HEAD(&self->queue, next);
        STAILQ_INSERT_TAIL(&self->under_way, batch, next);
        self->under_way_last = batch->number;
        self->under_way_bytes += batch->bytes;
    }
    return NULL;
}

/* Is called with the mutex, and returns with it. */
static void begin_commit(struct etcd_engine *self)
{
    const char *fault;

    wait_for_others(self);
    if (STAILQ_EMPTY(&self->queue))
        return;
    self->gather.last = self->gather.queued;
    self->gather.queued = 0;
    fault = take_batches(self);
    if (fault == NULL) {
        count(self);
        self->sent_us = clock_now_us();
        if (etcd_replica_commit(self->replica, self->txn) != 0)
            fault = errno == E2BIG ? "one step changes more than etcd takes at a time"
                                   : "out of memory";
    }
    if (fault != NULL)
        fail(self, fault);
}

static void end_commit(struct etcd_engine *self)
{
    self->took_us = clock_now_us() - self->sent_us;
    self->gather.next = self->gather.queued;
    if (self->under_way_last > 0) {
        self->committed = self->under_way_last;
        self->committed_bytes += self->under_way_bytes;
    }
    self->under_way_last = 0;
    store_batch_destroy_all(&self->under_way);
    if (self->is_trouble)
        etcd_say(self, false, "leading: etcd answers again");
    etcd_say_news(self);
}

/* what comes of a question: all are called with the mutex */

static void take_over(struct etcd_engine *self)
{
    const struct etcd_sight *sight = etcd_replica_sight(self->replica);

    etcd_rows_forget(&self->reading);
    self->leads = true;
    self->line_told_ms = 0;
    memcpy(self->cluster, sight->leader.cluster, sizeof self->cluster);
    etcd_say(self, false, "leading: term %llu, taken over with revision %lld",
             (unsigned long long)sight->leader.term, (long long)sight->leader_revision);
}

static void end_reading(struct etcd_engine *self)
{
    struct etcd_counters counters = etcd_replica_counters(self->replica);

    etcd_rows_forget(&self->rows);
    self->rows = self->reading;
    self->reading = (struct etcd_rows){0};
    self->next_ticket = counters.next_ticket;
    self->next_token = counters.next_token;
    self->rows_now_ms = counters.now_ms;
    self->is_read = true;
    etcd_say_news(self);
}

static void stop_leading(struct etcd_engine *self)
{
    /* Who has not heard that it leads need not hear that it does not any more. */
    self->is_deposed |= self->leads;
    self->leads = self->is_read = self->is_loaded = false;
    self->failed = self->wants_load = self->wants_resign = false;
    self->cluster[0] = '\0';
    forget_batches(self);
    etcd_rows_forget(&self->rows);
    etcd_rows_forget(&self->reading);
    etcd_say_news(self);
}

static void act_on(struct etcd_engine *self, enum etcd_event event)
{
    switch (event) {
    case ETCD_EVENT_HISTORY:
        etcd_copy_end(self);
        break;
    case ETCD_EVENT_WATCHED:
        etcd_outlook_warn(self);
        break;
    case ETCD_EVENT_NONE:
        if (!self->leads)
            say_who_leads(self);
        break;
    case ETCD_EVENT_IDLE: /* nothing new was seen, and what was said last holds */
        break;
    case ETCD_EVENT_TROUBLE:
        etcd_say(self, true, "etcd does not do what it is asked: %s",
                 etcd_replica_error(self->replica));
        break;
    case ETCD_EVENT_KEPT_OUT:
        etcd_say(self, true, "this lockerd must not lead: %s", etcd_replica_error(self->replica));
        break;
    case ETCD_EVENT_LEADS:
        take_over(self);
        break;
    case ETCD_EVENT_LOADED:
        end_reading(self);
        break;
    case ETCD_EVENT_UNREADABLE:
        etcd_say(self, true, "the state cannot be read from etcd: %s",
                 etcd_replica_error(self->replica));
        self->wants_resign = true;
        break;
    case ETCD_EVENT_COMMITTED:
        end_commit(self);
        break;
    case ETCD_EVENT_FAILED:
        fail(self, etcd_replica_error(self->replica));
        break;
    case ETCD_EVENT_DEPOSED:
        self->told_ms = 0; /* it is no more of the trouble before */
        etcd_say(self, true, "deposed: %s", etcd_replica_error(self->replica));
        stop_leading(self);
        break;
    case ETCD_EVENT_RESIGNED:
        stop_leading(self);
        break;
    }
}

/* What an earlier state is, and who says so, is seen once. */
static void say_accepted(struct etcd_engine *self, const struct etcd_mark *mark)
{
    const struct etcd_sight *sight = etcd_replica_sight(self->replica);

    if (self->leads)
        etcd_say_beside(self, false,
                        "the state that etcd has is gone on with, as was said by "
                        "--accept-older-state: tokens go on from %llu",
                        (unsigned long long)mark->next_token);
    else
        etcd_say_beside(self, false,
                        "the state that etcd has is gone on with, though it is an earlier one or "
                        "another than was seen here: it was accepted by who leads, at %s",
                        sight->leader.host);
}

/* Is called with the mutex.  The file is another thread's. */
static void keep_mark(struct etcd_engine *self)
{
    struct etcd_mark mark = etcd_replica_mark(self->replica);
    struct store_line line;

    if (mark.accepted != self->mark.accepted && (self->leads || self->mark.cluster_id != 0))
        say_accepted(self, &mark);
    self->mark = mark;
    if (self->marks == NULL)
        return;
    etcd_mark_keeper_note(self->marks, &mark);
    if (etcd_mark_keeper_news(self->marks, &line))
        etcd_say_beside(self, line.is_trouble, "%s", line.text);
}

/* the thread */

/* Does what the caller wants, as far as it can be done now.  Is called with the mutex, and returns
 * with it. */
static void begin_what_is_wanted(struct etcd_engine *self)
{
    if (!self->leads || !etcd_replica_is_ready(self->replica))
        return;
    if (etcd_engine_is_ending(self) && !etcd_engine_has_batches(self)) {
        self->wants_resign = false;
        self->is_loaded = false;
        forget_batches(self);
        etcd_replica_resign(self->replica);
    } else if (self->wants_load) {
        self->wants_load = self->is_read = false;
        etcd_rows_forget(&self->reading);
        etcd_replica_load(self->replica);
    } else if (etcd_engine_has_batches(self)) {
        begin_commit(self);
    }
}

static bool is_done(const struct etcd_engine *self)
{
    return self->closing && !self->leads;
}

/* A loop that hangs serves nobody, and nobody would serve in its place as long as heartbeats go.
 * While it reads what was loaded, which may take long, nothing is asked of it.  Is called with the
 * mutex. */
static void watch_caller(struct etcd_engine *self)
{
    int64_t silent_ms = clock_ms(CLOCK_MONOTONIC) - atomic_load(&self->alive_ms);
    int64_t most_ms = self->takeover_ms > ALONE_LEAST_MS ? self->takeover_ms : ALONE_LEAST_MS;
    bool was_alone = self->is_alone;

    self->is_alone =
        self->leads && (self->is_read || self->is_loaded) && !self->closing && silent_ms >= most_ms;
    if (!self->is_alone)
        return;
    etcd_replica_hold_heartbeat(self->replica, etcd_replica_now_ms() + ALONE_LOOK_MS);
    if (!was_alone)
        etcd_say_beside(self, true, "this lockerd has done nothing for %lld s: another is to lead",
                        (long long)silent_ms / 1000);
}

/* There is something to do as soon as nothing is under way. */
static bool is_wanted(const struct etcd_engine *self)
{
    return self->leads &&
           (etcd_engine_is_ending(self) || self->wants_load || etcd_engine_has_batches(self));
}

/* Is called with the mutex, and returns with it. */
static void wait_for_something(struct etcd_engine *self)
{
    int64_t due_ms = etcd_replica_due_ms(self->replica), now_ms = etcd_replica_now_ms();

    if (self->history != NULL && !self->history_is_under_way && !self->closing &&
        self->history_at_ms < due_ms)
        due_ms = self->history_at_ms;
    if (due_ms <= now_ms || (is_wanted(self) && etcd_replica_is_ready(self->replica)))
        return;
    wait_us(self, 1000 * (due_ms - now_ms < IDLE_MS ? due_ms - now_ms : IDLE_MS));
}

void *etcd_engine_run(void *engine)
{
    struct etcd_engine *self = engine;
    enum etcd_event event;

    prctl(PR_SET_TIMERSLACK, (unsigned long)TIMER_SLACK_NS);
    pthread_mutex_lock(&self->mutex);
    while (!is_done(self)) {
        begin_what_is_wanted(self);
        etcd_copy_begin(self);
        if (self->leads && self->under_way_last == 0)
            count(self);
        watch_caller(self);
        pthread_mutex_unlock(&self->mutex);
        event = etcd_replica_step(self->replica, members_caller(self->members), &self->response);
        pthread_mutex_lock(&self->mutex);
        act_on(self, event);
        keep_mark(self);
        if (!self->leads || event == ETCD_EVENT_LEADS || event == ETCD_EVENT_WATCHED)
            etcd_outlook_take(self);
        if ((event == ETCD_EVENT_NONE || event == ETCD_EVENT_IDLE) && !is_done(self))
            wait_for_something(self);
    }
    self->ended = true;
    pthread_cond_broadcast(&self->wake);
    pthread_mutex_unlock(&self->mutex);
    return NULL;
}

void etcd_engine_destroy(struct etcd_engine *self)
{
    int saved_errno = errno;

    if (self == NULL)
        return;
    forget_batches(self);
    etcd_rows_forget(&self->rows);
    etcd_rows_forget(&self->reading);
    etcd_mark_keeper_close(self->marks);
    etcd_replica_destroy(self->replica);
    etcd_history_close(self->history);
    members_destroy(self->members);
    etcd_txn_destroy(self->txn);
    etcd_txn_destroy(self->next);
    buffer_fini(&self->response);
    buffer_fini(&self->scratch);
    descriptor_close(self->mark_lock_fd);
    descriptor_close(self->news_fd);
    descriptor_close(self->interrupt_fd);
    descriptor_close(self->all_fd);
    pthread_cond_destroy(&self->wake);
    pthread_mutex_destroy(&self->mutex);
    free(self->prefix);
    free(self);
    errno = saved_errno;
}
