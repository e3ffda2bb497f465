/* The JSON list of locks and waiters, as share/schema/locklist.schema.json describes it: what a
 * server writes from its table, and a client from a classic server's plain list.
 *
 * The document is written entry by entry, so that a list of 200,000 waiters needs no more memory
 * than its text.  Text in it is always valid UTF-8: control characters and bytes that are not
 * UTF-8 stand as \xNN (see base/text.h), as they do on a terminal.
 */
#ifndef FARMLOCK_LIST_JSON_H
#define FARMLOCK_LIST_JSON_H

#include <stddef.h>
#include <stdint.h>

#include "lock/demand.h"

/* The document that is being written. */
struct lock_json;

struct list_json_server {
    const char *version; /* NULL where not known */
    int64_t started_s;   /* since 1970; -1 where not known */
    unsigned protocol;   /* 1: classic; 2: ours */
};

enum list_json_flag { LIST_JSON_UNKNOWN = -1, LIST_JSON_NO = 0, LIST_JSON_YES = 1 };

/* One lock that is held.  NULL, 0 or -1 stand for what is not known, and become null. */
struct list_json_lock {
    const char *name;  /* not NULL */
    const char *owner; /* not NULL */
    const char *host;
    uint64_t pid; /* 0: not known */
    const char *job;
    int64_t held_since_ms; /* since 1970; -1: not known */
    int64_t hold_limit_s;  /* 0 is for ever; -1: not known */
    enum list_json_flag autounlock;
    uint64_t token;  /* 0: not known */
    int64_t waiting; /* requests in its queue; -1: not known */
};

/* One request that waits. */
struct list_json_waiter {
    const char *owner; /* not NULL */
    const char *host;
    uint64_t pid;
    const char *job;
    const struct lock_demand *wants; /* not NULL */
    uint64_t position;               /* 1 is next; 0: not known */
    int64_t waiting_since_ms;        /* since 1970; -1: not known */
};

/* Begins a document as of `now_ms` since 1970.  Returns NULL with errno ENOMEM.  The caller ends
 * or destroys it.
 */
struct lock_json *list_json_begin(const struct list_json_server *server, int64_t now_ms);

/* Adds an entry: first all locks, then all waiters.  A failure for want of memory is remembered
 * and told by list_json_end().
 */
void list_json_add_lock(struct lock_json *json, const struct list_json_lock *lock);
void list_json_add_waiter(struct lock_json *json, const struct list_json_waiter *waiter);

/* Ends the document and frees `json`, in every case.  Returns the text without a newline, for the
 * caller to free(3), and writes its length to *len if that is not NULL; or NULL with errno ENOMEM.
 */
char *list_json_end(struct lock_json *json, size_t *len);

/* Frees a document that will not be ended.  NULL is allowed. */
void list_json_destroy(struct lock_json *json);

#endif
