/* The lock table: who holds which lock, who waits for what, and who is next.
 *
 * A pure state machine.  Requests and times go in; what changes comes out through one callback.
 * It opens no file or socket, reads no clock, starts no thread, and never prints.
 *
 * Terms: an *owner* asks for locks by a *demand*: one or more *groups*, each a set of names and
 * how many of them it needs.  Each request gets a *ticket*, a number that only grows.  A free
 * lock goes to the lowest ticket that wants it: as a *promise* while other groups of that request
 * are not full yet, and as a *grant*, of all groups at once, when they are.  A request enters all
 * its queues in one step and never asks for more later, so that requests cannot deadlock among
 * each other and none starves (ordered arrival as in L. Lamport's bakery, CACM 17(8), 1974).
 * A grant carries a *token* that only grows, for fencing off late writers.
 *
 * At any time an owner has at most one live request that names a given lock.
 *
 * Every step is O(log n) in locks, waiters and owners, times the names that the request has.
 * Times are milliseconds on one line that the caller chooses and that never goes back.
 */
#ifndef FARMLOCK_LOCK_TABLE_H
#define FARMLOCK_LOCK_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/tree.h"
#include "demand.h"

struct lock_table;
struct lock;
struct lock_request;

/* What a request says.  Everything is copied. */
struct lock_ask {
    const char *owner; /* not NULL */
    const struct lock_group *groups;
    size_t group_count; /* at least 1 */

    /* The owner's process, as far as it is known: NULL and 0 where not. */
    const char *host;
    uint64_t pid;
    uint64_t start;         /* see process_start_time() */
    const char *boot;       /* see process_boot_id() */
    uint64_t pid_namespace; /* see process_pid_namespace() */
    const char *job;        /* the scheduler's id */

    bool wait;       /* queue up when it cannot be granted now */
    bool autounlock; /* the owner's death releases it */
    int64_t hold_ms; /* most that it may be held; 0 is for ever */
};

enum lock_seat_state {
    LOCK_SEAT_NONE,     /* not wanted any more: its group is full, or the seat was given back */
    LOCK_SEAT_QUEUED,   /* in the lock's queue */
    LOCK_SEAT_PROMISED, /* the lock is set aside for this request */
    LOCK_SEAT_HELD,
};

/* One name of one request. */
struct lock_seat {
    struct tree_node queue_node; /* in lock->queue, by ticket */
    struct tree_node owner_node; /* in lock->by_owner */
    struct lock_request *request;
    struct lock *lock; /* NULL in state NONE of a granted request */
    uint32_t group;
    enum lock_seat_state state;
};

struct lock_group_progress {
    uint32_t needed;
    uint32_t taken; /* promised or held */
};

/* What a request says of its owner's process: NULL and 0 where that is not known.  Apart from the
 * request, as a long queue may be of clients that say none of it. */
struct lock_claimant {
    const char *host, *boot, *job;
    uint64_t pid, start, pid_namespace;

    struct lock_request *request; /* the table's own, like the rest */
    struct tree_node process_node, job_node;
    char text[]; /* what host, boot and job point to */
};

enum lock_request_state { LOCK_WAITING, LOCK_HELD, LOCK_ENDED };

/* A live request.  Read only for others, but for user_data. */
struct lock_request {
    enum lock_request_state state;
    bool autounlock;
    bool present; /* see lock_table_set_present() */
    bool away;    /* see lock_table_set_away(); then it is not present either */
    uint64_t ticket;
    uint64_t token; /* 0 until granted */
    const char *owner;
    struct lock_claimant *process; /* never NULL */
    int64_t asked_ms, granted_ms, hold_ms;
    int64_t last_asked_ms; /* asked_ms, or when its owner last renewed it since the start */
    int64_t deadline_ms;   /* INT64_MAX while there is no limit or no grant */
    void *user_data;       /* the caller's; NULL at first */

    uint64_t renewal; /* the table's own, like the rest */
    struct lock_group_progress *groups;
    uint32_t group_count, full_groups;
    uint32_t seat_count, held_count;

    union {
        struct tree_node ticket_node;   /* while it waits */
        struct tree_node deadline_node; /* while it is held */
    };
    struct lock_seat seats[]; /* names of all groups, in the order of the demand */
};

enum lock_event_kind {
    LOCK_EVENT_QUEUED,   /* a request waits */
    LOCK_EVENT_GRANTED,  /* a request has all it wants */
    LOCK_EVENT_RENEWED,  /* an owner has asked again for what it waits for or has */
    LOCK_EVENT_RELEASED, /* one lock of a grant was given back; `name` says which */
    LOCK_EVENT_LEFT,     /* a waiting request has gone */
    LOCK_EVENT_AWAY,     /* it has, but may come back to its place; RENEWED when it does */
};

/* State files keep these numbers: add at the end only. */
enum lock_reason {
    LOCK_REASON_NONE = 0,
    LOCK_REASON_UNLOCK = 1,     /* the owner gave it back, or stopped waiting */
    LOCK_REASON_BREAK = 2,      /* somebody took it away */
    LOCK_REASON_HOLD_LIMIT = 3, /* held as long as was agreed */
    LOCK_REASON_DEAD = 4,       /* the owner's process has ended */
    LOCK_REASON_JOB_END = 5,    /* the owner's job has ended */
    LOCK_REASON_GONE = 6,       /* the waiter's client has gone away */
};

/* The request is valid during the callback; with state LOCK_ENDED it is freed behind it. */
struct lock_event {
    enum lock_event_kind kind;
    enum lock_reason reason;
    struct lock_request *request;
    const char *name; /* of the lock, for RELEASED */
    int64_t at_ms;    /* the time of the step: who loses a lock and who gets it have one */
};

/* Called for every change, in order, from inside the call that made it.  It must not call back
 * into the table, but for the functions that take a const table; during RELEASED and LEFT these
 * still find the ending request, and its lock not passed on yet.
 */
typedef void lock_event_fn(void *context, const struct lock_event *event);

/* Creates an empty table.  Returns NULL with errno ENOMEM. */
struct lock_table *lock_table_create(lock_event_fn *on_event, void *context);

/* Frees the table and every request in it, without events.  NULL is allowed. */
void lock_table_destroy(struct lock_table *table);

enum lock_outcome {
    LOCK_OUTCOME_GRANTED, /* held, now or before: the owner asked again */
    LOCK_OUTCOME_QUEUED,  /* waits; LOCK_EVENT_GRANTED will come */
    LOCK_OUTCOME_REFUSED, /* would have to wait, and wait was false; nothing was changed */

    /* Faults of the request; nothing was changed. */
    LOCK_OUTCOME_BAD_COUNT, /* a group needs none of its names, or more than it has */
    LOCK_OUTCOME_OVERLAP,   /* a name stands in two groups */
    LOCK_OUTCOME_HAS_PART,  /* the owner holds a part of it already and would wait for itself */
    LOCK_OUTCOME_WAITS,     /* the owner waits for the lock already, with another demand */
    LOCK_OUTCOME_NO_MEMORY,
};

struct lock_result {
    enum lock_outcome outcome;
    struct lock_request *request; /* for GRANTED and QUEUED */
    const char *name;             /* for OVERLAP, HAS_PART and WAITS: the caller's name at fault */
};

/* Asks for locks.
 *
 * An owner that holds what it asks for is granted it again, with the same token; one that waits
 * for the same demand (the same groups in the same order, their names in any) keeps its place. Both
 * renew: process, job, autounlock and hold limit are the new ones, the limit counts from now, the
 * request is present.  A waiter that asks again without wait is refused, and waits on.
 * Where one demand renews several grants, NO_MEMORY may leave some of them renewed.
 * A name that stands twice in one group counts once.  When several locks of a group are free, the
 * one named first is taken.
 */
struct lock_result lock_table_request(struct lock_table *table, const struct lock_ask *ask,
                                      int64_t now_ms);

/* Gives back those of the named locks that the owner holds, and ends its waiting requests that
 * want any of them.  Returns how many locks were given back; *first, if not NULL, is set to the
 * index of the first such name, and left alone when there is none.
 */
size_t lock_table_unlock(struct lock_table *table, const char *owner, const char *const *names,
                         size_t name_count, int64_t now_ms, size_t *first);

/* Takes a held lock from whoever has it.  Returns false when nobody does. */
bool lock_table_break(struct lock_table *table, const char *name, int64_t now_ms);

/* Ends one request: gives back everything that it holds or was promised, or ends its wait. */
void lock_table_end(struct lock_table *table, struct lock_request *request, enum lock_reason reason,
                    int64_t now_ms);

/* Ends the requests with autounlock of a process, or all requests of a job that were last asked for
 * before `before_ms` (INT64_MAX for all): first those that wait, so that none of them is granted
 * what another gives back.  Returns how many.
 */
size_t lock_table_end_process(struct lock_table *table, const char *host, uint64_t pid,
                              int64_t now_ms);
size_t lock_table_end_job(struct lock_table *table, const char *job, int64_t before_ms,
                          int64_t now_ms);

/* Ends every grant whose hold limit is over at `now_ms`. */
void lock_table_expire(struct lock_table *table, int64_t now_ms);

/* When lock_table_expire() will have something to do; INT64_MAX for never. */
int64_t lock_table_next_deadline(const struct lock_table *table);

/* Says whether anybody is there to take a grant.  An absent waiter keeps its place and collects
 * promises, but is granted nothing until it is present again.  Requests start present.
 */
void lock_table_set_present(struct lock_table *table, struct lock_request *request, bool present,
                            int64_t now_ms);

/* A waiting request's owner has gone, and nobody is to be held up for it: the request keeps its
 * ticket, and otherwise stands in no queue and is promised nothing, until its owner asks again or
 * it is set present.  Then it queues by its old ticket.  Returns false, and nothing has changed,
 * for a request that needs more than one lock.
 */
bool lock_table_set_away(struct lock_table *table, struct lock_request *request, int64_t now_ms);

/* The request that holds a lock, or NULL. */
struct lock_request *lock_table_holder(const struct lock_table *table, const char *name);

/* The live request of an owner that names a lock, waiting or held, or NULL. */
struct lock_request *lock_table_find(const struct lock_table *table, const char *owner,
                                     const char *name);

/* The place of a waiting request, 1 being next: the shortest queue of the names of a group that is
 * not full yet, and of those groups the longest; 1 when only its own absence is in the way.  0 when
 * it does not wait.  Of one that is away: the place that it would come back to.
 */
size_t lock_table_position(const struct lock_table *table, const struct lock_request *request);

/* Whom a waiting request waits for: the holder of the first lock that it still wants, or the
 * request that this lock is promised to, itself excepted.  NULL when it does not wait.  *name, if
 * not NULL, is set to the lock's name, valid as long as the request.
 */
struct lock_request *lock_table_blocker(const struct lock_table *table,
                                        const struct lock_request *request, const char **name);

/* The name of a seat's lock; NULL for a seat of state NONE that was granted elsewhere. */
const char *lock_seat_name(const struct lock_seat *seat);

/* How many requests stand in the queue of a lock. */
size_t lock_table_queue_length(const struct lock_table *table, const char *name);

/* Steps through held locks by name and waiting requests by ticket: the first with NULL, then
 * the one behind `last`, which must still be there.  NULL at the end.
 */
const struct lock_seat *lock_table_next_held(const struct lock_table *table,
                                             const struct lock_seat *last);
struct lock_request *lock_table_next_waiter(const struct lock_table *table,
                                            const struct lock_request *last);

/* How many there are: requests that wait, locks that are held, and names that the table knows
 * (those of live requests: held, promised, queued for, or named in a group that is full).
 */
size_t lock_table_waiter_count(const struct lock_table *table);
size_t lock_table_held_count(const struct lock_table *table);
size_t lock_table_name_count(const struct lock_table *table);

/* A request as it was before a restart. */
struct lock_record {
    struct lock_ask
        ask; /* `wait` counts for nothing; the groups of a held request are taken whole */
    uint64_t ticket;
    uint64_t token; /* 0: it waits */
    int64_t asked_ms, granted_ms;
    int64_t deadline_ms; /* INT64_MAX for none */
    bool away;           /* it waits, and is restored as away; else as absent */
};

/* Puts a request back, without an event: first all that hold locks, then those that wait, by
 * ticket.  One that waits is absent, and gets what is free as a promise.  Returns NULL with errno
 *   EINVAL  it cannot have been like that: no sound demand, a lock that another one holds, a
 *           second request of its owner for a lock
 *   ENOMEM
 */
struct lock_request *lock_table_restore(struct lock_table *table, const struct lock_record *record);

/* The next ticket and token; set to values above any used before, they go on from there. */
void lock_table_set_counters(struct lock_table *table, uint64_t ticket, uint64_t token);

#endif
