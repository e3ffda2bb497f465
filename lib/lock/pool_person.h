/* Logins that have to do with pools, and their groups, kept once however many requests they have.
 */
#ifndef FARMLOCK_LOCK_POOL_PERSON_H
#define FARMLOCK_LOCK_POOL_PERSON_H

#include "pool_types.h"

tree_compare pool_person_compare;

/* The person of a login, for one more request, with these groups unless they are NULL.  NULL with
 * errno ENOMEM. */
struct pool_person *pool_person_get(struct pool_set *set, const char *user,
                                    const char *const *memberships, size_t count);
void pool_person_put(struct pool_person *person);

#endif
