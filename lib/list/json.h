/* The JSON list of locks and waiters, as share/schema/locklist.schema.json describes it: what a
 * server writes from its table, and a client from a classic server's plain list.
 *
 * The document is written entry by entry, so that a list of 200,000 waiters needs no more memory
 * than its text.  Text in it is always valid UTF-8: control characters and bytes that are not
 * UTF-8 stand as \xNN (see base/text.h), as they do on a terminal.
 */
#ifndef FARMLOCK_LIST_JSON_H
#define FARMLOCK_LIST_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lock/demand.h"
#include "protocol/proof.h"

/* The document that is being written. */
struct lock_json;

struct list_json_server {
    const char *version; /* NULL where not known */
    int64_t started_s;   /* since 1970; -1 where not known */
    unsigned protocol;   /* 1: classic; 2: ours */
};

enum list_json_flag { LIST_JSON_UNKNOWN = -1, LIST_JSON_NO = 0, LIST_JSON_YES = 1 };

/* How it is known whose something is. */
struct list_json_proof {
    bool is_told; /* the server tells such things */
    enum proof how;
    uint32_t uid;      /* where it is proven */
    const char *login; /* of the uid; NULL where it is not known, or not yet */
};

/* One lock that is held.  NULL, 0 or -1 stand for what is not known, and become null. */
struct list_json_lock {
    const char *name;  /* not NULL */
    const char *owner; /* not NULL */
    struct list_json_proof proof;
    const char *host;
    uint64_t pid; /* 0: not known */
    const char *job;
    int64_t held_since_ms; /* since 1970; -1: not known */
    int64_t hold_limit_s;  /* 0 is for ever; -1: not known */
    enum list_json_flag autounlock;
    enum list_json_flag connected; /* the owner is */
    int64_t silent_ms;             /* since it was heard; -1: not known */
    uint64_t token;                /* 0: not known */
    const char *pool;              /* that it is a seat of; NULL and left out: none */
    const char *project;           /* likewise */
    int64_t waiting;               /* requests in its queue; -1: not known */
    bool offline;                  /* nobody gets it after its owner; left out where it is not so */
    bool shared;                   /* likewise, like the next */
    bool until_boot;               /* it is kept at least until its host has booted anew */
    bool kept;                     /* its owner is done with it */
    int64_t kept_until_ms;         /* it is kept so long at least, since 1970; 0: not for a time */
};

/* One request that waits. */
struct list_json_waiter {
    const char *owner; /* not NULL */
    struct list_json_proof proof;
    const char *host;
    uint64_t pid;
    const char *job;
    const struct lock_demand *wants; /* not NULL */
    const char *const *pools; /* whose seats each of its groups names; NULL and left out: none */
    uint64_t position;        /* 1 is next; 0: not known */
    int64_t waiting_since_ms; /* since 1970; -1: not known */
    const char *project;      /* NULL and left out: none */
    int64_t priority;         /* left out where it is 0 */
    const char *reason;       /* why it waits, in a word of `why`; NULL and left out: not told,
                                 and so is `of` */
    uint64_t of;              /* so many stand where it does */
};

/* A pool; one that its server has no rules for has 0 where these would count. */
struct list_json_pool {
    const char *name; /* not NULL */
    uint32_t total, held, promised, reserved, outside, outside_most, offline, free;
    uint64_t waiting;
    int64_t oldest_ms; /* since when the longest wait lasts; -1: nobody waits */
    const char *most;  /* who has most seats; NULL: nobody, or it is not told */
    uint32_t most_held;
};

/* Who takes turns in a pool. */
struct list_json_class {
    const char *name; /* not NULL */
    uint32_t weight, use;
    uint64_t waiting;
};

/* A lock or seat that is out of use. */
struct list_json_offline {
    const char *name;   /* not NULL */
    const char *pool;   /* whose seat it is; NULL and left out: none */
    int64_t until_ms;   /* since 1970; -1: until somebody puts it back */
    const char *reason; /* NULL: none was given */
};

/* Begins a document as of `now_ms` since 1970.  Returns NULL with errno ENOMEM.  The caller ends
 * or destroys it.
 */
struct lock_json *list_json_begin(const struct list_json_server *server, int64_t now_ms);

/* The same for a document that has pools, and what is offline, only. */
struct lock_json *list_json_begin_pools(const struct list_json_server *server, int64_t now_ms);

/* Makes room for about `bytes` more, not 0: a text that is made ready bit by bit does not move
 * then, which takes milliseconds where it is long. */
void list_json_expect(struct lock_json *json, size_t bytes);

/* Adds an entry: first all locks, then all waiters, then all pools, each with its classes behind
 * it, then all that is offline.  A failure for want of memory is remembered and told by
 * list_json_end().
 */
void list_json_add_lock(struct lock_json *json, const struct list_json_lock *lock);
void list_json_add_waiter(struct lock_json *json, const struct list_json_waiter *waiter);
void list_json_add_pool(struct lock_json *json, const struct list_json_pool *pool);
void list_json_add_class(struct lock_json *json, const struct list_json_class *share);
void list_json_add_offline(struct lock_json *json, const struct list_json_offline *offline);

/* Ends the document and frees `json`, in every case.  Returns the text without a newline, for the
 * caller to free(3), and writes its length to *len if that is not NULL; or NULL with errno ENOMEM.
 */
char *list_json_end(struct lock_json *json, size_t *len);

/* Frees a document that will not be ended.  NULL is allowed. */
void list_json_destroy(struct lock_json *json);

#endif
