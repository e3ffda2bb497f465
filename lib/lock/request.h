/* Demands that have been checked, and the memory of requests. */
#ifndef FARMLOCK_LOCK_REQUEST_H
#define FARMLOCK_LOCK_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "types.h"

/* One name of a demand, without duplicates. */
struct lock_want_name {
    const char *name;
    struct lock *lock; /* NULL while the table does not know the name, or was not asked */
    uint32_t group;
    uint32_t order; /* its place in the demand */
};

enum { LOCK_WANT_FEW = 8 };

/* A demand as the table works with it: checked, in the order of the request. */
struct lock_want {
    const struct lock_ask *ask;
    struct lock_want_name *names;
    size_t name_count;
    const struct lock_group *groups; /* those of `ask`, but for some that overlap, which are one */
    size_t group_count;
    bool is_spread;                           /* some group is */
    struct lock_want_overlap *overlap;        /* NULL where none do; see overlap.h */
    struct lock_want_name few[LOCK_WANT_FEW]; /* what most demands find room in */
};

/* Checks a demand and makes its list of names, which lock_want_fini() frees.  Returns
 * LOCK_OUTCOME_GRANTED when it is sound; else BAD_COUNT, OVERLAP with *culprit, or NO_MEMORY,
 * and nothing is left to free.
 */
enum lock_outcome lock_want_init(struct lock_want *want, const struct lock_ask *ask,
                                 const char **culprit);
void lock_want_fini(struct lock_want *want);

/* Looks up the locks of a demand's names.  Returns whether there are any. */
bool lock_want_find_locks(struct lock_want *want, const struct lock_table *table);

/* Makes a request with its seats, none of them tied to a lock yet.  NULL with errno ENOMEM. */
struct lock_request *lock_request_create(struct lock_table *table, const struct lock_want *want);

/* The same with so many seats, of no group and no lock.  `set` is what the table has of pools, or
 * NULL. */
struct lock_request *lock_request_create_for(struct pool_set *set, const struct lock_ask *ask,
                                             size_t seat_count);

void lock_request_destroy(struct lock_request *request);

/* The same, and keeps its memory for the next one, where it is for one lock by name, and of an
 * owner whose name is not long; and frees all that is kept so. */
void lock_request_recycle(struct lock_table *table, struct lock_request *request);
void lock_request_free_spare(struct lock_table *table);

/* Whether any group of a demand is shared. */
bool lock_ask_shares(const struct lock_ask *ask);

/* Takes over process, job, autounlock and hold limit from an ask.  Returns -1 with errno ENOMEM,
 * and nothing is changed.  The request must not be in the indexes of process and job meanwhile.
 */
int lock_request_adopt(struct pool_set *set, struct lock_request *request,
                       const struct lock_ask *ask);

/* What the owner of a demand has of it before the request is made. */
struct lock_own {
    bool covered;                 /* it holds enough of every group, as that wants it */
    const char *held_name;        /* the first name that it holds */
    const char *waiting_name;     /* the first name that it waits for */
    struct lock_request *held;    /* which request holds that */
    struct lock_request *waiting; /* which request waits for that */
    bool same_wait;               /* that request has just this demand */
};

#endif
