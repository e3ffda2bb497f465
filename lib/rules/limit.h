/* The rules of a pool that are lists or sections of their own. */
#ifndef FARMLOCK_RULES_LIMIT_H
#define FARMLOCK_RULES_LIMIT_H

#include "reading.h"

/* Each reads a setting of a pool into it. */
void limit_take_limits(struct reading *reading, const struct conf_node *node,
                       struct pool_config *pool);
void limit_take_reserve(struct reading *reading, const struct conf_node *node,
                        struct pool_config *pool);
void limit_take_share(struct reading *reading, const struct conf_node *node,
                      struct pool_config *pool);
void limit_take_priority(struct reading *reading, const struct conf_node *node,
                         struct pool_config *pool);

#endif
