/* The store: picking an engine, and the calls that lead to it.
 * Must not know how an engine keeps things. */
#include "store.h"

#include <errno.h>
#include <string.h>

#include "batch.h"
#include "engine.h"
#include "error.h"
#include "none.h"
#include "sqlite.h"

bool store_is_shared(const char *path)
{
    return path != NULL && strncmp(path, "etcd:", strlen("etcd:")) == 0;
}

static store_open_fn *shared_open;

void store_offer_shared(store_open_fn *open)
{
    shared_open = open;
}

struct store *store_open(const struct store_options *options, char error[STORE_ERROR_SIZE])
{
    if (options->path == NULL || strcmp(options->path, "none") == 0)
        return store_none_open(error);
    if (store_is_shared(options->path) && shared_open == NULL) {
        store_error_set(error, EINVAL, "this program was built without etcd");
        return NULL;
    }
    if (store_is_shared(options->path))
        return shared_open(options, error);
    return store_sqlite_open(options, error);
}

bool store_close(struct store *store)
{
    int saved_errno = errno;
    bool done = store == NULL || store->engine->close(store);

    errno = saved_errno;
    return done;
}

bool store_keeps(const struct store *store)
{
    return store->engine->keeps;
}

bool store_keeps_history(const struct store *store)
{
    const struct store_shared_engine *shared = store->engine->shared;

    return shared != NULL ? shared->keeps_history(store) : store->engine->keeps;
}

int store_load(struct store *store, struct store_loader *loader, char error[STORE_ERROR_SIZE])
{
    loader->next_ticket = 1;
    loader->next_token = 1;
    loader->host[0] = '\0';
    return store->engine->load(store, loader, error);
}

uint64_t store_commit(struct store *store, struct store_batch *batch)
{
    uint64_t number = ++store->submitted;

    batch->number = number;
    store->engine->commit(store, batch);
    return number;
}

int store_fd(const struct store *store)
{
    return store->engine->fd(store);
}

void store_progress(struct store *store, struct store_progress *progress)
{
    store->engine->progress(store, progress);
}

void store_ask(struct store *store, struct store_query *query)
{
    store->engine->ask(store, query);
}

struct store_query *store_answer(struct store *store)
{
    return store->engine->answer(store);
}

bool store_confirms(const struct store *store)
{
    return store->engine->shared != NULL;
}

int64_t store_confirmed_ms(const struct store *store)
{
    return store->engine->shared->confirmed_ms(store);
}

int64_t store_takeover_ms(const struct store *store)
{
    return store->engine->shared->takeover_ms(store);
}

int64_t store_mute_after_ms(const struct store *store)
{
    return store->engine->shared->mute_after_ms(store);
}

const char *store_cluster(const struct store *store)
{
    return store->engine->shared->cluster(store);
}

void store_resign(struct store *store)
{
    store->engine->shared->resign(store);
}

bool store_standing(struct store *store, struct store_line *line)
{
    return store->engine->shared->standing(store, line);
}

bool store_outlook(const struct store *store, struct store_outlook *out)
{
    if (store == NULL || !store_confirms(store))
        return false;
    store->engine->shared->outlook(store, out);
    return true;
}
