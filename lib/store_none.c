/* The store that keeps nothing: every batch is as safe as it will ever be at once.
 * Must not start a thread or open a file. */
#include <errno.h>
#include <stdlib.h>

#include "store_private.h"

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
    progress->committed = store->submitted;
    progress->failed = false;
    progress->error[0] = '\0';
}

static void close_none(struct store *store)
{
    free(store);
}

static const struct store_engine none_engine = {
    .keeps = false,
    .load = load_nothing,
    .commit = forget,
    .fd = no_fd,
    .progress = all_is_done,
    .close = close_none,
};

struct store *store_none_open(char error[STORE_ERROR_SIZE])
{
    struct store *store = calloc(1, sizeof *store);

    if (store == NULL)
        store_fail(error, ENOMEM, "out of memory");
    else
        store->engine = &none_engine;
    return store;
}
