/* The heap of deadlines against a plain search.
 * Must not need a clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/deadlines.h"

enum { COUNT = 200, STEPS = 20000 };

static int64_t smallest(const struct deadline *entries)
{
    int64_t best = INT64_MAX;

    for (int i = 0; i < COUNT; i++) {
        if (entries[i].position != 0 && entries[i].due < best)
            best = entries[i].due;
    }
    return best;
}

static void the_first_is_always_the_smallest(void **state)
{
    struct deadline entries[COUNT] = {0};
    struct deadlines heap = {0};
    unsigned seed = 1;

    (void)state;
    assert_int_equal(deadlines_reserve(&heap, COUNT), 0);
    assert_null(deadlines_first(&heap));
    for (int step = 0; step < STEPS; step++) {
        struct deadline *entry = &entries[rand_r(&seed) % COUNT];
        const struct deadline *first;

        if (rand_r(&seed) % 3 == 0)
            deadlines_clear(&heap, entry);
        else
            deadlines_set(&heap, entry, rand_r(&seed) % 1000);
        first = deadlines_first(&heap);
        assert_true((first != NULL ? first->due : INT64_MAX) == smallest(entries));
    }
    for (int i = 0; i < COUNT; i++)
        deadlines_clear(&heap, &entries[i]);
    assert_null(deadlines_first(&heap));
    deadlines_fini(&heap);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_is_always_the_smallest),
    };

    return cmocka_run_group_tests_name("deadlines", tests, NULL, NULL);
}
