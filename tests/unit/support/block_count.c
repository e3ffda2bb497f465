/* Counting basic blocks.
 * Must not be built with the instrumentation that calls it. */
#include "block_count.h"

void __sanitizer_cov_trace_pc(void);

static uint64_t blocks;

void __sanitizer_cov_trace_pc(void)
{
    blocks++;
}

uint64_t block_count(void)
{
    return blocks;
}
