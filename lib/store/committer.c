/* The thread that commits batches, as many at a time as have come meanwhile; it answers queries and
 * trims the history when it finds the time.
 * Must not hold the mutex while it is at the disk. */
#include "committer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/error_text.h"
#include "base/thread.h"
#include "error.h"
#include "rewrite.h"

enum {
    TRIM_NEXT_US = 50000, /* while there is more */
    TRIM_AGAIN_US = 60000000,

    TIMER_SLACK_NS = 1000,

    /* The log is copied to the file when it has so many pages and there is nothing else to do, or
     * when it has many more. */
    LOG_PAGES_ENOUGH = 1000,
    LOG_PAGES_MOST = 4000,
};

/* Around what the thread does without the mutex. */
static void begin_work(struct store_committer *self)
{
    self->busy = true;
    pthread_mutex_unlock(&self->mutex);
}

static void end_work(struct store_committer *self)
{
    pthread_mutex_lock(&self->mutex);
    self->busy = false;
    pthread_cond_signal(&self->idle);
}

void store_committer_forget(struct store_committer *self)
{
    store_batch_destroy_all(&self->queue);
    self->gather.queued = 0;
}

/* Is called with the mutex, and returns with it.  Returns false when the store has failed, or the
 * caller has borrowed the database meanwhile. */
static bool keep_place(struct store_committer *self)
{
    char error[STORE_ERROR_SIZE];
    int kept;

    begin_work(self);
    kept = store_rewrite_if_removed(&self->connection, error);
    end_work(self);
    if (kept > 0) {
        self->written_anew = true;
    } else if (kept < 0) {
        self->failed = true;
        memcpy(self->error, error, sizeof error);
    }
    if (kept != 0)
        descriptor_notify(self->news_fd);
    return kept >= 0 && !self->lent;
}

/* Writes all of `work`, without the mutex.  Returns its last number and writes its size to *bytes;
 * or 0 and *error. */
static uint64_t write_batches(struct store_committer *self, const struct store_batch_queue *work,
                              size_t *bytes, char error[STORE_ERROR_SIZE])
{
    const struct store_batch *batch;
    uint64_t last = 0;
    int result = store_statement_write(&self->connection.statements, work);

    if (result != SQLITE_OK) {
        store_error_describe(self->connection.db, result, error, STORE_ERROR_SIZE);
        store_statement_roll_back(&self->connection.statements);
        return 0;
    }
    STAILQ_FOREACH(batch, work, next)
    {
        last = batch->number;
        *bytes += batch->bytes;
    }
    return last;
}

/* Is called with the mutex, and returns with it. */
static void wait_for_others(struct store_committer *self)
{
    int64_t most_us = store_gather_begin(&self->gather, self->connection.statements.sync_us);
    struct timespec until;

    if (most_us == 0)
        return;
    until = thread_after_us(most_us);
    while (self->gather.queued < self->gather.wanted && !self->closing && !self->lent) {
        if (pthread_cond_timedwait(&self->wake, &self->mutex, &until) == ETIMEDOUT)
            break;
    }
    store_gather_end(&self->gather);
}

/* Is called with the mutex, and returns with it. */
static void commit_queue(struct store_committer *self)
{
    struct store_batch_queue work = STAILQ_HEAD_INITIALIZER(work);
    char error[STORE_ERROR_SIZE];
    uint64_t last;
    size_t bytes = 0;

    if (!keep_place(self))
        return;
    wait_for_others(self);
    if (STAILQ_EMPTY(&self->queue) || self->lent)
        return;
    STAILQ_CONCAT(&work, &self->queue);
    self->gather.last = self->gather.queued;
    self->gather.queued = 0;
    begin_work(self);
    last = write_batches(self, &work, &bytes, error);
    end_work(self);
    self->gather.next = self->gather.queued;
    if (last > 0) {
        self->committed = last;
        self->committed_bytes += bytes;
    } else {
        self->failed = true;
        memcpy(self->error, error, sizeof error);
    }
    pthread_mutex_unlock(&self->mutex);
    descriptor_notify(self->news_fd);
    store_batch_destroy_all(&work);
    pthread_mutex_lock(&self->mutex);
}

void store_committer_take_answer(void *committer, struct store_query *query, bool is_answered)
{
    struct store_committer *self = committer;

    pthread_mutex_lock(&self->mutex);
    if (is_answered)
        STAILQ_INSERT_TAIL(&self->answered, query, queue);
    else
        STAILQ_INSERT_TAIL(&self->asked, query, queue);
    if (!is_answered)
        store_committer_start(self);
    pthread_cond_signal(&self->wake);
    pthread_mutex_unlock(&self->mutex);
    if (is_answered)
        descriptor_notify(self->news_fd);
}

static bool is_log_due(const struct store_committer *self)
{
    int pages = self->connection.log_pages - self->connection.copied_pages;

    return pages >= LOG_PAGES_MOST ||
           (pages >= LOG_PAGES_ENOUGH && STAILQ_EMPTY(&self->queue) && STAILQ_EMPTY(&self->asked));
}

/* Behind a commit instead of in it, where clients wait for it.  A log that cannot be copied, as
 * somebody reads it or the disk does not let us, grows until it can.  Is called with the mutex, and
 * returns with it.
 */
static void copy_log(struct store_committer *self)
{
    begin_work(self);
    store_statement_checkpoint(&self->connection.statements);
    self->connection.copied_pages = self->connection.log_pages;
    end_work(self);
}

/* Is called with the mutex, and returns with it. */
static void answer_query(struct store_committer *self)
{
    struct store_query *query = STAILQ_FIRST(&self->asked);

    STAILQ_REMOVE_HEAD(&self->asked, queue);
    begin_work(self);
    store_statement_query(&self->connection.statements, query);
    end_work(self);
    STAILQ_INSERT_TAIL(&self->answered, query, queue);
    descriptor_notify(self->news_fd);
}

/* Returns whether there may be more to do.  Is called with the mutex, and returns with it. */
static bool trim_history(struct store_committer *self)
{
    bool more;

    if (self->failed || self->lent || !keep_place(self))
        return false;
    begin_work(self);
    more = store_statement_trim(&self->connection.statements);
    end_work(self);
    return more;
}

static void destroy_queries(struct store_query_queue *queue)
{
    struct store_query *query;

    while ((query = STAILQ_FIRST(queue)) != NULL) {
        STAILQ_REMOVE_HEAD(queue, queue);
        store_query_destroy(query);
    }
}

void store_committer_destroy(struct store_committer *self)
{
    store_batch_destroy_all(&self->queue);
    destroy_queries(&self->asked);
    destroy_queries(&self->answered);
    store_connection_fini(&self->connection);
    close(self->news_fd);
    pthread_cond_destroy(&self->wake);
    pthread_cond_destroy(&self->idle);
    pthread_mutex_destroy(&self->mutex);
    free(self);
}

static void *serve(void *context)
{
    struct store_committer *self = context;
    struct timespec trim_at = thread_after_us(TRIM_NEXT_US);
    bool abandoned;

    /* wait_for_others() waits for less than a thread may otherwise be late. */
    prctl(PR_SET_TIMERSLACK, (unsigned long)TIMER_SLACK_NS);
    pthread_mutex_lock(&self->mutex);
    for (;;) {
        if (self->failed)
            store_committer_forget(self);
        if (self->lent) {
            pthread_cond_wait(&self->wake, &self->mutex);
        } else if (is_log_due(self) && !self->failed) {
            copy_log(self);
        } else if (!STAILQ_EMPTY(&self->queue)) {
            commit_queue(self);
        } else if (!STAILQ_EMPTY(&self->asked)) {
            answer_query(self);
        } else if (self->closing) {
            if (!self->failed)
                keep_place(self);
            break;
        } else if (pthread_cond_timedwait(&self->wake, &self->mutex, &trim_at) == ETIMEDOUT) {
            trim_at = thread_after_us(trim_history(self) ? TRIM_NEXT_US : TRIM_AGAIN_US);
        }
    }
    self->ended = true;
    abandoned = self->abandoned;
    pthread_cond_signal(&self->idle);
    pthread_mutex_unlock(&self->mutex);
    if (abandoned)
        store_committer_destroy(self);
    return NULL;
}

/* Later calls find the thread there, or the same failure. */
void store_committer_start(struct store_committer *self)
{
    int result;

    if (self->has_thread || self->failed)
        return;
    result = thread_start(&self->thread, 0, serve, self);
    self->has_thread = result == 0;
    if (result == 0)
        return;
    self->failed = true;
    store_error_set(self->error, result, "no thread can be started: %s", error_text(result));
    descriptor_notify(self->news_fd);
}

bool store_committer_end(struct store_committer *self)
{
    struct timespec until = thread_after_us((int64_t)STORE_CLOSE_S * 1000000);
    bool ended;

    if (!self->has_thread)
        return true;
    pthread_mutex_lock(&self->mutex);
    self->closing = true;
    pthread_cond_signal(&self->wake);
    while (!self->ended) {
        if (pthread_cond_timedwait(&self->idle, &self->mutex, &until) == ETIMEDOUT)
            break;
    }
    ended = self->ended;
    self->abandoned = !ended;
    pthread_mutex_unlock(&self->mutex);
    if (ended)
        pthread_join(self->thread, NULL);
    else
        pthread_detach(self->thread);
    return ended;
}

static void init_queues(struct store_committer *self)
{
    STAILQ_INIT(&self->queue);
    STAILQ_INIT(&self->asked);
    STAILQ_INIT(&self->answered);
    pthread_mutex_init(&self->mutex, NULL);
    thread_cond_init(&self->wake);
    thread_cond_init(&self->idle);
}

struct store_committer *store_committer_create(const struct store_engine *engine,
                                               const struct store_options *options,
                                               char error[STORE_ERROR_SIZE])
{
    struct store_committer *self = calloc(1, sizeof *self);

    if (self == NULL) {
        store_error_set(error, ENOMEM, "out of memory");
        return NULL;
    }
    if (store_connection_init(&self->connection, options, error) != 0) {
        free(self);
        return NULL;
    }
    self->news_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (self->news_fd < 0) {
        store_error_set(error, errno, "no descriptor can be had: %s", error_text(errno));
        store_connection_fini(&self->connection);
        free(self);
        return NULL;
    }
    self->store.engine = engine;
    init_queues(self);
    return self;
}
