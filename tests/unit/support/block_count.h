/* How many basic blocks have run of what the Makefile builds with -fsanitize-coverage=trace-pc. */
#ifndef FARMLOCK_BLOCK_COUNT_H
#define FARMLOCK_BLOCK_COUNT_H

#include <stdint.h>

uint64_t block_count(void);

#endif
