/* What a lock table is made of; README.md beside this says what holds of it. */
#ifndef FARMLOCK_LOCK_TYPES_H
#define FARMLOCK_LOCK_TYPES_H

#include <stddef.h>
#include <stdint.h>

#include "base/tree.h"
#include "table.h"

/* A name that somebody holds, was promised or waits for, or that is out of use; gone when that is
 * over.  Or a seat of a pool, which has its queues. */
struct lock {
    struct tree_node name_node; /* not of a pool's seat, but for one that is to go */
    struct lock_seat *taken;    /* promised or held; NULL only while nobody queues, or offline */
    struct tree queue;          /* of seats in state QUEUED, by ticket */
    struct tree readers;        /* of seats that share it; `taken` is the first of them */
    struct tree by_owner;       /* of every seat that points here, but for those of a pool */
    struct pool *pool;          /* NULL for a single lock */
    uint32_t number;            /* of the seat in its pool, from 0 */
    bool is_offline;            /* nobody is given it; the table knows it meanwhile */
    bool is_idle;               /* nobody uses it, see recent.h */
    uint16_t place;             /* likewise: that of its name */
    char name[];
};

struct pool_set;
struct lock_spread;
struct lock_recent;

/* Memory of small requests that have ended, see request.c. */
struct lock_spare {
    struct lock_spare *next;
};

struct lock_table {
    struct tree locks;     /* by name */
    struct tree waiting;   /* requests by ticket */
    struct tree processes; /* of requests with a host, by pid, host, start and ticket */
    struct tree jobs;      /* of requests with a job, by job and ticket */
    struct tree deadlines; /* grants with a hold limit, by deadline and ticket */
    struct tree keeps;     /* struct lock_keep, by ticket; see keeping.h */
    struct tree keep_ends; /* those whose time runs, by its end and ticket */
    size_t held_count;
    uint64_t next_ticket, next_token;
    uint64_t renewal; /* counts renewals of grants, so that each grant is renewed once */
    struct lock_request *looking; /* those that were robbed, by ticket */
    struct pool_set *pools;       /* NULL until any were declared */
    struct lock_spare *spare;
    size_t spare_count;
    struct lock_recent *recent; /* see recent.h; NULL where there is no memory */
    struct lock_spread *spread; /* see spread.h; NULL until somebody wants it */
    lock_event_fn *on_event;
    void *context;
    lock_foresee_fn *foresee; /* not NULL: nothing that is asked for changes anything */
    void *foresee_context;
};

/* Counts a seat that its request is promised.  Returns whether its group is full with it. */
static inline bool lock_group_gain(const struct lock_seat *seat)
{
    struct lock_group_progress *group = &seat->request->groups[seat->group];
    bool is_full = ++group->taken == group->needed;

    seat->request->full_groups += is_full;
    return is_full;
}

/* Counts one less: it was promised or held. */
static inline void lock_group_lose(const struct lock_seat *seat)
{
    struct lock_group_progress *group = &seat->request->groups[seat->group];

    seat->request->full_groups -= group->taken-- == group->needed;
}

/* For orders. */
static inline int lock_compare_numbers(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

#endif
