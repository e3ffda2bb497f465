/* What rules are made of, and their memory, which goes with them. */
#ifndef FARMLOCK_RULES_MEMORY_H
#define FARMLOCK_RULES_MEMORY_H

#include "rules.h"

struct rules_block;

struct rules {
    struct pools_config config;
    struct rules_block *blocks;
};

/* Memory that is all 0 and lives as long as the rules; NULL with errno ENOMEM. */
void *rules_alloc(struct rules *rules, size_t count, size_t size);
void rules_free_all(struct rules *rules);

#endif
