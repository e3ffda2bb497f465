/* The store in a SQLite file: batches are committed by a thread of its own, as many at a time as
 * have come meanwhile.
 * Must not let its caller wait for the disk, but in opening, in loading and, for a while, in
 * closing. */
#include "sqlite.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "file.h"

enum {
    TRIM_NEXT_US = 50000, /* while there is more */
    TRIM_AGAIN_US = 60000000,

    TIMER_SLACK_NS = 1000,

    /* The log is copied to the file when it has so many pages and there is nothing else to do, or
     * when it has many more. */
    LOG_PAGES_ENOUGH = 1000,
    LOG_PAGES_MOST = 4000,
};

static struct store_sqlite *sqlite_of(struct store *store)
{
    return (struct store_sqlite *)(void *)store;
}

static void tell_news(const struct store_sqlite *self)
{
    const uint64_t one = 1;

    /* It cannot fail but for a counter that is full, and then the descriptor is readable. */
    if (write(self->news_fd, &one, sizeof one) != sizeof one)
        return;
}

static void destroy_all(struct batch_queue *queue)
{
    struct store_batch *batch;

    while ((batch = STAILQ_FIRST(queue)) != NULL) {
        STAILQ_REMOVE_HEAD(queue, next);
        store_batch_destroy(batch);
    }
}

/* Around what the thread does without the mutex. */
static void begin_work(struct store_sqlite *self)
{
    self->busy = true;
    pthread_mutex_unlock(&self->mutex);
}

static void end_work(struct store_sqlite *self)
{
    pthread_mutex_lock(&self->mutex);
    self->busy = false;
    pthread_cond_signal(&self->idle);
}

/* Is called with the mutex, and returns with it.  Returns false when the store has failed, or the
 * caller has borrowed the database meanwhile. */
static bool keep_place(struct store_sqlite *self)
{
    char error[STORE_ERROR_SIZE];
    int kept;

    begin_work(self);
    kept = store_place_keep(self, error);
    end_work(self);
    if (kept > 0) {
        self->written_anew = true;
    } else if (kept < 0) {
        self->failed = true;
        memcpy(self->error, error, sizeof error);
    }
    if (kept != 0)
        tell_news(self);
    return kept >= 0 && !self->lent;
}

/* Writes all of `work`, without the mutex.  Returns its last number, or 0 and *error. */
static uint64_t write_batches(struct store_sqlite *self, const struct batch_queue *work,
                              char error[STORE_ERROR_SIZE])
{
    const struct store_batch *batch;
    uint64_t last = 0;
    int result = store_statement_write(self, work);

    if (result != SQLITE_OK) {
        store_schema_describe(self->db, result, error, STORE_ERROR_SIZE);
        store_statement_roll_back(self);
        return 0;
    }
    STAILQ_FOREACH(batch, work, next)
    {
        last = batch->number;
    }
    return last;
}

/* Is called with the mutex, and returns with it. */
static void commit_queue(struct store_sqlite *self)
{
    struct batch_queue work = STAILQ_HEAD_INITIALIZER(work);
    char error[STORE_ERROR_SIZE];
    uint64_t last;

    if (!keep_place(self))
        return;
    store_gather(self);
    if (STAILQ_EMPTY(&self->queue) || self->lent)
        return;
    STAILQ_CONCAT(&work, &self->queue);
    self->last_changes = self->queued_changes;
    self->queued_changes = 0;
    begin_work(self);
    last = write_batches(self, &work, error);
    end_work(self);
    self->next_changes = self->queued_changes;
    if (last > 0) {
        self->committed = last;
    } else {
        self->failed = true;
        memcpy(self->error, error, sizeof error);
    }
    pthread_mutex_unlock(&self->mutex);
    tell_news(self);
    destroy_all(&work);
    pthread_mutex_lock(&self->mutex);
}

static bool is_log_due(const struct store_sqlite *self)
{
    int pages = self->log_pages - self->copied_pages;

    return pages >= LOG_PAGES_MOST ||
           (pages >= LOG_PAGES_ENOUGH && STAILQ_EMPTY(&self->queue) && STAILQ_EMPTY(&self->asked));
}

/* Behind a commit instead of in it, where clients wait for it.  A log that cannot be copied, as
 * somebody reads it or the disk does not let us, grows until it can.  Is called with the mutex, and
 * returns with it.
 */
static void copy_log(struct store_sqlite *self)
{
    begin_work(self);
    store_statement_checkpoint(self);
    self->copied_pages = self->log_pages;
    end_work(self);
}

/* Is called by SQLite behind each commit. */
static int on_log(void *context, sqlite3 *db, const char *name, int pages)
{
    struct store_sqlite *self = context;

    (void)db;
    (void)name;
    self->log_pages = pages;
    if (pages < self->copied_pages)
        self->copied_pages = 0;
    return SQLITE_OK;
}

int store_sqlite_connect(struct store_sqlite *self, char error[STORE_ERROR_SIZE])
{
    self->reserved = (struct counters){0};
    self->log_pages = 0;
    self->copied_pages = 0;
    self->db = store_schema_open(&self->options, error);
    if (self->db == NULL || store_statement_prepare(self, error) != 0)
        return -1;
    sqlite3_wal_hook(self->db, on_log, self);
    return store_place_note(self, error);
}

void store_sqlite_disconnect(struct store_sqlite *self)
{
    store_statement_finalize(self);
    sqlite3_close(self->db);
    if (self->db != NULL)
        store_place_leave(&self->place);
    self->db = NULL;
}

/* Is called with the mutex, and returns with it. */
static void answer_query(struct store_sqlite *self)
{
    struct store_query *query = STAILQ_FIRST(&self->asked);

    STAILQ_REMOVE_HEAD(&self->asked, queue);
    begin_work(self);
    store_statement_query(self, query);
    end_work(self);
    STAILQ_INSERT_TAIL(&self->answered, query, queue);
    tell_news(self);
}

/* Returns whether there may be more to do.  Is called with the mutex, and returns with it. */
static bool trim_history(struct store_sqlite *self)
{
    bool more;

    if (self->failed || self->lent || !keep_place(self))
        return false;
    begin_work(self);
    more = store_statement_trim(self);
    end_work(self);
    return more;
}

/* The thread has ended, or does so with this. */
static void destroy(struct store_sqlite *self)
{
    struct store_query *query;

    destroy_all(&self->queue);
    STAILQ_CONCAT(&self->answered, &self->asked);
    while ((query = STAILQ_FIRST(&self->answered)) != NULL) {
        STAILQ_REMOVE_HEAD(&self->answered, queue);
        store_query_destroy(query);
    }
    store_sqlite_disconnect(self);
    if (self->news_fd >= 0)
        close(self->news_fd);
    if (self->lock_fd >= 0)
        close(self->lock_fd);
    pthread_cond_destroy(&self->wake);
    pthread_cond_destroy(&self->idle);
    pthread_mutex_destroy(&self->mutex);
    store_place_fini(&self->place);
    free(self->path);
    free(self);
}

static void *serve(void *context)
{
    struct store_sqlite *self = context;
    struct timespec trim_at = store_sqlite_after_us(TRIM_NEXT_US);
    bool abandoned;

    /* store_gather() waits for less than a thread may otherwise be late. */
    prctl(PR_SET_TIMERSLACK, (unsigned long)TIMER_SLACK_NS);
    pthread_mutex_lock(&self->mutex);
    for (;;) {
        if (self->failed) {
            destroy_all(&self->queue);
            self->queued_changes = 0;
        }
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
            trim_at = store_sqlite_after_us(trim_history(self) ? TRIM_NEXT_US : TRIM_AGAIN_US);
        }
    }
    self->ended = true;
    abandoned = self->abandoned;
    pthread_cond_signal(&self->idle);
    pthread_mutex_unlock(&self->mutex);
    if (abandoned)
        destroy(self);
    return NULL;
}

/* The caller's signals are not the thread's business. */
static int start_thread(struct store_sqlite *self)
{
    sigset_t all, old;
    int result;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    result = pthread_create(&self->thread, NULL, serve, self);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return result;
}

/* Later calls find the thread there, or the same failure. */
static void ensure_thread(struct store_sqlite *self)
{
    int result;

    if (self->has_thread || self->failed)
        return;
    result = start_thread(self);
    self->has_thread = result == 0;
    if (result == 0)
        return;
    self->failed = true;
    store_fail(self->error, result, "no thread can be started: %s", strerror(result));
    tell_news(self);
}

static int load(struct store *store, struct store_loader *loader, char error[STORE_ERROR_SIZE])
{
    struct store_sqlite *self = sqlite_of(store);
    int result, saved_errno;

    pthread_mutex_lock(&self->mutex);
    self->lent = true;
    while (self->busy)
        pthread_cond_wait(&self->idle, &self->mutex);
    destroy_all(&self->queue);
    self->queued_changes = 0;
    self->reserved = (struct counters){0};
    pthread_mutex_unlock(&self->mutex);
    result = self->db == NULL
                 ? store_fail(error, ENOENT, "the state file %s is not open", self->options.path)
                 : store_schema_load(self->db, self->options.path, loader, error);
    saved_errno = errno;
    pthread_mutex_lock(&self->mutex);
    self->lent = false;
    self->failed &= result != 0;
    pthread_cond_signal(&self->wake);
    pthread_mutex_unlock(&self->mutex);
    errno = saved_errno;
    return result;
}

static void commit(struct store *store, struct store_batch *batch)
{
    struct store_sqlite *self = sqlite_of(store);
    bool enough;

    pthread_mutex_lock(&self->mutex);
    STAILQ_INSERT_TAIL(&self->queue, batch, next);
    self->queued_changes += batch->changes;
    enough = self->queued_changes >= self->wanted_changes;
    ensure_thread(self);
    pthread_mutex_unlock(&self->mutex);
    if (enough)
        pthread_cond_signal(&self->wake);
}

static void ask(struct store *store, struct store_query *query)
{
    struct store_sqlite *self = sqlite_of(store);

    pthread_mutex_lock(&self->mutex);
    STAILQ_INSERT_TAIL(&self->asked, query, queue);
    ensure_thread(self);
    pthread_cond_signal(&self->wake);
    pthread_mutex_unlock(&self->mutex);
}

static struct store_query *answer(struct store *store)
{
    struct store_sqlite *self = sqlite_of(store);
    struct store_query *query;

    pthread_mutex_lock(&self->mutex);
    query = STAILQ_FIRST(&self->answered);
    if (query != NULL)
        STAILQ_REMOVE_HEAD(&self->answered, queue);
    pthread_mutex_unlock(&self->mutex);
    return query;
}

static int news_fd(const struct store *store)
{
    return ((const struct store_sqlite *)(const void *)store)->news_fd;
}

static void progress(struct store *store, struct store_progress *out)
{
    struct store_sqlite *self = sqlite_of(store);
    uint64_t count;

    if (read(self->news_fd, &count, sizeof count) < 0)
        count = 0;
    pthread_mutex_lock(&self->mutex);
    out->committed = self->committed;
    out->written_anew = self->written_anew;
    self->written_anew = false;
    out->failed = self->failed;
    if (self->failed)
        memcpy(out->error, self->error, sizeof out->error);
    pthread_mutex_unlock(&self->mutex);
}

/* Lets the thread do what there is to do.  Returns whether it is done. */
static bool end_thread(struct store_sqlite *self)
{
    struct timespec until = store_sqlite_after_us((int64_t)STORE_CLOSE_S * 1000000);
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

static bool close_sqlite(struct store *store)
{
    struct store_sqlite *self = sqlite_of(store);

    if (!end_thread(self))
        return false;
    destroy(self);
    return true;
}

static const struct store_engine sqlite_engine = {
    .keeps = true,
    .load = load,
    .commit = commit,
    .ask = ask,
    .answer = answer,
    .fd = news_fd,
    .progress = progress,
    .close = close_sqlite,
};

static struct store_sqlite *create(const struct store_options *options,
                                   char error[STORE_ERROR_SIZE])
{
    struct store_sqlite *self = calloc(1, sizeof *self);
    pthread_condattr_t monotonic;

    if (self == NULL || (self->path = strdup(options->path)) == NULL) {
        free(self);
        store_fail(error, ENOMEM, "out of memory");
        return NULL;
    }
    self->store.engine = &sqlite_engine;
    self->options = *options;
    self->options.path = self->path;
    self->lock_fd = -1;
    self->news_fd = -1;
    STAILQ_INIT(&self->queue);
    STAILQ_INIT(&self->asked);
    STAILQ_INIT(&self->answered);
    pthread_mutex_init(&self->mutex, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&self->wake, &monotonic);
    pthread_cond_init(&self->idle, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return self;
}

struct store *store_sqlite_open(const struct store_options *options, char error[STORE_ERROR_SIZE])
{
    struct store_sqlite *self = create(options, error);

    if (self == NULL)
        return NULL;
    if (store_file_prepare(options->path, options->must_exist, error) != 0 ||
        (self->lock_fd = store_file_lock(options->path, error)) < 0 ||
        store_sqlite_connect(self, error) != 0) {
        store_close(&self->store);
        return NULL;
    }
    self->options.must_exist = true;
    self->news_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (self->news_fd < 0) {
        store_fail(error, errno, "no descriptor can be had: %s", strerror(errno));
        store_close(&self->store);
        return NULL;
    }
    return &self->store;
}
