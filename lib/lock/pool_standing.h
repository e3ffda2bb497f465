/* What a request has to do with pools: its ties, wants and credits, as memory. */
#ifndef FARMLOCK_LOCK_POOL_STANDING_H
#define FARMLOCK_LOCK_POOL_STANDING_H

#include "pool_demand.h"
#include "pool_types.h"

/* Who asks. */
struct pool_asker pool_asker_of_ask(const struct lock_ask *ask);
struct pool_asker pool_asker_of_request(const struct lock_request *request);

/* What a demand that was judged makes of a request: it stands nowhere, and its seats are not its
 * own yet.  NULL with errno ENOMEM. */
struct pool_standing *pool_standing_create(struct pool_set *set, struct lock_request *request,
                                           const struct pool_demand *demand);

/* Frees a standing that is nowhere and not tied; NULL is allowed. */
void pool_standing_destroy(struct pool_set *set, struct pool_standing *standing);

/* What is said of who asks has changed, he waits no more, or the reload is given up. */
void pool_standing_drop_heir(struct pool_set *set, struct pool_standing *standing);

/* Lets a request be found by its owner early in those of its pools that nobody else sees yet, as
 * sorting fifty thousand by name takes longer than all the rest of a reload. */
void pool_standing_own_early(struct pool_standing *standing);

/* Lets the request be found by its owner in its pools. */
void pool_standing_tie(struct pool_set *set, struct pool_standing *standing);
void pool_standing_untie(struct pool_set *set, struct pool_standing *standing);

/* Gives back what a request is charged, with what it was charged when it was selected. */
void pool_standing_give_back(struct pool_set *set, struct pool_standing *standing,
                             bool was_selected);

#endif
