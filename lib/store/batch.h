/* What is in a batch, for the engines that keep it; see store.h for how it is filled. */
#ifndef FARMLOCK_STORE_BATCH_H
#define FARMLOCK_STORE_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "lock/keep.h"
#include "store.h"

/* A live request as it is kept. */
struct store_request {
    uint64_t ticket, token;
    const char *owner, *host, *boot, *job, *login, *project;
    int32_t priority;
    uint32_t lost_after_s;
    struct lock_asker asker;
    uint64_t pid, start, pid_namespace;
    bool is_found; /* see struct lock_ask; kept where servers of several hosts have the state */
    bool autounlock, away;
    int64_t asked_ms, granted_ms, hold_ms, deadline_ms;
    struct lock_keep_state keep; /* all 0: it is not to be kept */
    const char *demand;          /* as text, see lock_demand_parse() */
};

enum store_op_kind {
    STORE_OP_PUT,
    STORE_OP_DROP,
    STORE_OP_HOST,
    STORE_OP_PROBE,
    STORE_OP_HISTORY,
    STORE_OP_CLOCK,
    STORE_OP_UNUSABLE,
};

struct store_op {
    enum store_op_kind kind;
    union {
        struct store_request request;
        uint64_t ticket;
        const char *host;
        struct store_history history;
        struct store_clock clock;
        struct store_unusable unusable;
    };
    STAILQ_ENTRY(store_op) next;
    char text[]; /* of all strings */
};

STAILQ_HEAD(store_op_queue, store_op);

struct store_chunk;

struct store_batch {
    struct store_op_queue ops;
    struct store_chunk *chunks; /* what they are in */
    STAILQ_ENTRY(store_batch) next;
    uint64_t number;
    uint64_t next_ticket, next_token; /* 0: as before */
    size_t changes;                   /* of requests */
    size_t bytes;                     /* of memory */
    bool urgent, failed, leaves_out_history;
};

STAILQ_HEAD(store_batch_queue, store_batch);

/* All that are in a queue, which is empty then. */
void store_batch_destroy_all(struct store_batch_queue *queue);

#endif
