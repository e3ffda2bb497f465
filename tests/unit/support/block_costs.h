/* What steps cost as something grows, in basic blocks: see block_count.h. */
#ifndef FARMLOCK_BLOCK_COSTS_H
#define FARMLOCK_BLOCK_COSTS_H

#include <stddef.h>
#include <stdint.h>

enum { BLOCK_COSTS_SIZES = 3 };

/* Takes a step, by its number, for the so-manieth time. */
typedef void block_costs_step_fn(void *context, size_t step, size_t repeat);

/* The dearest of all repeats of each step. */
void block_costs_measure(block_costs_step_fn *take, void *context, size_t steps, size_t repeats,
                         uint64_t costs[]);

/* Prints what a step costs at each size, and fails where that is nothing, or at a larger size more
 * than so many times what it is at the first. */
void block_costs_expect(const char *what, const uint64_t costs[BLOCK_COSTS_SIZES],
                        const size_t sizes[BLOCK_COSTS_SIZES], uint64_t most_growth);

#endif
