/* Asking for seats of pools. */
#ifndef FARMLOCK_LOCK_POOL_ASK_H
#define FARMLOCK_LOCK_POOL_ASK_H

#include "pool_types.h"

struct pool_demand; /* see pool_demand.h */

/* Does what lock_table_request() says for an ask that names a pool, or that may not name what is
 * not declared.  Returns false for any other; then nothing was done.
 */
bool pool_ask(struct lock_table *table, const struct lock_ask *ask, int64_t now_ms,
              struct lock_result *result);

/* Ties a request's single locks, which the demand has with the numbers of their groups, to its
 * seats and names the groups of all others.  Returns -1 when there is no memory; then none is tied.
 */
int pool_attach_singles(struct lock_table *table, struct lock_request *request,
                        const struct pool_demand *demand);

/* A request of a demand that was judged, with all that it needs; it stands nowhere yet and nobody
 * can find it.  NULL when there is no memory. */
struct lock_request *pool_request_create(struct lock_table *table,
                                         const struct pool_demand *demand);

/* Undoes that. */
void pool_request_destroy(struct lock_table *table, struct lock_request *request);

/* Says since when it waits, which with its head starts makes its order; and the time at which a new
 * request asks, no earlier than any before: clocks of two lives of a server may differ. */
void pool_set_order(struct pool_standing *standing, int64_t asked_ms);
int64_t pool_clamp_asked(struct pool_set *set, int64_t asked_ms);

#endif
