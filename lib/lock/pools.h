/* Pools of the lock table: names that stand for any number of interchangeable seats, and the rules
 * by which these are granted.  Beside table.h, which says what a request, a ticket and a grant are.
 *
 * A *pool* has seats by the number, vcs1 to vcs40, or by a list of names.  A group of a demand
 * wants `count` of one pool: of any of its seats, by its name; or of some, by theirs, where it has
 * neither reserve nor use outside.  It stands in one queue, however many seats the pool has.
 *
 * Pools without rules are served by ticket, like single locks.  Rules change whose turn it is: who
 * is over a *limit* is held back and in nobody's way, a *reserve* keeps seats free for some, a
 * *share* lets classes take turns by weight, a *priority* is a head start in waiting time.
 * README.md has the rule by which a seat is granted, and why it is right.
 */
#ifndef FARMLOCK_LOCK_POOLS_H
#define FARMLOCK_LOCK_POOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "table.h"

enum {
    POOL_SEATS_MOST = 65536,
    POOL_LIMITS_MOST = 32, /* lines of a pool */
    POOL_OF_MOST = 32,     /* groups that a limit by group names */
    POOL_RESERVES_MOST = 16,
    POOL_WEIGHT_MOST = 10000,
    POOL_PRIORITY_MOST = 1000, /* either way */
};

/* Where a rule was written, for messages. */
struct pool_place {
    const char *file; /* NULL where it is not known */
    int line;
};

struct pool_list {
    const char *const *items;
    size_t count;
};

/* What stands before a group's name in a list of users: one that is declared, or one of the
 * system's. */
#define POOL_GROUP "group:"
#define POOL_SYSTEM_GROUP "unix:"

/* Users, hosts and projects.  An item of users is a login, or a group as lock_ask.memberships
 * spells it ("group:eda", "unix:staff").  A list without items says nothing. */
struct pool_who {
    struct pool_list users, hosts, projects;
};

enum pool_by { POOL_BY_JOB, POOL_BY_USER, POOL_BY_HOST, POOL_BY_PROJECT, POOL_BY_GROUP };

/* How many seats somebody may have.  For each kind the most specific line counts: one that names a
 * user before one that names his group, that before one that names nobody.  Lines with `together`
 * count beside these, each of them. */
struct pool_limit {
    enum pool_by by;
    struct pool_list of; /* none: everybody; by group: needed */
    uint32_t each;       /* this or `together`, the other is 0 */
    uint32_t together;
    struct pool_place at;
};

/* Seats kept for those that every list of `who` which has items names.  A request counts for the
 * first line that names it. */
struct pool_reserve {
    uint32_t seats;
    struct pool_who who;
    struct pool_place at;
};

struct pool_weight {
    const char *of;
    uint32_t weight;
};

struct pool_share_rule {
    bool is_set;
    enum pool_by by; /* user or project */
    const struct pool_weight *weights;
    size_t weight_count;
    uint32_t others; /* the weight of each that is not named */
    struct pool_place at;
};

/* Who may ask for how much priority: the most that a line gives which names the user, or nobody. */
struct pool_head_start {
    struct pool_list users;
    int32_t most;
    struct pool_place at;
};

struct pool_priority_rule {
    int64_t step_ms; /* of waiting time; 0 for no such rule */
    const struct pool_head_start *most;
    size_t most_count;
    struct pool_place at;
};

enum pool_seat_order { POOL_LOWEST_FIRST, POOL_LONGEST_UNUSED_FIRST };

struct pool_config {
    const char *name;
    uint32_t seats;         /* NAME1 to NAMEn; or, where that is 0: */
    struct pool_list names; /* of the seats */
    enum pool_seat_order seat_order;
    const char *project;         /* of who says none; or NULL */
    struct pool_who allow, deny; /* one list that denies is enough; all lists must allow */
    const struct pool_limit *limits;
    size_t limit_count;
    const struct pool_reserve *reserves;
    size_t reserve_count;
    struct pool_share_rule share;
    struct pool_priority_rule priority;
    int64_t hold_limit_ms;   /* the most that a seat is held; 0 for no such rule */
    int64_t hold_default_ms; /* for who says none */
    uint32_t outside_most;   /* seats that may be in use elsewhere; 0: none ever are */

    /* Users that may say what is outside and offline; no business of the table's. */
    struct pool_list administrators;
    struct pool_place at, allow_at, deny_at, administrators_at;
};

/* A group of users that is declared: logins, and groups of the system. */
struct pool_group {
    const char *name; /* as the rules spell it, "group:eda" */
    struct pool_list users;
    struct pool_place at;
};

struct pools_config {
    const struct pool_config *pools;
    size_t pool_count;
    const struct pool_group *groups;
    size_t group_count;
    bool refuse_unknown; /* names that are not declared */
};

/* What a configuration has that cannot be. */
struct pools_fault {
    struct pool_place at;
    char text[160];
};

/* Says whether pools may be like that: names that are ambiguous, more reserved than there is, and
 * so on.  Returns false with *fault, of the first fault in the order of the pools.
 */
bool pools_config_check(const struct pools_config *config, struct pools_fault *fault);

/* The same, with all faults handed to `tell`.  Returns how many there are. */
typedef void pools_fault_fn(void *context, const struct pools_fault *fault);
size_t pools_config_check_all(const struct pools_config *config, pools_fault_fn *tell,
                              void *context);

/* Calls `see` for each list of users that a configuration has, those of groups first. */
typedef void pools_users_fn(void *context, const struct pool_list *users,
                            const struct pool_place *at);
void pools_config_visit_users(const struct pools_config *config, pools_users_fn *see,
                              void *context);

/* Whether an item is in a list; NULL is in none. */
bool pool_list_has(const struct pool_list *list, const char *item);

/* Whether a list names a login itself; NULL is in none.  Anybody may claim a login that is spelled
 * as a group is: that is nobody's. */
bool pool_list_has_login(const struct pool_list *users, const char *login);

/* Whether a list names a login, or NULL, or one of the groups that it is in. */
bool pool_list_has_user(const struct pool_list *users, const char *login,
                        const char *const *memberships, size_t count);

/* The groups of the system that a configuration names, "unix:NAME", each once.  Returns texts of
 * the configuration, in an array for free(3), and their number; NULL with errno ENOMEM. */
const char **pools_config_system_groups(const struct pools_config *config, size_t *count);

/* Writes what lock_ask.memberships is to be for a login that is in `count` groups of the system,
 * "unix:NAME": these, and the declared groups that it is in.  `out` has room for all of both; the
 * texts are those of `system` and of the configuration.  Returns how many. */
size_t pools_config_memberships(const struct pools_config *config, const char *login,
                                const char *const *system, size_t count, const char **out);

/* Declares the pools, in place of those before; none to begin with.  The configuration must be
 * sound, and stay as it is until another one is set, or the table is destroyed.
 *
 * What is held stays held, a limit that it is over or not; no wait ends.  A pool that is as it was
 * is left alone.  Waiting requests of the others enter by their tickets again; who cannot be served
 * any more is set aside, and comes back when he can.  Of a pool that shrinks the last seats go,
 * each when nobody holds it.  Single locks become seats of a new pool that has their names, and the
 * other way round; one of the pool's own name stays a lock while somebody holds it.
 *
 * Returns 0; or -1 with errno, and nothing has changed:
 *   EBUSY   a lock that is shared, or is to be, would be a pool or a seat; or is beside one of its
 *           name since a restart
 *   ENOMEM
 */
int lock_table_set_pools(struct lock_table *table, const struct pools_config *config,
                         int64_t now_ms);

/* Makes part of what lock_table_set_pools() of this configuration will need, and changes nothing
 * that can be seen: of a long queue a reload would hold everybody up.  `most` is for how many who
 * wait.  Requests may come and go in between; what was prepared for another configuration is
 * forgotten.  Returns 1 while there is more to be made, and 0 when it is time for
 * lock_table_set_pools(); -1 with errno ENOMEM, and nothing is prepared. */
int lock_table_prepare_pools(struct lock_table *table, const struct pools_config *config,
                             size_t most);

/* Forgets what was prepared for a configuration, or for any where that is NULL: it is not to be
 * set, and may be freed then.  A table of NULL is allowed. */
void lock_table_forget_pools(struct lock_table *table, const struct pools_config *config);

/* Frees some of what a reload has left, for up to `most` who waited then.  Returns whether there is
 * more. */
bool lock_table_tidy_pools(struct lock_table *table, size_t most);

/* Asks for the groups of each login that there is, as lock_ask.memberships has them, for
 * lock_table_set_pools() to go by: pools whose rules name groups are not as they were then, when
 * somebody's groups are not.  Returns 1 where that is so, else 0; -1 with errno ENOMEM, those of
 * some may be the new ones. */
typedef const char *const *lock_memberships_fn(void *context, const char *user, size_t *count);
int lock_table_renew_memberships(struct lock_table *table, lock_memberships_fn *find,
                                 void *context);

/* How many seats of a pool are in use elsewhere; what is more than its outside_most does not count.
 * Returns false where there is no such pool. */
bool lock_table_set_outside(struct lock_table *table, const char *pool, uint32_t seats,
                            int64_t now_ms);

/* Takes a lock or a seat out of use, or puts it back.  Who holds it keeps it; whoever it was set
 * aside for looks for another one.  That goes on where a lock becomes a seat, or a seat a lock; of
 * a pool's own name nothing comes.  Returns 0; or -1 with errno ENOMEM, and nothing has changed. */
int lock_table_set_offline(struct lock_table *table, const char *name, bool offline,
                           int64_t now_ms);

/* Whether a lock or seat is out of use. */
bool lock_table_is_offline(const struct lock_table *table, const char *name);

/* Asks for what an owner had from a table that is no more, and does not wait.  Where the names are
 * seats of pools, just these seats are meant, also those that nobody may choose, of several pools
 * and beside single locks; granted if they are free, and as many seats of their pools would be. */
struct lock_result lock_table_take_again(struct lock_table *table, const struct lock_ask *ask,
                                         int64_t now_ms);

/* Restored requests of pools with rules wait for this, as who comes first is only known when all
 * are back; nothing is granted or promised them before. */
void lock_table_restored(struct lock_table *table, int64_t now_ms);

/* A pool as it stands. */
struct pool_state {
    const char *name; /* valid until the next lock_table_set_pools() */
    const struct pool_config *config;
    uint32_t total;                   /* seats that it has by its configuration */
    uint32_t leaving;                 /* seats besides, that go when nobody holds them */
    uint32_t held, promised, offline; /* of `leaving` too; offline ones may be held */
    uint32_t reserved;                /* seats that are kept free for some */
    uint32_t outside;
    uint32_t free; /* neither held, promised nor offline; some of them may be reserved or outside */
    size_t waiting;
    int64_t oldest_ms;  /* since when the longest wait lasts; INT64_MAX for none */
    const char *most;   /* the user, or an owner whose user is not known, who holds most seats; the
                         * first by token of several; NULL for nobody */
    uint32_t most_held; /* how many he has */
};

/* Steps through the pools, in the order of the configuration: `*index` is 0 at first.  Returns
 * false behind the last.  O(waiters and holders) each. */
bool lock_table_next_pool(const struct lock_table *table, size_t *index, struct pool_state *state);

/* A class that takes turns, or any value that a limit counts. */
struct pool_class_state {
    const char *value; /* the project or user */
    uint32_t weight, use;
    size_t waiting; /* candidates */
};

/* Steps through the share classes of a pool by value: the first with `last` NULL.  Returns false
 * behind the last, and where there is no such pool. */
bool lock_table_next_class(const struct lock_table *table, const char *pool, const char *last,
                           struct pool_class_state *state);

bool lock_table_is_pool(const struct lock_table *table, const char *name);

/* The pool that has this name, or a seat of it; that of a seat that is held; the first one that a
 * request has to do with.  NULL for none; valid until the next lock_table_set_pools(). */
const struct pool_config *lock_table_pool_of(const struct lock_table *table, const char *name);
const struct pool_config *lock_seat_pool(const struct lock_seat *seat);
const struct pool_config *lock_request_pool(const struct lock_request *request);

/* The project that counts for who has said this one, or NULL, in a pool, or NULL. */
const char *pool_project(const struct pool_config *pool, const char *said);

/* Steps through the live requests of an owner that have to do with a name, as lock_table_find() has
 * it: the first with `last` NULL.  Of a single lock there is one at most, of a pool any number. */
struct lock_request *lock_table_next_own(const struct lock_table *table, const char *owner,
                                         const char *name, const struct lock_request *last);

/* Lists up to `most` requests, LOCK_HOLDERS_MOST at most, that hold seats of a pool, by token.
 * Returns how many; 0 where the name is no pool's, or still a lock of its own. */
enum { LOCK_HOLDERS_MOST = 256 };
size_t lock_table_list_holders(const struct lock_table *table, const char *pool,
                               struct lock_request **out, size_t most);

/* Steps through the requests that hold a lock, or seats of a pool, by token: the first with `last`
 * NULL. */
struct lock_request *lock_table_next_holder(const struct lock_table *table, const char *name,
                                            const struct lock_request *last);

/* The same, of the readers of a lock, for who comes back later: the first whose ticket is above
 * `ticket`; NULL where there is none, or the lock is not shared. */
struct lock_request *lock_table_holder_behind(const struct lock_table *table, const char *name,
                                              uint64_t ticket);

/* Why a request waits. */
enum lock_why {
    LOCK_WHY_SEATS,   /* all seats are in use: `a` of the set are held */
    LOCK_WHY_LIMIT,   /* `a` are held, and `c` are for who waits, of a limit of `b` */
    LOCK_WHY_SHARE,   /* it is the turn of others: the class has `a` seats, and is to get `c`, with
                       * weight `b` */
    LOCK_WHY_RESERVE, /* the free seats are kept for others: `a` are reserved */
    LOCK_WHY_OUTSIDE, /* `a` seats are in use elsewhere */
    LOCK_WHY_COLLECTING, /* it has `a` of `b` */
    LOCK_WHY_ASIDE,      /* it wants `a`, and could have `b` at most if nobody held anything */
    LOCK_WHY_AWAY,       /* its owner is */
    LOCK_WHY_OFFLINE,    /* it is out of use, as others of its group may be */
    LOCK_WHY_KEPT,       /* who had it is done with it, and has it kept until `until_ms` */
};

struct lock_reason_to_wait {
    enum lock_why why;
    enum lock_rule rule;  /* for LIMIT and ASIDE: what by; for OFFLINE, OUTSIDE if it is aside */
    const char *name;     /* the pool, or a lock */
    const char *value;    /* whom a limit counts, or which class; NULL for nobody */
    struct pool_place at; /* of the rule, where there is one */
    uint32_t a, b, c;
    int64_t until_ms; /* INT64_MAX: until a host has booted, at the earliest */
    size_t place, of; /* 1 is next; in the queue where it stands now */
};

/* Explains the wait of a waiting request.  What `reason` points to is valid until the next change.
 */
void lock_table_explain(const struct lock_table *table, const struct lock_request *request,
                        struct lock_reason_to_wait *reason);

#endif
