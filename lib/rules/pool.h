/* A pool in a configuration. */
#ifndef FARMLOCK_RULES_POOL_H
#define FARMLOCK_RULES_POOL_H

#include "reading.h"

/* Reads a section of `pools` into a struct pool_config. */
reading_item_fn pool_take;

#endif
