/* Trees of who waits in a pool, which a reload fills in order. */
#ifndef FARMLOCK_LOCK_POOL_ROW_H
#define FARMLOCK_LOCK_POOL_ROW_H

#include "pool_types.h"

/* Adds a node to a tree of a pool: where it belongs, or behind all others while the pool is filled
 * in order. */
void pool_row_add(struct pool *pool, struct pool_row *row, struct tree *tree,
                  struct tree_node *node);

/* From now on nodes come in order, until the end: then each tree can be asked for all again. */
void pool_rows_begin(struct pool *pool);
void pool_rows_end(struct pool *pool);

#endif
