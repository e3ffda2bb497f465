/* Readers: what the model does not play, such as pools beside them.
 * Must not repeat what the model has. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lock/nesting.h"
#include "lock/pools.h"
#include "lock_fixture.h"

/* One seat, and rules: who waits is a candidate until it is free. */
static const struct pool_limit limits[] = {{.by = POOL_BY_USER, .each = 1}};
static const struct pool_config pools[] = {
    {.name = "p", .seats = 1, .limits = limits, .limit_count = 1},
    {.name = "x", .seats = 1},
};
static const struct pool_config seats_of_p = {.name = "p", .seats = 3},
                                other_p = {.name = "p", .seats = 3, .hold_limit_ms = 100000};
static const struct pools_config three_p = {.pools = &seats_of_p, .pool_count = 1};
static const struct pools_config only_p = {.pools = pools, .pool_count = 1};
static const struct pools_config with_x = {.pools = pools, .pool_count = 2};

static void declare(struct fixture *f, const struct pools_config *config)
{
    assert_int_equal(lock_table_set_pools(f->table, config, f->now_ms), 0);
}

static void readers_hold_together_in_the_order_of_tickets(void **state)
{
    struct fixture *f = *state;

    fixture_get(f, "olga", "1s/a");
    fixture_get(f, "omar", "1s/a");
    fixture_queue(f, "otto", "a");
    fixture_queue(f, "owen", "1s/a");
    fixture_queue(f, "ozzy", "1s/a");
    fixture_unlock(f, "olga", "a");
    fixture_unlock(f, "omar", "a");
    assert_string_equal(fixture_holder(f, "a"), "otto");
    fixture_unlock(f, "otto", "a");
    fixture_expect(f, "granted olga, granted omar, queued otto, queued owen, queued ozzy, "
                      "released a of olga by unlock, released a of omar by unlock, granted otto, "
                      "released a of otto by unlock, granted owen, granted ozzy");
}

static void a_reader_becomes_no_writer_but_a_writer_may_read(void **state)
{
    struct fixture *f = *state;

    fixture_get(f, "olga", "1s/a");
    fixture_fail(f, "olga", "a", LOCK_OUTCOME_HAS_PART, "a");
    fixture_unlock(f, "olga", "a");
    fixture_get(f, "olga", "a");
    fixture_get(f, "olga", "1s/a");
    assert_int_equal(fixture_ask(f, "omar", "1s/a").outcome, LOCK_OUTCOME_QUEUED);
}

static void who_reads_inside_behind_a_writer_waits_for_itself(void **state)
{
    struct fixture *f = *state;
    struct lock_request *outer = fixture_get(f, "olga", "1s/a"), *inner;
    struct lock_wait_step step;
    size_t steps = 0;

    fixture_queue(f, "omar", "a");
    inner = fixture_queue(f, "olga.in", "1s/a");
    assert_int_equal(lock_table_set_inside(inner, outer), 0);
    assert_true(lock_table_waits_for_itself(inner, &step, &steps));
    assert_ptr_equal(step.by, outer);
}

static void one_of_several_readers_is_broken(void **state)
{
    struct fixture *f = *state;
    struct lock_request *first = fixture_get(f, "olga", "1s/a");

    fixture_get(f, "omar", "1s/a");
    assert_false(lock_table_break_of(f->table, first, "b", f->now_ms));
    assert_true(lock_table_break_of(f->table, first, "a", f->now_ms));
    assert_string_equal(fixture_holder(f, "a"), "omar");
    fixture_get(f, "otto", "1s/a");
    assert_true(lock_table_break(f->table, "a", f->now_ms));
    assert_string_equal(fixture_holder(f, "a"), "");
}

static void seats_of_pools_are_not_shared(void **state)
{
    struct fixture *f = *state;

    declare(f, &only_p);
    fixture_fail(f, "olga", "1s/p", LOCK_OUTCOME_SHARES, "p");
    fixture_fail(f, "olga", "1s/a+p", LOCK_OUTCOME_SHARES, "a");
    fixture_get(f, "olga", "1s/a");
    fixture_get(f, "omar", "1s/a");
}

static void what_is_shared_becomes_no_pool(void **state)
{
    struct fixture *f = *state;

    declare(f, &only_p);
    fixture_get(f, "olga", "1s/x");
    assert_int_equal(lock_table_set_pools(f->table, &with_x, f->now_ms), -1);
    assert_int_equal(errno, EBUSY);
    fixture_get(f, "omar", "1s/x");
    fixture_unlock(f, "olga", "x");
    fixture_unlock(f, "omar", "x");
    declare(f, &with_x);
    fixture_fail(f, "olga", "1s/x", LOCK_OUTCOME_SHARES, "x");
}

static void bring_back_reader(struct fixture *f, const char *owner, uint64_t ticket,
                              const char *name)
{
    const struct lock_group group = {.names = &name, .name_count = 1, .count = 1, .shared = true};
    const struct lock_record record = {
        .ask = {.owner = owner, .groups = &group, .group_count = 1},
        .ticket = ticket,
        .token = ticket,
        .asked_ms = 1,
        .granted_ms = 2,
        .deadline_ms = INT64_MAX,
    };

    assert_non_null(lock_table_restore(f->table, &record));
}

static void no_reload_meets_readers_of_a_seat_since_a_restart(void **state)
{
    static const struct pools_config none = {0}, others = {.pools = &other_p, .pool_count = 1};
    struct fixture *f = *state;

    declare(f, &three_p);
    bring_back_reader(f, "olga", 1, "p1");
    bring_back_reader(f, "omar", 2, "p1");
    assert_int_equal(lock_table_set_pools(f->table, &none, f->now_ms), -1);
    assert_int_equal(errno, EBUSY);
    assert_int_equal(lock_table_set_pools(f->table, &others, f->now_ms), -1);
    assert_int_equal(errno, EBUSY);
    fixture_unlock(f, "olga", "p1");
    assert_string_equal(fixture_holder(f, "p1"), "omar");
    fixture_unlock(f, "omar", "p1");
    assert_int_equal(lock_table_set_offline(f->table, "p1", false, f->now_ms), 0);
    declare(f, &others);
    declare(f, &none);
    fixture_get(f, "otto", "p1");
}

/* Who was held back by rules, and has the lower ticket, does not wait for a reader's promise. */
static void a_promise_of_a_later_reader_gives_way(void **state)
{
    struct fixture *f = *state;
    struct lock_request *pair, *reader;

    declare(f, &only_p);
    fixture_get(f, "olga", "p");
    pair = fixture_queue(f, "omar", "p+a");
    fixture_get(f, "otto", "1s/a");
    fixture_get(f, "owen", "z");
    reader = fixture_queue(f, "ozzy", "1s/a+z");
    assert_int_equal(reader->seats[0].state, LOCK_SEAT_PROMISED);
    fixture_unlock(f, "olga", "p");
    assert_int_equal(pair->state, LOCK_WAITING);
    assert_int_equal(reader->seats[0].state, LOCK_SEAT_QUEUED);
    fixture_unlock(f, "owen", "z");
    assert_int_equal(reader->state, LOCK_WAITING);
    fixture_unlock(f, "otto", "a");
    assert_int_equal(pair->state, LOCK_HELD);
    fixture_unlock(f, "omar", "p:a");
    assert_int_equal(reader->state, LOCK_HELD);
}

static void a_pools_waiter_that_goes_lets_readers_in(void **state)
{
    struct fixture *f = *state;
    struct lock_request *reader;

    declare(f, &only_p);
    fixture_get(f, "olga", "1s/a");
    fixture_queue(f, "omar", "p+a");
    reader = fixture_queue(f, "otto", "1s/a");
    fixture_unlock(f, "omar", "a");
    assert_int_equal(reader->state, LOCK_HELD);
}

static void readers_of_what_is_a_seat_since_the_restart_keep_it(void **state)
{
    struct fixture *f = *state;
    const char *const names[] = {"x1"};
    const struct lock_group group = {.names = names, .name_count = 1, .count = 1, .shared = true};
    struct lock_record record = {.ask = {.groups = &group, .group_count = 1},
                                 .deadline_ms = INT64_MAX};

    declare(f, &with_x);
    for (uint64_t i = 1; i <= 2; i++) {
        record.ask.owner = i == 1 ? "olga" : "omar";
        record.ticket = record.token = i;
        assert_non_null(lock_table_restore(f->table, &record));
    }
    lock_table_restored(f->table, f->now_ms);
    assert_int_equal(lock_table_held_count(f->table), 2);
    assert_int_equal(fixture_ask(f, "otto", "x").outcome, LOCK_OUTCOME_QUEUED);
    fixture_unlock(f, "olga", "x1");
    fixture_unlock(f, "omar", "x1");
    assert_int_equal(lock_table_set_offline(f->table, "x1", false, f->now_ms), 0);
    assert_string_equal(fixture_holder(f, "x1"), "otto");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(readers_hold_together_in_the_order_of_tickets),
        TEST(a_reader_becomes_no_writer_but_a_writer_may_read),
        TEST(who_reads_inside_behind_a_writer_waits_for_itself),
        TEST(one_of_several_readers_is_broken),
        TEST(seats_of_pools_are_not_shared),
        TEST(what_is_shared_becomes_no_pool),
        TEST(no_reload_meets_readers_of_a_seat_since_a_restart),
        TEST(a_promise_of_a_later_reader_gives_way),
        TEST(a_pools_waiter_that_goes_lets_readers_in),
        TEST(readers_of_what_is_a_seat_since_the_restart_keep_it),
    };

    return cmocka_run_group_tests_name("lock sharing", tests, NULL, NULL);
}
