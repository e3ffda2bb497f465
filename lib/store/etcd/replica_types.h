/* What the files of a replica share.
 *
 *   replica_step.c     drives it by calls that block
 *   replica.c          what is asked next, and whose an answer is
 *   replica_stand.c    looks, claims, resignations
 *   replica_glance.c   looks that fail
 *   replica_lead.c     commits, heartbeats, compaction
 *   replica_read.c     rows and history
 *   replica_watch.c    how etcd is, and who stands by
 *   replica_base.c     keys, sights, errors
 *
 * Each calls only what stands below it, and the pure parts: claim, record, txn, outbox, wire.
 */
#ifndef FARMLOCK_STORE_ETCD_REPLICA_TYPES_H
#define FARMLOCK_STORE_ETCD_REPLICA_TYPES_H

#include <stdatomic.h>

#include "outbox.h"
#include "replica.h"

enum {
    REPLICA_PREFIX_MOST = 200,
    REPLICA_KEY_SIZE = REPLICA_PREFIX_MOST + ETCD_NAME_SIZE,

    /* An etcd that answers "timed out" does so after 7 s by itself. */
    REPLICA_CALL_MS = 1000,
    REPLICA_LONG_CALL_MS = 5000, /* for what is longer than this: */
    REPLICA_LONG_BYTES = 64 * 1024,

    REPLICA_REFUSED_PAUSE_MS = 250,
    REPLICA_UNKNOWN_AT_ONCE = 2, /* so many members are asked one behind the other; then with */
    REPLICA_UNKNOWN_PAUSE_MS = 100,
};

enum replica_role {
    REPLICA_STANDS_BY,
    REPLICA_CLAIMS, /* it has claimed, and nobody knows with what success */
    REPLICA_LEADS,
};

enum replica_topic {
    REPLICA_NOTHING,
    REPLICA_LOOK,
    REPLICA_GLANCE,
    REPLICA_CLAIM,
    REPLICA_RESIGN,
    REPLICA_CHANGE,
    REPLICA_ROWS,
    REPLICA_HISTORY,
    REPLICA_COMPACT,
    REPLICA_STATUS, /* these four are a watch's, see replica_watch.h */
    REPLICA_SHOW,
    REPLICA_STANDBYS,
    REPLICA_TIDY,
};

/* What was said to change, until it is known whether it did.  It is sent again as it is. */
struct replica_change {
    bool is_there;
    bool is_commit; /* else a heartbeat */
    bool is_unsure; /* a copy of it was sent, and may be done at any time */
    struct buffer request;
    uint64_t history;     /* the last number in the history with it */
    size_t history_bytes; /* that it adds to that; 0: nothing */
    uint64_t next_token;  /* as it has it */
    int64_t first_ms;     /* when its first copy was sent; below 0: it was not */
};

/* What is read, page by page. */
struct replica_rows {
    bool is_wanted;
    int64_t revision;
    int stage; /* 0: any member, as of the revision; 1: one that is not behind; 2: as it is now */
    int64_t limit;
    struct buffer from; /* the next page's first key */
};

struct etcd_replica {
    struct etcd_leader who;
    struct etcd_claim claim;
    int (*on_row)(void *context, const struct etcd_row *row);
    int (*on_history)(void *context, uint64_t number, struct etcd_bytes value);
    int64_t (*wall_ms)(void *context);
    void *context;
    bool compacts;
    char prefix[REPLICA_PREFIX_MOST + 1];
    char machine[ETCD_NAME_SIZE];
    struct buffer boot;

    enum replica_role role;
    struct etcd_sight sight;
    struct etcd_counters counters;
    bool resigns;
    int64_t resigned_epoch; /* that is to be given up; 0: it has to look first */
    struct buffer text;     /* for a value that is put together */

    /* the question under way */
    enum replica_topic topic;
    int64_t sent_ms;
    struct buffer request; /* but for those of changes */
    int unanswered;        /* one behind the other */
    int64_t not_before_ms;
    char error[512];

    /* standing by, and claiming */
    int64_t look_at_ms, look_took_ms;
    int failed_looks; /* one behind the other, as far as that matters */
    bool is_to_glance, is_to_claim;
    struct etcd_leader claimed;
    struct etcd_seq claimed_seq;

    /* leading */
    int64_t epoch, last; /* revisions of the leader key and of the sequence key */
    uint64_t n;
    uint64_t history;
    struct replica_change change; /* or the claim */
    int64_t heartbeat_at_ms;
    struct replica_rows rows;
    struct etcd_outbox outbox;
    int changes_to_compact;
    int64_t compact_at_ms;
    bool is_to_compact;
    _Atomic int64_t confirmed_ms;

    bool wants_history;
    uint64_t history_after;
    int64_t history_at_ms; /* not before: it failed */
    bool history_waits;    /* a change comes first, as a page is read already */

    /* beside all that */
    bool watches;
    bool is_kept_out;               /* at its last look it could have led, but must not */
    enum replica_topic watch_topic; /* what is next of a watch that has begun; or NOTHING */
    int64_t watch_at_ms;            /* when the next one begins */
    struct etcd_watch watch;
};

#endif
