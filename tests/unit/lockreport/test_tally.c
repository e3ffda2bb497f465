/* Ranks of many lengths, against all of them sorted.
 * Must not know how they are kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lockreport/tally.h"

enum { MANY = 20000 };

static int64_t random_length(unsigned int *seed)
{
    return (int64_t)((uint64_t)rand_r(seed) >> (rand_r(seed) % 31));
}

static int compare(const void *a, const void *b)
{
    const int64_t *left = a, *right = b;

    return (*left > *right) - (*left < *right);
}

/* It did occur, and is a 64th above what is meant, or less. */
static void assert_near(int64_t found, int64_t meant, const int64_t *sorted, size_t count)
{
    assert_true(found >= meant && found - meant <= meant / TALLY_PARTS);
    assert_non_null(bsearch(&found, sorted, count, sizeof found, compare));
}

static void compare_ranks(size_t count, unsigned int seed)
{
    int64_t *lengths = calloc(count + 1, sizeof *lengths);
    struct lengths found, meant;
    struct tally tally = {0};

    assert_non_null(lengths);
    for (size_t i = 0; i < count; i++) {
        lengths[i] = random_length(&seed);
        assert_int_equal(tally_add(&tally, lengths[i]), 0);
    }
    found = tally_lengths(&tally);
    meant = lengths_of(lengths, count);
    assert_int_equal(tally.count, count);
    assert_int_equal(found.longest_ms, meant.longest_ms);
    if (count <= TALLY_EXACT) {
        assert_int_equal(found.median_ms, meant.median_ms);
        assert_int_equal(found.p90_ms, meant.p90_ms);
    } else {
        assert_near(found.median_ms, meant.median_ms, lengths, count);
        assert_near(found.p90_ms, meant.p90_ms, lengths, count);
    }
    assert_true(tally.bytes <= (size_t)TALLY_POWERS * TALLY_PARTS * sizeof(struct tally_cell));
    tally_fini(&tally);
    free(lengths);
}

static void few_are_told_as_they_were(void **state)
{
    (void)state;
    for (size_t count = 0; count <= TALLY_EXACT; count += count < 20 ? 1 : 41)
        compare_ranks(count, (unsigned int)count + 1);
    compare_ranks(TALLY_EXACT, 7);
}

static void of_many_the_ranks_are_near(void **state)
{
    (void)state;
    compare_ranks(TALLY_EXACT + 1, 8);
    for (unsigned int seed = 1; seed < 20; seed++)
        compare_ranks(MANY, seed);
}

static void the_longest_and_the_shortest_have_a_place(void **state)
{
    static const int64_t lengths[] = {0, 1, 63, 64, 65, 127, 128, INT64_MAX, INT64_MAX / 2};
    struct tally tally = {0};

    (void)state;
    for (size_t i = 0; i < 900; i++)
        assert_int_equal(tally_add(&tally, lengths[i % 9]), 0);
    assert_int_equal(tally_lengths(&tally).median_ms, 65);
    assert_int_equal(tally_lengths(&tally).longest_ms, INT64_MAX);
    tally_fini(&tally);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(few_are_told_as_they_were),
        cmocka_unit_test(of_many_the_ranks_are_near),
        cmocka_unit_test(the_longest_and_the_shortest_have_a_place),
    };

    return cmocka_run_group_tests_name("tally", tests, NULL, NULL);
}
