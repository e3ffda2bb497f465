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
    pthread_mutex_unlock(&self->mutex);
    result =
        self->connection.db == NULL
            ? store_error_set(error, ENOENT, "the state file %s is not open", self->connection.path)
            : store_schema_load(self->connection.db, self->connection.path, loader, error);
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

    pthread_mutex_lock(&self->mutex);
    STAILQ_INSERT_TAIL(&self->asked, query, queue);
    store_committer_start(self);
    pthread_cond_signal(&self->wake);
    pthread_mutex_unlock(&self->mutex);
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
    out->committed = self->committed;
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

    return self != NULL ? &self->store : NULL;
}
