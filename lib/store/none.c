/* The store that keeps nothing: every batch is as safe as it will ever be at once.
 * Must not start a thread or open a file. */
#include "none.h"

#include <errno.h>
#include <stdlib.h>

#include "engine.h"
#include "error.h"

struct store_none {
    struct store store;
    struct store_query_queue answered;
};

static int load_nothing(struct store *store, struct store_loader *loader,
                        char error[STORE_ERROR_SIZE])
{
    (void)store;
    (void)loader;
    (void)error;
    return 0;
}

static void forget(struct store *store, struct store_batch *batch)
{
    (void)store;
    store_batch_destroy(batch);
}

static int no_fd(const struct store *store)
{
    (void)store;
    return -1;
}

static void all_is_done(struct store *store, struct store_progress *progress)
{
    progress->role = STORE_LEADS;
    progress->committed = store->submitted;
    progress->committed_bytes = 0;
    progress->written_anew = false;
    progress->failed = false;
    progress->error[0] = '\0';
}

static struct store_none *none_of(struct store *store)
{
    return (struct store_none *)(void *)store;
}

static void ask_nothing(struct store *store, struct store_query *query)
{
    STAILQ_INSERT_TAIL(&none_of(store)->answered, query, queue);
}

static struct store_query *answer_nothing(struct store *store)
{
    struct store_query *query = STAILQ_FIRST(&none_of(store)->answered);

    if (query != NULL)
        STAILQ_REMOVE_HEAD(&none_of(store)->answered, queue);
    return query;
}

static bool close_none(struct store *store)
{
    struct store_query *query;

    while ((query = answer_nothing(store)) != NULL)
        store_query_destroy(query);
    free(store);
    return true;
}

static const struct store_engine none_engine = {
    .keeps = false,
    .load = load_nothing,
    .commit = forget,
    .ask = ask_nothing,
    .answer = answer_nothing,
    .fd = no_fd,
    .progress = all_is_done,
    .close = close_none,
};

struct store *store_none_open(char error[STORE_ERROR_SIZE])
{
    struct store_none *self = calloc(1, sizeof *self);

    if (self == NULL) {
        store_error_set(error, ENOMEM, "out of memory");
        return NULL;
    }
    self->store.engine = &none_engine;
    STAILQ_INIT(&self->answered);
    return &self->store;
}
