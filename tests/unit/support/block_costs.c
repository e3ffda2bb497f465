/* What steps cost as something grows.
 * Must not look at a clock. */
#include "block_costs.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "block_count.h"

void block_costs_measure(block_costs_step_fn *take, void *context, size_t steps, size_t repeats,
                         uint64_t costs[])
{
    for (size_t s = 0; s < steps; s++) {
        costs[s] = 0;
        for (size_t i = 0; i < repeats; i++) {
            uint64_t before = block_count(), cost;

            take(context, s, i);
            cost = block_count() - before;
            if (cost > costs[s])
                costs[s] = cost;
        }
    }
}

void block_costs_expect(const char *what, const uint64_t costs[BLOCK_COSTS_SIZES],
                        const size_t sizes[BLOCK_COSTS_SIZES], uint64_t most_growth)
{
    printf("# %s: %" PRIu64 ", %" PRIu64 ", %" PRIu64 " basic blocks among %zu, %zu, %zu\n", what,
           costs[0], costs[1], costs[2], sizes[0], sizes[1], sizes[2]);
    fflush(stdout);
    /* Nothing counted: the table was not built for it. */
    assert_true(costs[0] > 0);
    assert_true(costs[1] <= most_growth * costs[0]);
    assert_true(costs[2] <= most_growth * costs[0]);
}
