/* Blocks of the history: which are described, and as what. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/history_blocks.h"

static const int64_t last = HISTORY_BLOCK_ROWS;

/* Adds rows that end at their number; returns how many blocks became complete. */
static int fill(struct history_block *block, int64_t from, int64_t to)
{
    int complete = 0;

    for (int64_t id = from; id <= to; id++)
        complete += history_block_add(block, id, id, id - 5);
    return complete;
}

static void rows_have_their_blocks(void **state)
{
    (void)state;
    assert_int_equal(history_block_of(1), 0);
    assert_int_equal(history_block_of(last), 0);
    assert_int_equal(history_block_of(last + 1), 1);
    assert_int_equal(history_block_end(0), last);
}

static void a_block_is_known_with_its_last_row(void **state)
{
    struct history_block block = {0};

    (void)state;
    assert_int_equal(fill(&block, 1, last - 1), 0);
    assert_true(history_block_add(&block, last, 7, 3));
    assert_int_equal(block.ended_ms, last - 1);
    assert_int_equal(block.asked_ms, -4);
    assert_int_equal(fill(&block, last + 1, 3 * last), 2);
    assert_int_equal(block.ended_ms, 3 * last);
    assert_int_equal(block.asked_ms, 2 * last + 1 - 5);
}

static void one_that_was_not_seen_whole_is_not_described(void **state)
{
    struct history_block block = {0};

    (void)state;
    assert_int_equal(fill(&block, 2, last), 0);
    assert_int_equal(fill(&block, last + 1, 2 * last), 1);
    /* Rolled back, and written again. */
    assert_int_equal(fill(&block, 2 * last + 1, 2 * last + 50), 0);
    assert_int_equal(fill(&block, 2 * last + 40, 3 * last), 0);
    assert_int_equal(fill(&block, 3 * last + 1, 3 * last + 50), 0);
    assert_int_equal(fill(&block, 3 * last + 1, 4 * last), 1);
    /* All were removed: numbers begin anew. */
    assert_int_equal(fill(&block, 1, last), 1);
    assert_int_equal(block.ended_ms, last);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_have_their_blocks),
        cmocka_unit_test(a_block_is_known_with_its_last_row),
        cmocka_unit_test(one_that_was_not_seen_whole_is_not_described),
    };

    return cmocka_run_group_tests_name("store/history_blocks", tests, NULL, NULL);
}
