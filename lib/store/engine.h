/* What every engine of the store has; see store.h for what its functions promise.
 *
 *   store.c       which engine; the calls that all engines have
 *   none.c        the engine that keeps nothing
 *   etcd_store.c  the engine that shares a state in etcd: what its caller does
 *   etcd_engine.c its thread: leads or stands by, commits, reads back
 *   etcd_copy.c   when the history is copied from etcd
 *   etcd_outlook.c what people are told of a state in etcd
 *   etcd_say.c    what the engine in etcd has to say
 *   etcd_aside.c  who leads, and resigning for one that died, without a store
 *   etcd_open.c   the way to etcd, and who asks there
 *   etcd_batch.c  batches as keys and values of etcd, and back
 *   etcd_history.c what has ended, in a file here
 *   etcd_mark_keeper.c a thread that keeps what was seen of etcd
 *   etcd_mark_file.c the file that it is kept in
 *   etcd_value.c  one request, clock, unusable seat or entry of the history as a value
 *   etcd_fields.c members of structs as lines
 *   sqlite.c      the engine that keeps a file: what its caller does
 *   committer.c   its thread, which commits, answers and trims
 *   gather.c      how long a commit waits for others
 *   rewrite.c     a file that was removed while in use is written anew
 *   connection.c  a file in use: its lock, its database, its place
 *   statement.c   what is written to it, and the history that is read from it
 *   bound.c       a statement, and what is bound to it
 *   history_reader.c  a thread that answers questions about the history of a file in use
 *   reader.c      the history in a file that a server may be using
 *   schema.c      how it is laid out, opened, brought up to date and read back
 *   place.c       where it is, and whether it is there still
 *   file.c        the file as a file
 *   batch.c       what one pass has changed
 *   query.c       a question about the history
 *   error.c       what went wrong, as a line and an errno
 *
 * Each calls only what stands below it.
 */
#ifndef FARMLOCK_STORE_ENGINE_H
#define FARMLOCK_STORE_ENGINE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "store.h"

struct store_engine {
    bool keeps;
    int (*load)(struct store *store, struct store_loader *loader, char error[STORE_ERROR_SIZE]);
    void (*commit)(struct store *store, struct store_batch *batch);
    void (*ask)(struct store *store, struct store_query *query);
    struct store_query *(*answer)(struct store *store);
    int (*fd)(const struct store *store);
    void (*progress)(struct store *store, struct store_progress *progress);
    bool (*close)(struct store *store);

    /* Of one that is shared; NULL else. */
    const struct store_shared_engine *shared;
};

struct store_shared_engine {
    bool (*keeps_history)(const struct store *store);
    int64_t (*confirmed_ms)(const struct store *store);
    int64_t (*takeover_ms)(const struct store *store);
    int64_t (*mute_after_ms)(const struct store *store);
    const char *(*cluster)(const struct store *store);
    void (*resign)(struct store *store);
    bool (*standing)(struct store *store, struct store_line *line);
    void (*outlook)(const struct store *store, struct store_outlook *out);
};

/* The head of every engine's own struct. */
struct store {
    const struct store_engine *engine;
    uint64_t submitted;
};

STAILQ_HEAD(store_query_queue, store_query);

#endif
