/* What the files of the store share; see store.h for what it does.
 *
 *   store.c         which engine; the calls that all engines have
 *   batch.c   what one pass has changed
 *   none.c    the engine that keeps nothing
 *   sqlite.c  the engine that keeps a file: commits, on a thread of its own
 *   gather.c  how long a commit waits for others
 *   place.c   a file that was removed or replaced while in use
 *   statement.c  what it writes and reads
 *   schema.c  how that file is laid out, opened, brought up to date and read back
 */
#ifndef FARMLOCK_STORE_ENGINE_H
#define FARMLOCK_STORE_ENGINE_H

#include <stdarg.h>
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
};

/* The head of every engine's own struct. */
struct store {
    const struct store_engine *engine;
    uint64_t submitted;
};

/* A live request as it is kept. */
struct store_request {
    uint64_t ticket, token;
    const char *owner, *host, *boot, *job;
    uint64_t pid, start, pid_namespace;
    bool autounlock;
    int64_t asked_ms, granted_ms, hold_ms, deadline_ms;
    const char *demand; /* see store_demand_parse() */
};

enum store_op_kind {
    STORE_OP_PUT,
    STORE_OP_DROP,
    STORE_OP_HOST,
    STORE_OP_PROBE,
    STORE_OP_HISTORY,
};

struct store_op {
    enum store_op_kind kind;
    union {
        struct store_request request;
        uint64_t ticket;
        const char *host;
        struct store_history history;
    };
    STAILQ_ENTRY(store_op) next;
    char text[]; /* of all strings */
};

STAILQ_HEAD(store_query_queue, store_query);
STAILQ_HEAD(store_op_queue, store_op);

struct store_batch {
    struct store_op_queue ops;
    STAILQ_ENTRY(store_batch) next;
    uint64_t number;
    uint64_t next_ticket, next_token; /* 0: as before */
    size_t changes;                   /* of requests */
    bool urgent, failed;
};

/* The groups of a demand, read from text: "COUNT NAME NAME" for each, a line a group.  A held
 * request has one group, of all that it holds.
 */
struct store_demand {
    char *text; /* which the names point into */
    const char **names;
    struct lock_group *groups;
    size_t group_count;
};

/* Returns -1 with errno EINVAL or ENOMEM, and there is nothing to free. */
int store_demand_parse(struct store_demand *demand, const char *text);
void store_demand_fini(struct store_demand *demand);

struct store *store_none_open(char error[STORE_ERROR_SIZE]);
struct store *store_sqlite_open(const struct store_options *options, char error[STORE_ERROR_SIZE]);

/* Writes *error, sets errno and returns -1. */
int store_fail(char error[STORE_ERROR_SIZE], int error_number, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
