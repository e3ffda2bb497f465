/* The segment tree over a pool's seats: which one is to be given, and which promise is the last. */
#ifndef FARMLOCK_LOCK_POOL_TREE_H
#define FARMLOCK_LOCK_POOL_TREE_H

#include "pool_types.h"

/* Whether a seat can be given to somebody: nobody has it, and it is in use. */
bool pool_seat_is_free(const struct pool *pool, uint32_t seat);

/* A promise that a lower ticket may take. */
bool pool_seat_is_promise(const struct lock_seat *seat);

/* A node as it is now.  It is what `nodes` may be read by. */
const struct pool_node *pool_tree_node(struct pool *pool, uint32_t node);

/* Has a seat looked at anew, behind any change of it: when that is asked for, as a seat on its way
 * from one to the next changes several times. */
void pool_tree_update(struct pool *pool, uint32_t seat);

/* Looks anew whether a node has candidates and a free seat. */
void pool_tree_update_eligible(struct pool *pool, uint32_t node);

/* The same for all seats. */
void pool_tree_update_all(struct pool *pool);

/* The seats below a node, from *first to before *end. */
void pool_tree_seats(const struct pool *pool, uint32_t node, uint32_t *first, uint32_t *end);

/* The nodes that the seats from `first` to before `end` are made of, in their order, to where there
 * is room for them, which takes 64.  Returns how many. */
uint32_t pool_tree_cover(const struct pool *pool, uint32_t first, uint32_t end, uint32_t *nodes);

/* Of two seats, each may be POOL_NO_SEAT: which one is to be given first, and which is promised to
 * the higher ticket. */
int32_t pool_first_free(const struct pool *pool, int32_t a, int32_t b);
int32_t pool_last_promise(const struct pool *pool, int32_t a, int32_t b);

#endif
