/* The store in a SQLite file: batches are committed by a thread of its own, as many at a time as
 * have come meanwhile.
 * Must not let its caller wait for the disk, but in opening, loading and closing. */
#include "store_sqlite.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "lock_json.h"
#include "store_file.h"

enum {
    TRIM_ROWS = 500,   /* of the history in one transaction, so that nobody waits for it long */
    TRIM_NEXT_MS = 50, /* while there is more */
    TRIM_AGAIN_MS = 60000,
    PROBE_BYTES = 32768,
};

enum statement {
    STATEMENT_BEGIN,
    STATEMENT_COMMIT,
    STATEMENT_ROLLBACK,
    STATEMENT_PUT,
    STATEMENT_DROP,
    STATEMENT_COUNTERS,
    STATEMENT_HOST,
    STATEMENT_PROBE,
    STATEMENT_HISTORY,
    STATEMENT_TRIM,
    STATEMENT_CHECKPOINT,
    STATEMENTS,
};

static const char *const statement_text[STATEMENTS] = {
    [STATEMENT_BEGIN] = "BEGIN IMMEDIATE",
    [STATEMENT_COMMIT] = "COMMIT",
    [STATEMENT_ROLLBACK] = "ROLLBACK",
    [STATEMENT_PUT] = "INSERT OR REPLACE INTO requests(" STORE_REQUEST_COLUMNS
                      ") VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [STATEMENT_DROP] = "DELETE FROM requests WHERE ticket = ?",
    [STATEMENT_COUNTERS] = "UPDATE state SET next_ticket = max(next_ticket, ?),"
                           " next_token = max(next_token, ?)",
    [STATEMENT_HOST] = "UPDATE state SET host = ?",
    [STATEMENT_PROBE] = "INSERT OR REPLACE INTO probe VALUES(1, randomblob(?))",
    [STATEMENT_HISTORY] = "INSERT INTO history(past, reason, lock, owner, login, host, job, pid,"
                          " ticket, token, asked_ms, granted_ms, ended_ms)"
                          " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    /* Rows come in the order of their ends, but for a clock that was set back meanwhile. */
    [STATEMENT_TRIM] = "DELETE FROM history WHERE ended_ms < ? AND id IN"
                       " (SELECT id FROM history ORDER BY id LIMIT ?)",
    [STATEMENT_CHECKPOINT] = "PRAGMA wal_checkpoint(TRUNCATE)",
};

STAILQ_HEAD(batch_queue, store_batch);

struct store_sqlite {
    struct store store;
    char *path;
    int lock_fd, news_fd;
    int64_t history_ms;

    /* The thread's, once there is a batch; before that, the caller's. */
    sqlite3 *db;
    sqlite3_stmt *statements[STATEMENTS];

    pthread_t thread;
    bool has_thread;
    pthread_mutex_t mutex; /* over all below */
    pthread_cond_t wake;
    struct batch_queue queue;
    bool closing, failed;
    uint64_t committed;
    char error[STORE_ERROR_SIZE];
};

static struct store_sqlite *sqlite_of(struct store *store)
{
    return (struct store_sqlite *)(void *)store;
}

/* ---- writing ---- */

/* Runs a statement whose parameters are bound, to its end. */
static int run(struct store_sqlite *self, enum statement which)
{
    sqlite3_stmt *statement = self->statements[which];
    int result;

    do {
        result = sqlite3_step(statement);
    } while (result == SQLITE_ROW);
    sqlite3_reset(statement);
    return result == SQLITE_DONE ? SQLITE_OK : result;
}

static void bind_number(sqlite3_stmt *statement, int at, uint64_t number)
{
    sqlite3_bind_int64(statement, at, (sqlite3_int64)number);
}

static void bind_text(sqlite3_stmt *statement, int at, const char *text)
{
    sqlite3_bind_text(statement, at, text, -1, SQLITE_STATIC);
}

static int put(struct store_sqlite *self, const struct store_request *request)
{
    sqlite3_stmt *statement = self->statements[STATEMENT_PUT];

    bind_number(statement, 1, request->ticket);
    bind_number(statement, 2, request->token);
    bind_text(statement, 3, request->owner);
    bind_text(statement, 4, request->host);
    bind_text(statement, 5, request->boot);
    bind_text(statement, 6, request->job);
    bind_number(statement, 7, request->pid);
    bind_number(statement, 8, request->start);
    bind_number(statement, 9, request->pid_namespace);
    bind_number(statement, 10, request->autounlock);
    sqlite3_bind_int64(statement, 11, request->asked_ms);
    sqlite3_bind_int64(statement, 12, request->granted_ms);
    sqlite3_bind_int64(statement, 13, request->hold_ms);
    sqlite3_bind_int64(statement, 14, request->deadline_ms);
    bind_text(statement, 15, request->demand);
    return run(self, STATEMENT_PUT);
}

static int add_history(struct store_sqlite *self, const struct store_history *entry)
{
    sqlite3_stmt *statement = self->statements[STATEMENT_HISTORY];

    if (self->history_ms == 0)
        return SQLITE_OK;
    bind_number(statement, 1, entry->past);
    bind_number(statement, 2, entry->reason);
    bind_text(statement, 3, entry->lock);
    bind_text(statement, 4, entry->owner);
    bind_text(statement, 5, lock_json_owner_login(entry->owner));
    bind_text(statement, 6, entry->host);
    bind_text(statement, 7, entry->job);
    bind_number(statement, 8, entry->pid);
    bind_number(statement, 9, entry->ticket);
    bind_number(statement, 10, entry->token);
    sqlite3_bind_int64(statement, 11, entry->asked_ms);
    sqlite3_bind_int64(statement, 12, entry->granted_ms);
    sqlite3_bind_int64(statement, 13, entry->ended_ms);
    return run(self, STATEMENT_HISTORY);
}

static int apply(struct store_sqlite *self, const struct store_op *op)
{
    switch (op->kind) {
    case STORE_OP_PUT:
        return put(self, &op->request);
    case STORE_OP_DROP:
        bind_number(self->statements[STATEMENT_DROP], 1, op->ticket);
        return run(self, STATEMENT_DROP);
    case STORE_OP_HOST:
        bind_text(self->statements[STATEMENT_HOST], 1, op->host);
        return run(self, STATEMENT_HOST);
    case STORE_OP_PROBE:
        sqlite3_bind_int(self->statements[STATEMENT_PROBE], 1, PROBE_BYTES);
        return run(self, STATEMENT_PROBE);
    case STORE_OP_HISTORY:
        return add_history(self, &op->history);
    }
    return SQLITE_MISUSE;
}

static int apply_batch(struct store_sqlite *self, const struct store_batch *batch, bool *probes)
{
    sqlite3_stmt *counters = self->statements[STATEMENT_COUNTERS];
    const struct store_op *op;
    int result = batch->failed ? SQLITE_NOMEM : SQLITE_OK;

    STAILQ_FOREACH(op, &batch->ops, next)
    {
        if (result == SQLITE_OK)
            result = apply(self, op);
        *probes |= op->kind == STORE_OP_PROBE;
    }
    if (result != SQLITE_OK || (batch->next_ticket == 0 && batch->next_token == 0))
        return result;
    bind_number(counters, 1, batch->next_ticket);
    bind_number(counters, 2, batch->next_token);
    return run(self, STATEMENT_COUNTERS);
}

/* One transaction for all of them. */
static int write_batches(struct store_sqlite *self, const struct batch_queue *work)
{
    const struct store_batch *batch;
    bool probes = false;
    int result = run(self, STATEMENT_BEGIN);

    STAILQ_FOREACH(batch, work, next)
    {
        if (result == SQLITE_OK)
            result = apply_batch(self, batch, &probes);
    }
    if (result == SQLITE_OK)
        result = run(self, STATEMENT_COMMIT);
    /* After a sync that failed, the pages of the log may be lost though they can be read: copying
     * them to the file has them written once more. */
    if (result == SQLITE_OK && probes)
        result = run(self, STATEMENT_CHECKPOINT);
    return result;
}

/* ---- the thread ---- */

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

/* Is called with the mutex, and returns with it. */
static void commit_queue(struct store_sqlite *self)
{
    struct batch_queue work = STAILQ_HEAD_INITIALIZER(work);
    const struct store_batch *batch;
    char error[STORE_ERROR_SIZE];
    uint64_t last = 0;
    int result;

    STAILQ_CONCAT(&work, &self->queue);
    pthread_mutex_unlock(&self->mutex);
    STAILQ_FOREACH(batch, &work, next)
    {
        last = batch->number;
    }
    result = write_batches(self, &work);
    if (result != SQLITE_OK) {
        store_schema_describe(self->db, result, error, sizeof error);
        if (!sqlite3_get_autocommit(self->db))
            run(self, STATEMENT_ROLLBACK);
    }
    destroy_all(&work);
    pthread_mutex_lock(&self->mutex);
    if (result == SQLITE_OK) {
        self->committed = last;
    } else {
        self->failed = true;
        memcpy(self->error, error, sizeof error);
    }
    tell_news(self);
}

/* Returns whether there may be more to do. */
static bool trim_history(struct store_sqlite *self)
{
    sqlite3_stmt *trim = self->statements[STATEMENT_TRIM];
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    sqlite3_bind_int64(trim, 1,
                       (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 - self->history_ms);
    sqlite3_bind_int(trim, 2, TRIM_ROWS);
    /* A disk that does not let us trim will not let us commit either, and is reported then. */
    return run(self, STATEMENT_TRIM) == SQLITE_OK && sqlite3_changes(self->db) == TRIM_ROWS;
}

static struct timespec after_ms(int64_t ms)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += ms / 1000;
    at.tv_nsec += ms % 1000 * 1000000;
    if (at.tv_nsec >= 1000000000) {
        at.tv_nsec -= 1000000000;
        at.tv_sec++;
    }
    return at;
}

static void *serve(void *context)
{
    struct store_sqlite *self = context;
    struct timespec trim_at = after_ms(TRIM_NEXT_MS);
    bool more;

    pthread_mutex_lock(&self->mutex);
    for (;;) {
        if (self->failed)
            destroy_all(&self->queue);
        if (!STAILQ_EMPTY(&self->queue)) {
            commit_queue(self);
        } else if (self->closing) {
            break;
        } else if (pthread_cond_timedwait(&self->wake, &self->mutex, &trim_at) == ETIMEDOUT) {
            pthread_mutex_unlock(&self->mutex);
            more = !self->failed && trim_history(self);
            trim_at = after_ms(more ? TRIM_NEXT_MS : TRIM_AGAIN_MS);
            pthread_mutex_lock(&self->mutex);
        }
    }
    pthread_mutex_unlock(&self->mutex);
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

/* ---- the engine ---- */

static int load(struct store *store, struct store_loader *loader, char error[STORE_ERROR_SIZE])
{
    struct store_sqlite *self = sqlite_of(store);

    return store_schema_load(self->db, self->path, loader, error);
}

static void commit(struct store *store, struct store_batch *batch)
{
    struct store_sqlite *self = sqlite_of(store);

    pthread_mutex_lock(&self->mutex);
    STAILQ_INSERT_TAIL(&self->queue, batch, next);
    /* Later batches find the thread there, or the same failure. */
    if (!self->has_thread && !self->failed) {
        int result = start_thread(self);

        self->has_thread = result == 0;
        if (result != 0) {
            self->failed = true;
            store_fail(self->error, result, "no thread can be started: %s", strerror(result));
            tell_news(self);
        }
    }
    pthread_cond_signal(&self->wake);
    pthread_mutex_unlock(&self->mutex);
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
    out->failed = self->failed;
    memcpy(out->error, self->error, sizeof out->error);
    pthread_mutex_unlock(&self->mutex);
}

static void close_sqlite(struct store *store)
{
    struct store_sqlite *self = sqlite_of(store);

    pthread_mutex_lock(&self->mutex);
    self->closing = true;
    pthread_cond_signal(&self->wake);
    pthread_mutex_unlock(&self->mutex);
    if (self->has_thread)
        pthread_join(self->thread, NULL);
    destroy_all(&self->queue);
    for (size_t i = 0; i < STATEMENTS; i++)
        sqlite3_finalize(self->statements[i]);
    sqlite3_close(self->db);
    if (self->news_fd >= 0)
        close(self->news_fd);
    if (self->lock_fd >= 0)
        close(self->lock_fd);
    pthread_cond_destroy(&self->wake);
    pthread_mutex_destroy(&self->mutex);
    free(self->path);
    free(self);
}

static const struct store_engine sqlite_engine = {
    .keeps = true,
    .load = load,
    .commit = commit,
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
    self->history_ms = options->history_ms;
    self->lock_fd = -1;
    self->news_fd = -1;
    STAILQ_INIT(&self->queue);
    pthread_mutex_init(&self->mutex, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&self->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return self;
}

static int prepare_statements(struct store_sqlite *self, char error[STORE_ERROR_SIZE])
{
    char reason[256];

    for (size_t i = 0; i < STATEMENTS; i++) {
        int result = sqlite3_prepare_v3(self->db, statement_text[i], -1, SQLITE_PREPARE_PERSISTENT,
                                        &self->statements[i], NULL);

        if (result != SQLITE_OK) {
            result = store_schema_describe(self->db, result, reason, sizeof reason);
            return store_fail(error, result, "cannot use the state file %s: %s", self->path,
                              reason);
        }
    }
    return 0;
}

struct store *store_sqlite_open(const struct store_options *options, char error[STORE_ERROR_SIZE])
{
    struct store_sqlite *self = create(options, error);

    if (self == NULL)
        return NULL;
    if (store_file_prepare(options->path, options->must_exist, error) != 0 ||
        (self->lock_fd = store_file_lock(options->path, error)) < 0 ||
        (self->db = store_schema_open(options, error)) == NULL ||
        prepare_statements(self, error) != 0) {
        store_close(&self->store);
        return NULL;
    }
    self->news_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (self->news_fd < 0) {
        store_fail(error, errno, "no descriptor can be had: %s", strerror(errno));
        store_close(&self->store);
        return NULL;
    }
    return &self->store;
}
