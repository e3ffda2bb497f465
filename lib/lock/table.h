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
 * A group may be *shared*: a lock is with any number of readers, or with one writer.  Who waits for
 * a lock waits in one queue, so that readers who come behind a writer do not go before it.
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
struct pool_standing;
struct pool_person;
struct pool_config;
struct lock_nesting;

/* How it is known who asks.  State files keep these numbers: add at the end only. */
enum lock_proof {
    LOCK_CLAIMED = 0,          /* not at all: there is a name, and no more */
    LOCK_PROVEN_BY_SOCKET = 1, /* by the kernel, of a socket on this machine */
    LOCK_PROVEN_BY_MUNGE = 2,  /* by a credential */
};

/* Who asks, behind the name.  The table keeps it, and judges nothing by it.  All 0 is a stranger.
 */
struct lock_asker {
    uint64_t key[2];        /* of the grant, in the words of its caller; all 0: none */
    unsigned char peer[16]; /* the address that it came from, see base/ip_text.h; all 0: none */
    uint32_t uid;           /* 0 unless it is proven */
    unsigned char proof;    /* enum lock_proof */
    bool is_fresh;          /* the key is another one, of which that of the grant is to be made */
};

/* What a request says.  Everything is copied. */
struct lock_ask {
    const char *owner; /* not NULL */
    struct lock_asker asker;
    const struct lock_group *groups;
    size_t group_count; /* at least 1 */

    /* The owner's process, as far as it is known: NULL and 0 where not. */
    const char *host;
    uint64_t pid;
    uint64_t start;         /* see process_start_time() */
    const char *boot;       /* see process_boot_id() */
    uint64_t pid_namespace; /* see process_pid_namespace() */
    bool is_found;          /* the last three were not told: the server has looked */
    const char *job;        /* the scheduler's id */

    /* What rules of pools go by (pools.h): NULL and 0 where that is not known. */
    const char *user;               /* the login */
    const char *const *memberships; /* the groups of that, as the rules spell them */
    size_t membership_count;
    const char *project;
    int32_t priority; /* more goes first, as far as a pool lets it */

    uint32_t lost_after_s; /* it loses what it has when nothing is heard of it so long; 0: never */

    bool wait;       /* queue up when it cannot be granted now */
    bool autounlock; /* the owner's death releases it */
    bool until_boot; /* see keep.h, like the next */
    int64_t keep_ms;
    int64_t hold_ms; /* most that it may be held; 0 is for ever */
    int64_t most_ms; /* that it may be held in all, however often it is renewed; 0: no bound */
};

enum lock_seat_state {
    LOCK_SEAT_NONE,     /* not wanted any more: its group is full, or the seat was given back */
    LOCK_SEAT_QUEUED,   /* in the lock's queue */
    LOCK_SEAT_PROMISED, /* the lock is set aside for this request */
    LOCK_SEAT_HELD,
};

/* One name of one request; or one of the seats that it wants of a pool, without a lock until it is
 * promised one. */
struct lock_seat {
    struct tree_node queue_node; /* in lock->queue, by ticket; or in lock->readers */
    struct tree_node owner_node; /* in lock->by_owner */
    struct lock_request *request;
    struct lock *lock; /* NULL in state NONE of a granted request, or of a pool's seat */
    uint32_t group;
    enum lock_seat_state state : 8;
    bool is_shared : 1;
    bool is_kept : 1; /* it is held still, but its owner is done with it; see keep.h */
};

struct lock_group_progress {
    uint32_t needed;
    uint32_t taken : 31; /* promised or held */
    uint32_t shared : 1;
};

/* What a request says of its owner's process: NULL and 0 where that is not known.  Apart from the
 * request, as a long queue may be of clients that say none of it. */
struct lock_claimant {
    const char *host, *boot, *job;
    const char *user, *project;
    int32_t priority;
    uint32_t lost_after_s : 31;
    bool is_found : 1;          /* see struct lock_ask */
    struct pool_person *person; /* whose groups are known; NULL */
    uint64_t pid, start, pid_namespace;

    struct lock_request *request; /* the table's own, like the rest */
    struct tree_node process_node, job_node;
    char text[]; /* what these point to */
};

enum lock_request_state { LOCK_WAITING, LOCK_HELD, LOCK_ENDED };

/* A live request.  Read only for others, but for what is the caller's and the asker's key. */
struct lock_request {
    enum lock_request_state state;
    bool autounlock;
    bool present;    /* see lock_table_set_present() */
    bool away;       /* see lock_table_set_away(); then it is not present either */
    bool is_looking; /* the table's own: for another seat */
    uint64_t ticket;
    uint64_t token; /* 0 until granted */
    const char *owner;
    struct lock_claimant *process; /* never NULL */
    int64_t asked_ms, granted_ms, hold_ms;
    int64_t last_asked_ms;   /* asked_ms, or when its owner last renewed it since the start */
    int64_t deadline_ms;     /* INT64_MAX while there is no limit or no grant */
    struct lock_asker asker; /* who asked last; without a key that has it of before */
    void *user_data;         /* the caller's; NULL at first, like the next */
    void *payer;
    bool is_counted;   /* likewise; false at first */
    bool shares;       /* some group of it is of readers */
    bool keeps;        /* see keep.h: it is to be held on for a while, whatever its owner does; */
    bool is_kept : 1;  /* and its owner is done with all that it holds */
    bool overlaps : 1; /* groups of it have locks in common; see overlap.h */
    bool is_small : 1; /* the table's own: its memory serves the next one */
    uint32_t weight;   /* likewise; 0 at first */

    uint64_t renewal; /* the table's own, like the rest */
    struct lock_group_progress *groups;
    uint32_t group_count, full_groups;
    uint32_t seat_count, held_count;

    union {
        struct tree_node ticket_node;   /* while it waits */
        struct tree_node deadline_node; /* while it is held */
    };
    struct pool_standing *pooled;         /* NULL where it has nothing to do with pools */
    struct lock_request *looking_next;    /* while it looks for another seat */
    struct lock_nesting *outers, *inners; /* see nesting.h; NULL for most */
    struct lock_seat *seats;              /* names of all groups, in the order of the demand */
    struct lock_seat own_seats[];         /* where these are, but for what a reload has changed */
};

enum lock_event_kind {
    LOCK_EVENT_QUEUED,   /* a request waits */
    LOCK_EVENT_GRANTED,  /* a request has all it wants */
    LOCK_EVENT_RENEWED,  /* an owner has asked again for what it waits for or has */
    LOCK_EVENT_RELEASED, /* one lock of a grant was given back; `name` says which */
    LOCK_EVENT_LEFT,     /* a waiting request has gone */
    LOCK_EVENT_AWAY,     /* it has, but may come back to its place; RENEWED when it does */
    LOCK_EVENT_KEPT,     /* the owner is done with one lock, which is held on; see keep.h */
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
    LOCK_REASON_INSIDE = 7,     /* the wait was for itself, see nesting.h */
    LOCK_REASON_KEPT = 8,       /* its owner was done with it before; see keep.h */
    LOCK_REASON_SILENT = 9,     /* nothing was heard of its owner for as long as was agreed */
};

/* The request is valid during the callback; with state LOCK_ENDED it is freed behind it. */
struct lock_event {
    enum lock_event_kind kind;
    enum lock_reason reason;
    const struct lock_table *table;
    struct lock_request *request;
    const char *name;               /* of the lock, for RELEASED and KEPT */
    const struct pool_config *pool; /* of that, or NULL */
    int64_t at_ms; /* the time of the step: who loses a lock and who gets it have one */
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
    LOCK_OUTCOME_OVERLAP,  /* a name stands in two groups, and they cannot be told apart: seats of a
                            * pool, some shared and some not, too many; see overlap.h */
    LOCK_OUTCOME_HAS_PART, /* the owner holds a part of it already and would wait for itself */
    LOCK_OUTCOME_WAITS,    /* the owner waits for the lock already, with another demand */
    LOCK_OUTCOME_NO_MEMORY,
    LOCK_OUTCOME_MIXED,   /* a group names a pool, or seats of one, beside something else */
    LOCK_OUTCOME_CHOOSES, /* seats of a pool cannot be chosen, as some are reserved or outside */
    LOCK_OUTCOME_UNKNOWN, /* no pool has this name, and others are refused */
    LOCK_OUTCOME_SHARES,  /* seats of a pool are wanted together with shared locks, or shared */
    LOCK_OUTCOME_RULE,    /* a rule refuses it, whoever holds what: see `rule` */
};

/* Which rule refuses a request, or holds it back. */
enum lock_rule {
    LOCK_RULE_NONE,
    LOCK_RULE_ALLOW,     /* it is not for this user, host or project */
    LOCK_RULE_DENY,      /* it is denied to them */
    LOCK_RULE_SIZE,      /* so many seats the pool does not have */
    LOCK_RULE_RESERVE,   /* nor without those that are reserved for others */
    LOCK_RULE_OUTSIDE,   /* nor without those that are offline or in use elsewhere */
    LOCK_RULE_LIMIT_JOB, /* limits, narrow to wide */
    LOCK_RULE_LIMIT_USER,
    LOCK_RULE_LIMIT_HOST,
    LOCK_RULE_LIMIT_PROJECT,
    LOCK_RULE_LIMIT_TOGETHER,
    LOCK_RULE_GONE,    /* the pool is not declared any more */
    LOCK_RULE_MIXED,   /* since a reload a group mixes a pool and other names */
    LOCK_RULE_CHOOSES, /* since a reload seats of the pool cannot be chosen */
    LOCK_RULE_TWICE,   /* since a reload its owner has another request for one of its locks */
};

struct lock_rule_fault {
    enum lock_rule rule;
    const char *pool;
    const char *file; /* where the rule stands; NULL where that is not known */
    int line;
    uint32_t wanted, most;
};

struct lock_result {
    enum lock_outcome outcome;
    struct lock_request *request; /* for GRANTED and QUEUED */
    bool is_again;    /* GRANTED: the owner had it, maybe by more requests than this one */
    const char *name; /* of a fault in a name: the caller's */
    const struct lock_rule_fault *rule; /* for RULE: valid until the next request */
};

/* Asks for locks.
 *
 * An owner that holds what it asks for is granted it again, with the same token; one that waits
 * for the same demand (the same groups in the same order, their names in any) keeps its place. Both
 * renew: process, job, autounlock and hold limit are the new ones, the limit counts from now, the
 * request is present.  A waiter that asks again without wait is refused, and waits on.
 * Where one demand renews several grants, NO_MEMORY may leave some of them renewed.
 * A name that stands twice in one group counts once.  When several locks of a group are free, the
 * one named first is taken, or of a group that is spread the one that was used longest ago.
 */
struct lock_result lock_table_request(struct lock_table *table, const struct lock_ask *ask,
                                      int64_t now_ms);

/* Says what would come of a request that waits where it has to, and changes nothing: it takes the
 * same way as one of lock_table_request(), and leaves again without a trace.  Outcomes are the
 * same, but there is no request.  For GRANTED and QUEUED, `see` is called before the return with
 * one in its place: what it would get is PROMISED, or HELD where its owner has it already; what can
 * be asked of a request that waits can be asked of it.  It must not call back otherwise.
 */
typedef void lock_foresee_fn(void *context, const struct lock_request *request,
                             enum lock_outcome outcome);
struct lock_result lock_table_foresee(struct lock_table *table, const struct lock_ask *ask,
                                      int64_t now_ms, lock_foresee_fn *see, void *context);

/* Gives back those of the named locks that the owner holds, and ends its waiting requests that
 * want any of them.  Returns how many locks were given back; *first, if not NULL, is set to the
 * index of the first such name, and left alone when there is none.
 */
size_t lock_table_unlock(struct lock_table *table, const char *owner, const char *const *names,
                         size_t name_count, int64_t now_ms, size_t *first);

/* Gives back the lock of a request that was just found by its name, or that of its pool, and is all
 * that the owner has to do with that.  Returns false, and does nothing, where it waits or has
 * others; then it is lock_table_unlock() that is to be called. */
bool lock_table_unlock_only(struct lock_table *table, struct lock_request *request, int64_t now_ms);

/* Takes a held lock from whoever has it, all of its readers.  Returns false when nobody does. */
bool lock_table_break(struct lock_table *table, const char *name, int64_t now_ms);

/* Takes it from one of those that have it.  Returns false when that one does not. */
bool lock_table_break_of(struct lock_table *table, struct lock_request *holder, const char *name,
                         int64_t now_ms);

/* Ends one request: gives back everything that it holds or was promised, or ends its wait. */
void lock_table_end(struct lock_table *table, struct lock_request *request, enum lock_reason reason,
                    int64_t now_ms);

/* Whether a request may be ended, in its caller's eyes.  It must not call the table back. */
struct lock_judge {
    bool (*allows)(const struct lock_judge *judge, const struct lock_request *request);
    const void *context;
};

/* Ends each grant whose hold limit is over at `now_ms`; or some, until `most` locks are free. */
void lock_table_expire(struct lock_table *table, int64_t now_ms);
void lock_table_expire_some(struct lock_table *table, int64_t now_ms, size_t most);
/* When they will have something to do; INT64_MAX for never. */
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

/* A held request is another process's from now on, of the same host, boot and pid namespace.  Does
 * nothing where nothing is known of its process.  Nothing else changes; an event RENEWED tells.
 */
void lock_table_follow(struct lock_table *table, struct lock_request *request, uint64_t pid,
                       uint64_t start, int64_t now_ms);

/* Puts the hold limit of a held request off by `add_ms`, above 0, unless it would be held longer in
 * all than the pools of its seats allow, or than `most_ms`, where that is above 0.  Returns that it
 * was, or would be; then *most_ms is the most, and nothing has changed.  Where there is no limit
 * there is nothing to put off, and all is well.  An event RENEWED tells.
 */
enum lock_extension { LOCK_EXTENDED, LOCK_EXTENSION_TOO_LONG };
enum lock_extension lock_table_extend(struct lock_table *table, struct lock_request *request,
                                      int64_t add_ms, int64_t *most_ms, int64_t now_ms);

/* The request that holds a lock, of several readers that with the lowest ticket; or NULL. */
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

/* The same, for who comes back later, when what it saw last may have gone: the first held lock
 * whose name sorts behind `name`, or reader of that whose ticket is above `ticket`; the first
 * waiting request whose ticket is above `ticket`.
 */
const struct lock_seat *lock_table_held_behind(const struct lock_table *table, const char *name,
                                               uint64_t ticket);
struct lock_request *lock_table_waiter_behind(const struct lock_table *table, uint64_t ticket);

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
    int64_t deadline_ms;   /* INT64_MAX for none */
    int64_t keep_until_ms; /* of one that is held and has a keep_ms */
    bool away;             /* it waits, and is restored as away; else as absent */
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

/* No grant up to now has a higher token. */
uint64_t lock_table_last_token(const struct lock_table *table);

#endif
