/* What a lock table is made of; README.md beside this says what holds of it. */
#ifndef FARMLOCK_LOCK_TYPES_H
#define FARMLOCK_LOCK_TYPES_H

#include <stddef.h>
#include <stdint.h>

#include "base/tree.h"
#include "table.h"

/* A name that somebody holds, was promised or waits for; gone when nobody does. */
struct lock {
    struct tree_node name_node;
    struct lock_seat *taken; /* promised or held; NULL only while nobody queues */
    struct tree queue;       /* of seats in state QUEUED, by ticket */
    struct tree by_owner;    /* of every seat that points here */
    char name[];
};

struct lock_table {
    struct tree locks;     /* by name */
    struct tree waiting;   /* requests by ticket */
    struct tree processes; /* of requests with a host, by pid, host and ticket */
    struct tree jobs;      /* of requests with a job, by job and ticket */
    struct tree deadlines; /* grants with a hold limit, by deadline and ticket */
    size_t held_count;
    uint64_t next_ticket, next_token;
    uint64_t renewal; /* counts renewals of grants, so that each grant is renewed once */
    lock_event_fn *on_event;
    void *context;
};

/* For orders. */
static inline int lock_compare_numbers(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

#endif
