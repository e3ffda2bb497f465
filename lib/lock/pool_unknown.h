/* Waiting requests whose words mean nothing since a reload or a restart: their pool is not declared
 * any more, or seats of it cannot be chosen, and so on.  They keep their tickets. */
#ifndef FARMLOCK_LOCK_POOL_UNKNOWN_H
#define FARMLOCK_LOCK_POOL_UNKNOWN_H

#include "pool_types.h"

tree_compare pool_unknown_compare;

/* A standing aside with a copy of the words.  NULL with errno ENOMEM. */
struct pool_standing *pool_unknown_create(struct lock_request *request, const struct lock_ask *ask,
                                          enum lock_rule rule);

/* The next one of an owner that names this, the first with `last` NULL; or one that has any name of
 * an ask, which *name is then.  NULL for none. */
struct lock_request *pool_unknown_next(const struct pool_set *set, const char *owner,
                                       const char *name, const struct lock_request *last);
struct lock_request *pool_unknown_find_any(const struct pool_set *set, const struct lock_ask *ask,
                                           const char **name);

/* Whether an ask has the words of such a request. */
bool pool_unknown_is_same(const struct lock_request *request, const struct lock_ask *ask);

/* The first rule for which a demand has no meaning. */
enum lock_rule pool_unknown_rule(enum lock_outcome outcome);

#endif
