/* The store in a SQLite file: what its caller does while the committer's thread writes.
 * Must not let its caller wait for the disk, but in opening, in loading and, for a while, in
 * closing. */
#include "sqlite.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "committer.h"
#include "error.h"
#include "load.h"
#include "schema.h"

static struct store_committer *committer_of(struct store *store)
{
    return (struct store_committer *)(void *)store;
}

static int load(struct store *store, struct store_loader *loader, char error[STORE_ERROR_SIZE])
{
    struct store_committer *self = committer_of(store);
    int result, saved_errno;

    pthread_mutex_lock(&self->mutex);
    self->lent = true;
    while (self->busy)
        pthread_cond_wait(&self->idle, &self->mutex);
    store_committer_forget(self);
    self->connection.statements.reserved = (struct store_counters){0};
    self->committed_bytes = 0;
    pthread_mutex_unlock(&self->mutex);
    result =
        self->connection.db == NULL
            ? store_error_set(error, ENOENT, "the state file %s is not open", self->connection.path)
            : store_load_all(self->connection.db, self->connection.path, loader, error);
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
    struct store_committer *self = committer_of(store);
    bool enough;

    pthread_mutex_lock(&self->mutex);
    STAILQ_INSERT_TAIL(&self->queue, batch, next);
    self->gather.queued += batch->changes;
    enough = self->gather.queued >= self->gather.wanted;
    store_committer_start(self);
    pthread_mutex_unlock(&self->mutex);
    if (enough)
        pthread_cond_signal(&self->wake);
}

static void ask(struct store *store, struct store_query *query)
{
    struct store_committer *self = committer_of(store);

    if (!store_history_reader_ask(self->history, query))
        store_committer_take_answer(self, query, false);
}

static struct store_query *answer(struct store *store)
{
    struct store_committer *self = committer_of(store);
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
    return ((const struct store_committer *)(const void *)store)->news_fd;
}

static void progress(struct store *store, struct store_progress *out)
{
    struct store_committer *self = committer_of(store);
    uint64_t count;

    if (read(self->news_fd, &count, sizeof count) < 0)
        count = 0;
    pthread_mutex_lock(&self->mutex);
    out->role = STORE_LEADS;
    out->committed = self->committed;
    out->committed_bytes = self->committed_bytes;
    out->written_anew = self->written_anew;
    self->written_anew = false;
    out->failed = self->failed;
    if (self->failed)
        memcpy(out->error, self->error, sizeof out->error);
    pthread_mutex_unlock(&self->mutex);
}

static bool close_sqlite(struct store *store)
{
    struct store_committer *self = committer_of(store);

    store_history_reader_destroy(self->history);
    self->history = NULL;
    if (!store_committer_end(self))
        return false;
    store_committer_destroy(self);
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

struct store *store_sqlite_open(const struct store_options *options, char error[STORE_ERROR_SIZE])
{
    struct store_committer *self = store_committer_create(&sqlite_engine, options, error);

    if (self == NULL)
        return NULL;
    self->history = store_history_reader_create(options->path, store_committer_take_answer, self);
    if (self->history == NULL) {
        store_committer_destroy(self);
        store_error_set(error, ENOMEM, "out of memory");
        return NULL;
    }
    return &self->store;
}
