/* Demands that have been checked, and the memory of requests. */
#ifndef FARMLOCK_LOCK_REQUEST_H
#define FARMLOCK_LOCK_REQUEST_H

#include <stddef.h>
#include <stdint.h>

#include "types.h"

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

/* Takes over process, job, autounlock and hold limit from an ask.  Returns -1 with errno ENOMEM,
 * and nothing is changed.  The request must not be in the indexes of process and job meanwhile.
 */
int lock_request_adopt(struct lock_request *request, const struct lock_ask *ask);

#endif
