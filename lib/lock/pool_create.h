/* Making and freeing pools. */
#ifndef FARMLOCK_LOCK_POOL_CREATE_H
#define FARMLOCK_LOCK_POOL_CREATE_H

#include "pool_types.h"

/* A pool with all its seats, nobody tied to any of them, and room for `spare` seats behind them.
 * NULL with errno ENOMEM. */
struct pool *pool_create(const struct pool_config *config, uint64_t serial, uint32_t spare);

/* Frees a pool that nobody is tied to, with its seats; NULL is allowed. */
void pool_destroy(struct pool *pool);

/* Whether two declarations are of the same pool with the same rules, wherever they were written. */
bool pool_config_is_same(const struct pool_config *a, const struct pool_config *b);

/* Frees what a table has of pools, which nobody is tied to; NULL is allowed. */
void pool_set_destroy(struct pool_set *set);
struct pool_set *pool_set_create(void);

/* How many seats a declaration has. */
uint32_t pool_config_seats(const struct pool_config *config);

/* Writes the name of a seat, to where there is room for `size` bytes; as snprintf(3). */
int pool_config_seat_name(const struct pool_config *config, uint32_t seat, char *out, size_t size);

#endif
