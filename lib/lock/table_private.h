/* What the files of the lock table share; see table.h for what it does. */
#ifndef FARMLOCK_LOCK_TABLE_PRIVATE_H
#define FARMLOCK_LOCK_TABLE_PRIVATE_H

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

/* One name of a demand, without duplicates. */
struct demand_name {
    const char *name;
    struct lock *lock; /* NULL while the table does not know the name, or was not asked */
    uint32_t group;
    uint32_t order; /* its place in the demand */
};

enum { DEMAND_FEW = 8 };

/* A demand as the table works with it: checked, in the order of the request. */
struct demand {
    const struct lock_ask *ask;
    struct demand_name *names;
    size_t name_count;
    struct demand_name few[DEMAND_FEW]; /* what most demands find room in */
};

/* Checks a demand and makes its list of names, which demand_fini() frees.  Returns
 * LOCK_OUTCOME_GRANTED when it is sound; else BAD_COUNT, OVERLAP with *culprit, or NO_MEMORY,
 * and nothing is left to free.
 */
enum lock_outcome demand_init(struct demand *demand, const struct lock_ask *ask,
                              const char **culprit);
void demand_fini(struct demand *demand);

/* Looks up the locks of a demand's names. */
void demand_find_locks(struct demand *demand, const struct lock_table *table);

/* Makes a request with its seats, none of them tied to a lock yet.  NULL with errno ENOMEM. */
struct lock_request *lock_request_create(const struct demand *demand);
void lock_request_destroy(struct lock_request *request);

/* A copy of what an ask says of the process, in no index yet.  NULL with errno ENOMEM.  NULL is
 * allowed to be destroyed. */
struct lock_process *lock_process_create(struct lock_request *request, const struct lock_ask *ask);
void lock_process_destroy(struct lock_process *process);

/* The orders of table->processes and table->jobs. */
int lock_process_compare(const struct tree_node *a, const struct tree_node *b);
int lock_process_compare_jobs(const struct tree_node *a, const struct tree_node *b);

/* Takes over process, job, autounlock and hold limit from an ask.  Returns -1 with errno ENOMEM,
 * and nothing is changed.  The request must not be in the indexes of process and job meanwhile.
 */
int lock_request_adopt(struct lock_request *request, const struct lock_ask *ask);

struct lock *lock_find(const struct lock_table *table, const char *name);
struct lock_seat *lock_seat_of_owner(const struct lock *lock, const char *owner);

static inline int lock_compare_numbers(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

/* the inner moves, grant.c */

void lock_table_emit(const struct lock_table *table, enum lock_event_kind kind,
                     enum lock_reason reason, struct lock_request *request, const char *name);

/* Makes the lock of a name that the table does not know; NULL when there is no memory.  A lock is
 * forgotten with the last seat that is attached to it.
 */
struct lock *lock_create(struct lock_table *table, const char *name);
void lock_forget_if_unused(struct lock_table *table, struct lock *lock);

/* Ties a seat to its lock, and unties it; an untied lock stays in the table until it is passed on
 * or forgotten.  A seat that leaves its queue stays tied.
 */
void lock_seat_attach(struct lock_seat *seat, struct lock *lock);
void lock_seat_detach(struct lock_seat *seat);
void lock_seat_leave_queue(struct lock_seat *seat);

/* Sets a lock that nobody has aside for an attached seat, which does not queue. */
void lock_seat_promise(struct lock_seat *seat);

/* Hands a lock that nobody has to the first of its queue, or forgets it. */
void lock_pass_on(struct lock_table *table, struct lock *lock, int64_t now_ms);

/* Ties all seats of a new request to the locks that were found for its demand, and makes the
 * others.  Returns -1 when there is no memory; then none is tied.
 */
int lock_request_attach(struct lock_table *table, struct lock_request *request,
                        const struct demand *demand);

/* Takes what is free as promises, and queues for the rest of the groups that are not full. */
void lock_request_enter_queues(struct lock_request *request);

/* By process and job; a request must be out of these indexes while they change. */
void lock_request_index(struct lock_table *table, struct lock_request *request);
void lock_request_unindex(struct lock_table *table, struct lock_request *request);

/* The hold limit, counted from now, for a grant that has one. */
void lock_request_set_deadline(struct lock_table *table, struct lock_request *request,
                               int64_t now_ms);
void lock_request_clear_deadline(struct lock_table *table, struct lock_request *request);

/* All groups are full: nothing but the owner's absence can be in the way of a grant. */
bool lock_request_is_complete(const struct lock_request *request);

/* Grants a complete request, which is not (any more) among those that wait; or one that waits, if
 * it is complete and its owner there. */
void lock_request_grant(struct lock_table *table, struct lock_request *request, int64_t now_ms);
void lock_request_grant_if_ready(struct lock_table *table, struct lock_request *request,
                                 int64_t now_ms);

#endif
