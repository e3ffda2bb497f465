/* What pools are made of; README.md beside this says what holds of it. */
#ifndef FARMLOCK_LOCK_POOL_TYPES_H
#define FARMLOCK_LOCK_POOL_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/tree.h"
#include "pools.h"
#include "types.h"

enum { POOL_NO_SEAT = -1, POOL_ROOT = 1 };

/* A node of the segment tree over a pool's seats: the root is 1, the children of i are 2i and
 * 2i + 1, the leaf of seat s is at `leaves` + s. */
struct pool_node {
    int32_t best_free;    /* the seat below it that is to be given first; POOL_NO_SEAT for none */
    int32_t best_promise; /* the one promised to the highest ticket, the lowest of several */
    uint32_t eligible;    /* nodes below and at it that have candidates and a free seat */
};

/* During a reload: how far a tree is filled. */
struct pool_row {
    struct tree *tree;
    struct tree_node *last;
    struct pool_row *next;
};

/* Who stands at a node; in a pool that keeps room, who is of a reserve class. */
struct pool_queue {
    struct tree selected; /* entries, by ticket */
    struct pool_row row;  /* of these */
    struct tree lines;    /* candidates: one line for each share class that has any */
    struct tree parts;    /* the same lines, by what the class would have with one seat more */
};

struct pool_seat {
    struct lock *lock;
    uint64_t released; /* counts releases of the pool: 0 for never used */
    bool leaving;      /* goes when nobody holds it */
    bool has_moved;    /* during a reload: the lock is a new pool's */
};

/* A class of requests that keeps room for itself; class 0 is of all others. */
struct pool_reserve_class {
    uint32_t seats, taken; /* kept; promised and held */
    struct tree promised;  /* ties that have promises, the highest ticket first */
};

struct pool {
    struct tree_node ready_node; /* in table->ready_pools, by serial */
    bool is_ready;               /* some candidate may be selected */
    bool has_rules, keeps_room;
    bool is_kept;   /* during a reload: it is as it was */
    bool is_filled; /* and now: who waits comes in order */
    struct pool_row *rows;
    struct pool *successor;  /* during a reload: it has this one's name */
    int64_t latest_order_ms; /* during a reload: of who is to wait */
    uint64_t serial;
    const struct pool_config *config;

    uint32_t size, leaving;                       /* seats, and others behind them that are to go */
    uint32_t free, promised, held, offline_count; /* the last without those that leave */
    uint32_t outside;                             /* as it was set */
    struct pool_seat *seats;
    uint64_t releases;

    uint32_t leaves;
    int32_t stale;             /* the seat that is to be looked at anew; or POOL_NO_SEAT */
    struct pool_node *nodes;   /* 2 x leaves; see pool_tree_node() */
    struct pool_queue *queues; /* one a node, or one a reserve class */
    uint32_t class_count;      /* with class 0; 1 where it does not keep room */
    struct pool_reserve_class *classes;

    struct tree shares;    /* struct pool_share by value */
    struct tree idle;      /* those that nobody is of, but are ahead of their turn, by pass */
    uint64_t virtual_time; /* the highest pass of a class at the moment it was selected */
    uint64_t weight;       /* of the classes that have seats or candidates */

    struct tree by_owner; /* ties, by owner and ticket */
    struct tree holders;  /* those that hold seats, by token */
    uint32_t most_wanted; /* by one request, since nobody was tied to it */
    size_t aside_count;   /* ties of requests that are set aside */
    size_t waiting;       /* ties of requests that wait */
    char name[];
};

/* A class that takes turns. */
struct pool_share {
    struct tree_node value_node, idle_node;
    struct pool *pool;
    uint32_t use, weight; /* seats held, and those that selected ones are to get */
    uint32_t held;        /* of its use */
    uint64_t pass;        /* grows with every turn it gets, by 1 / weight: its next one */
    uint32_t references;  /* ties */
    uint32_t candidates;
    bool is_idle, is_active; /* nobody is of it; it has seats or candidates */
    struct tree lines;       /* by queue */
    char value[];
};

/* The candidates of a share class in one queue. */
struct pool_line {
    struct tree_node share_node, queue_node, part_node;
    struct pool_share *share;
    uint32_t queue;
    uint32_t references; /* entries that stand here, or may */
    struct tree candidates;
    struct pool_row row;
};

/* A limit, of one value. */
struct pool_counter {
    struct tree_node key_node;   /* in table->counters */
    struct tree_node ready_node; /* in table->ready_counters */
    bool is_ready;               /* its first waiter may fit */
    enum lock_rule kind;
    uint32_t line;
    uint32_t limit, used, held; /* used: by who holds, and by who waits and has the credit */
    uint32_t references;
    struct pool *pool;
    uint32_t source;     /* which of the pool's limits says so */
    struct tree waiting; /* standings, by order */
    struct pool_row row;

    /* During a reload: the same of the pool's successor, and the other way round. */
    struct pool_counter *successor, *predecessor;
    char value[];
};

struct pool_want;

/* Where a want stands in a queue; one for each node that its seats are made of. */
struct pool_entry {
    struct tree_node node; /* among the selected, or among the candidates of its line */
    struct pool_want *want;
    struct pool_line *line; /* NULL in a pool without rules */
    uint32_t queue;
};

/* A request and one of its pools. */
struct pool_tie {
    struct tree_node owner_node;
    union {
        struct tree_node promise_node; /* while it waits */
        struct tree_node holder_node;  /* while it holds */
    };
    struct lock_request *request;
    struct pool *pool;
    struct pool_share *share; /* NULL without rules */
    uint32_t reserve_class;
    uint32_t amount;  /* seats that it holds, is promised or wants */
    uint32_t taken;   /* promised or held */
    bool is_indexed;  /* in `promised` of its class, or in `holders` */
    bool is_turn;     /* that it is being selected is a turn of its class */
    bool is_owned;    /* in `by_owner` */
    int64_t order_ms; /* it asked so early, with its head start */
};

/* A group that wants seats of a pool. */
struct pool_want {
    struct pool_tie *tie;
    struct pool_entry *entries;
    uint32_t entry_count;
    uint32_t group;
    uint32_t first_slot; /* of its seats in request->seats, as many as it needs */
    uint32_t seat_count; /* how many seats it may choose from */
    bool is_whole;       /* any seat of the pool, however many that has */
    bool is_queued;      /* among the selected */
};

struct pool_credit {
    struct pool_counter *counter;
    const struct pool_tie *tie; /* whose `amount` it takes */
};

enum pool_stage {
    POOL_STANDS_NOWHERE, /* it is new, away, leaving or being moved */
    POOL_ASIDE,          /* it could not be served if nobody held anything */
    POOL_HELD_BACK,      /* waits at a counter */
    POOL_CANDIDATE,
    POOL_SELECTED, /* or granted */
};

/* All that a request has to do with pools.  One piece of memory. */
struct pool_standing {
    struct lock_request *request;
    enum pool_stage stage;
    bool has_rules;
    bool exceeds_a_limit;        /* it wants more than one lets it have, whoever holds anything */
    bool is_unknown;             /* its words mean nothing at present: it has nothing else */
    struct lock_demand words;    /* of such a one */
    struct tree_node limit_node; /* among those that wait at a counter, or those unknown */
    uint32_t heir_changes;       /* of the groups of who asks, when the heir was made */
    struct pool_standing *heir;  /* made early for a reload, while it waits; NULL */
    struct pool_tie *ties;
    struct pool_want *wants; /* none once restored as held */
    struct pool_credit *credits;
    uint32_t tie_count, want_count, credit_count;
    uint32_t credits_taken;
    int64_t asked_ms;             /* no less than that of lower tickets */
    struct lock_rule_fault aside; /* why, in stage ASIDE */
};

/* The groups of a login, as it was last said to have them. */
struct pool_person {
    struct tree_node user_node;
    struct pool_set *set;
    uint32_t references;
    uint32_t held;    /* seats, while a pool is looked at */
    uint32_t changes; /* of its groups */
    size_t membership_count;
    char **memberships; /* one piece of memory */
    char user[];
};

/* A declared name: of a pool, or of a seat. */
struct pool_name {
    struct pool *pool;
    int32_t seat; /* POOL_NO_SEAT for the pool's own */
};

/* Where a declared name is looked for: behind the place that its hash says, up to an empty one. */
struct pool_place_of_name {
    uint32_t hash;
    uint32_t number; /* of the name, from 1; 0: there is none */
};

/* What is declared. */
struct pool_index {
    struct pool_name *names; /* sorted */
    size_t count;
    struct pool_place_of_name *places;
    uint32_t place_bits; /* there are 2^place_bits, more than twice as many as names */
};

/* What a table has of pools. */
struct pool_set {
    const struct pools_config *config; /* NULL until there was one */
    struct pool **pools;               /* in the order of the configuration */
    size_t pool_count;
    struct pool_index index;
    const struct pool_name *last_found; /* of it, or NULL: most are looked for several times */
    struct tree persons;
    bool has_apart;        /* what readers hold may be a lock beside the seat of its name */
    bool has_other_groups; /* since the last reload: somebody is in others than when he asked */
    struct tree unknown;   /* standings whose words mean nothing at present, by owner and ticket */
    struct tree counters;
    struct tree ready_counters, ready_pools;
    bool is_restoring;          /* nobody moves on before all are back */
    bool is_in_order;           /* and who comes is behind all that came before */
    struct pool_reload *reload; /* one that is being prepared; NULL */
    struct pool_reload *done;   /* one that has leftovers in memory; NULL */
    uint64_t next_serial;
    int64_t latest_asked_ms;
    struct lock_rule_fault fault; /* why a rule refused the last request that one did */
};

enum { POOL_LINE = 64 }; /* bytes that a processor fetches at once */

/* Has memory fetched that is to be used soon; NULL is allowed. */
static inline void pool_fetch(const void *memory, size_t size)
{
    for (size_t at = 0; memory != NULL && at < size; at += POOL_LINE)
        __builtin_prefetch((const char *)memory + at);
}

#endif
