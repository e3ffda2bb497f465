/* The thread that stands by or leads, and keeps batches in etcd; and what it shares with its
 * caller.
 *
 *     stands by -> has taken over, and reads -> leads -> deposed, which is told once -> stands by
 *                                      ^           |
 *                                      +- failed <-+   a batch was refused: all is read again
 */
#ifndef FARMLOCK_STORE_ETCD_ENGINE_H
#define FARMLOCK_STORE_ETCD_ENGINE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "batch.h"
#include "engine.h"
#include "etcd_batch.h"
#include "etcd_history.h"
#include "etcd_mark_keeper.h"
#include "gather.h"
#include "store/etcd/members.h"
#include "store/etcd/replica.h"

enum { ETCD_HOST_SIZE = 512, ETCD_BESIDE_MOST = 8 };

struct etcd_engine {
    struct store store;
    int news_fd, interrupt_fd;
    int all_fd;       /* polls readable for that of the news, and for that of the history's file */
    int mark_lock_fd; /* that nobody else keeps a mark in its place, where no history is kept */
    int64_t takeover_ms, quota_bytes;
    char host[ETCD_HOST_SIZE]; /* as store_batch_host() says it */
    char *prefix;

    _Atomic int64_t alive_ms; /* when the caller was here last, by CLOCK_MONOTONIC */

    char told_cluster[ETCD_ID_SIZE]; /* the caller's, from its last look; likewise the next */
    bool history_has_failed;

    /* The thread's. */
    struct members *members;
    struct etcd_replica *replica;
    struct buffer response, scratch;
    struct etcd_txn *txn, *next; /* what is sent, and a batch that is to be added to it */
    struct store_batch_queue under_way;
    uint64_t under_way_last;
    size_t under_way_bytes;
    int64_t sent_us, took_us;
    int64_t line_ms, line_told_ms; /* a time of the table's line, and of our clock then */
    struct etcd_rows reading;
    int64_t history_at_ms;     /* when it is copied next */
    uint64_t history_seen;     /* its last number, when it was copied last */
    int64_t history_behind_ms; /* since when less of it is there than was copied; 0: it is not */
    int64_t history_behind_revision; /* of the last look that saw that before takeover_ms passed */
    bool history_is_under_way;
    bool is_alone;                  /* the caller shows no life */
    struct etcd_history *history;   /* or NULL: none is kept */
    struct etcd_mark_keeper *marks; /* likewise */
    struct etcd_mark mark;          /* that was seen last */
    char told[STORE_LINE_SIZE];     /* what was said last of how it stands, and when */
    int64_t told_ms;
    char told_version[ETCD_VERSION_SIZE], told_errors[ETCD_ERRORS_SIZE]; /* of etcd */
    bool told_large;

    pthread_t thread;
    pthread_mutex_t mutex; /* over all below */
    pthread_cond_t wake;
    struct store_batch_queue queue;
    struct store_gather gather;
    bool leads;      /* it has taken over; its rows may be read still */
    bool is_read;    /* `rows` has all, for store_load() */
    bool is_loaded;  /* that was done: batches are taken */
    bool is_deposed; /* and nobody was told yet */
    bool failed, wants_load, wants_resign, closing, ended;
    struct etcd_rows rows;
    uint64_t next_ticket, next_token; /* with these rows */
    int64_t rows_now_ms;
    uint64_t committed, committed_bytes;
    char error[STORE_ERROR_SIZE];
    char cluster[ETCD_ID_SIZE];
    char standing[STORE_LINE_SIZE]; /* something new to say; or "" */
    bool is_trouble;
    struct store_line beside[ETCD_BESIDE_MOST]; /* and what else there is */
    size_t beside_count;
    struct store_outlook outlook; /* but for what is worked out when somebody asks */
};

/* What is queued is the last.  This and the next are called with the mutex. */
static inline bool etcd_engine_is_ending(const struct etcd_engine *self)
{
    return self->closing || self->wants_resign;
}

static inline bool etcd_engine_has_batches(const struct etcd_engine *self)
{
    return self->is_loaded && !STAILQ_EMPTY(&self->queue);
}

/* Runs it until it is closed, and has resigned then. */
void *etcd_engine_run(void *engine);

/* Frees what it has; there is no thread, or none any more. */
void etcd_engine_destroy(struct etcd_engine *self);

/* For the replica: takes a row that was read. */
int etcd_engine_take_row(void *engine, const struct etcd_row *row);

/* For the replica: takes a part of the history. */
int etcd_engine_take_history(void *engine, uint64_t number, struct etcd_bytes value);

/* Forgets the batches that wait; those that are under way go on.  Is called with the mutex. */
void etcd_engine_forget_queue(struct etcd_engine *self);

#endif
