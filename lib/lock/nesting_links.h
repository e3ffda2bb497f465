/* What is inside what: links between a request and the grants that wait for it. */
#ifndef FARMLOCK_LOCK_NESTING_LINKS_H
#define FARMLOCK_LOCK_NESTING_LINKS_H

#include "types.h"

/* In the list of both, freed with the first of them that ends. */
struct lock_nesting {
    struct lock_request *inner, *outer;
    struct lock_nesting *next_of_inner, *next_of_outer;
};

/* Frees all links of a request that is to be freed. */
void lock_nesting_forget(struct lock_request *request);

#endif
