/* Waiters that have gone, and may come back, and whom nobody is held up for.
 * Must not look into lib/lock/types.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lock/pools.h"
#include "lock_fixture.h"
#include "lock_slices.h"

/* Queues an owner, and lets it go. */
static struct lock_request *leave_behind(struct fixture *f, const char *owner, const char *demand)
{
    struct lock_request *request = fixture_queue(f, owner, demand);

    assert_true(lock_table_set_away(f->table, request, f->now_ms));
    assert_false(request->present);
    return request;
}

static void it_comes_back_to_its_place(void **state)
{
    struct fixture *f = *state;
    struct lock_request *omar;

    fixture_get(f, "olga", "a");
    omar = leave_behind(f, "omar", "a");
    fixture_queue(f, "otto", "a");
    assert_int_equal(lock_table_position(f->table, omar), 1);
    assert_ptr_equal(fixture_queue(f, "omar", "a"), omar);
    fixture_unlock(f, "olga", "a");
    fixture_expect(f, "granted olga, queued omar, away omar, queued otto, renewed omar, "
                      "released a of olga by unlock, granted omar");
    fixture_unlock(f, "omar", "a");
    assert_string_equal(fixture_holder(f, "a"), "otto");
}

static void nobody_is_held_up_for_it(void **state)
{
    struct fixture *f = *state;

    fixture_get(f, "olga", "a");
    leave_behind(f, "omar", "a");
    fixture_queue(f, "otto", "a");
    fixture_unlock(f, "olga", "a");
    assert_string_equal(fixture_holder(f, "a"), "otto");
    fixture_unlock(f, "otto", "a");
    assert_string_equal(fixture_holder(f, "a"), "");
    f->terms.wait = false;
    fixture_get(f, "owen", "a");
    fixture_unlock(f, "owen", "a");
    fixture_get(f, "omar", "a");
}

static void what_it_was_promised_goes_on(void **state)
{
    struct fixture *f = *state;
    struct lock_request *omar;

    fixture_get(f, "olga", "a");
    omar = fixture_queue(f, "omar", "a");
    lock_table_set_present(f->table, omar, false, f->now_ms);
    fixture_queue(f, "otto", "a");
    fixture_unlock(f, "olga", "a");
    assert_int_equal(omar->groups[0].taken, 1);
    assert_true(lock_table_set_away(f->table, omar, f->now_ms));
    assert_int_equal(omar->groups[0].taken, 0);
    assert_string_equal(fixture_holder(f, "a"), "otto");
}

static void a_refused_return_leaves_it_away(void **state)
{
    struct fixture *f = *state;
    struct lock_request *omar;

    fixture_get(f, "olga", "a");
    omar = leave_behind(f, "omar", "a");
    f->terms.wait = false;
    fixture_fail(f, "omar", "a", LOCK_OUTCOME_REFUSED, NULL);
    assert_true(omar->away);
    fixture_unlock(f, "olga", "a");
    fixture_get(f, "omar", "a");
}

static void who_needs_several_locks_cannot_be_away(void **state)
{
    struct fixture *f = *state;
    static const char *const demands[] = {"2/a:b", "a+b"};

    fixture_get(f, "olga", "a");
    for (size_t i = 0; i < 2; i++) {
        struct lock_request *omar = fixture_queue(f, "omar", demands[i]);

        assert_false(lock_table_set_away(f->table, omar, f->now_ms));
        assert_true(omar->present);
        assert_int_equal(omar->groups[i].taken, 1);
        lock_table_end(f->table, omar, LOCK_REASON_GONE, f->now_ms);
    }
}

/* omar, who comes back, has asked before otto, who waits for more than he was promised. */
static void who_comes_back_takes_what_a_later_one_was_promised(void **state)
{
    struct fixture *f = *state;

    fixture_get(f, "olga", "a");
    fixture_get(f, "owen", "b");
    leave_behind(f, "omar", "a:b");
    fixture_queue(f, "otto", "2/a:b");
    fixture_unlock(f, "olga", "a");
    fixture_get(f, "omar", "a:b");
    assert_string_equal(fixture_holder(f, "a"), "omar");
    fixture_unlock(f, "owen", "b");
    fixture_unlock(f, "omar", "a");
    assert_string_equal(fixture_holder(f, "a"), "otto");
    assert_string_equal(fixture_holder(f, "b"), "otto");
}

static void who_does_not_want_to_wait_takes_it_too(void **state)
{
    struct fixture *f = *state;

    fixture_get(f, "olga", "a");
    fixture_get(f, "owen", "b");
    leave_behind(f, "omar", "a");
    fixture_queue(f, "otto", "a+b");
    fixture_unlock(f, "olga", "a");
    f->terms.wait = false;
    fixture_get(f, "omar", "a");
}

static void of_earlier_ones_he_takes_nothing(void **state)
{
    struct fixture *f = *state;

    fixture_get(f, "olga", "a");
    fixture_get(f, "owen", "b");
    fixture_queue(f, "otto", "a+b");
    leave_behind(f, "omar", "a");
    fixture_unlock(f, "olga", "a");
    fixture_queue(f, "omar", "a");
    fixture_unlock(f, "owen", "b");
    assert_string_equal(fixture_holder(f, "a"), "otto");
}

/* otto was robbed of a, and would be of b by nobody but him: else ozzy, who was promised b, would
 * wait for c, which otto was promised, and otto for b. */
static void who_is_robbed_takes_what_a_later_one_was_promised(void **state)
{
    struct fixture *f = *state;

    fixture_get(f, "olga", "a");
    fixture_get(f, "owen", "b");
    leave_behind(f, "omar", "a");
    fixture_get(f, "odin", "d");
    fixture_queue(f, "otto", "a:b+c+d");
    fixture_unlock(f, "olga", "a");
    fixture_unlock(f, "owen", "b");
    fixture_queue(f, "ozzy", "b+c");
    fixture_get(f, "omar", "a");
    fixture_unlock(f, "odin", "d");
    assert_string_equal(fixture_holder(f, "b"), "otto");
    fixture_unlock(f, "otto", "b");
    fixture_unlock(f, "otto", "c");
    assert_string_equal(fixture_holder(f, "c"), "ozzy");
}

static void readers_go_on_where_a_writer_in_front_of_them_does_not_queue_again(void **state)
{
    struct fixture *f = *state;
    struct lock_request *ozzy;

    fixture_get(f, "olga", "a");
    fixture_get(f, "owen", "b");
    fixture_get(f, "odin", "c");
    leave_behind(f, "omar", "1s/a");
    fixture_queue(f, "otto", "a:c+b");
    ozzy = fixture_queue(f, "ozzy", "1s/a");
    fixture_unlock(f, "olga", "a");
    fixture_unlock(f, "odin", "c");
    fixture_get(f, "omar", "1s/a");
    assert_int_equal(ozzy->state, LOCK_HELD);
    fixture_unlock(f, "owen", "b");
    assert_string_equal(fixture_holder(f, "c"), "otto");
}

static void it_ends_like_others(void **state)
{
    struct fixture *f = *state;

    fixture_get(f, "olga", "a");
    fixture_get(f, "owen", "b");
    f->terms.host = "farm1";
    f->terms.pid = 7;
    f->terms.autounlock = true;
    leave_behind(f, "omar", "a:b");
    fixture_unlock(f, "olga", "a");
    assert_int_equal(slices_end_process(f->table, "farm1", 7, SIZE_MAX, f->now_ms), 1);
    leave_behind(f, "omar", "b");
    fixture_unlock(f, "omar", "b");
    assert_int_equal(lock_table_waiter_count(f->table), 0);
    assert_int_equal(lock_table_name_count(f->table), 1);
}

static void it_is_restored_as_it_was(void **state)
{
    struct fixture *f = *state;
    const char *const names[] = {"a", "b"};
    struct lock_group group = {.names = names, .name_count = 2, .count = 1};
    struct lock_record record = {.ask = {.owner = "omar", .groups = &group, .group_count = 1},
                                 .ticket = 7,
                                 .deadline_ms = INT64_MAX,
                                 .away = true};
    struct lock_request *omar = lock_table_restore(f->table, &record);

    assert_true(omar->away && !omar->present);
    fixture_get(f, "otto", "a");
    fixture_get(f, "owen", "b");
    fixture_queue(f, "ozzy", "a");
    fixture_queue(f, "omar", "a:b");
    fixture_unlock(f, "otto", "a");
    assert_string_equal(fixture_holder(f, "a"), "omar");
    /* One that needs more is absent: it may have promises. */
    group.count = 2;
    record.ask.owner = "olaf";
    record.ticket = 8;
    assert_false(lock_table_restore(f->table, &record)->away);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

static void note(void *context, const struct lock_request *request, enum lock_outcome outcome)
{
    (void)request;
    *(enum lock_outcome *)context = outcome;
}

static enum lock_outcome foresee(struct fixture *f, const char *owner, const char *demand)
{
    const char *names[] = {demand};
    const struct lock_group group = {.names = names, .name_count = 1, .count = 1};
    const struct lock_ask ask = {.owner = owner, .groups = &group, .group_count = 1, .wait = true};
    enum lock_outcome outcome = LOCK_OUTCOME_REFUSED;

    lock_table_foresee(f->table, &ask, f->now_ms, note, &outcome);
    return outcome;
}

/* omar has asked before otto, who waits for both seats and was promised one. */
static void it_is_foreseen_to_take_a_seat_that_a_later_one_was_promised(void **state)
{
    static const struct pool_config pools[] = {
        {.name = "p", .seats = 2},
        {.name = "q", .seats = 2, .share = {.is_set = true, .by = POOL_BY_USER, .others = 1}},
    };
    static const struct pools_config config = {.pools = pools, .pool_count = 2};
    struct fixture *f = *state;

    assert_int_equal(lock_table_set_pools(f->table, &config, f->now_ms), 0);
    for (size_t i = 0; i < 2; i++) {
        const char *pool = pools[i].name, *first = i == 0 ? "p1" : "q1";
        const char *both = i == 0 ? "2/p" : "2/q";
        bool has_rules = i == 1;
        const struct lock_request *otto;

        fixture_get(f, "olga", pool);
        fixture_get(f, "owen", pool);
        leave_behind(f, "omar", pool);
        otto = fixture_queue(f, "otto", both);
        assert_int_equal(foresee(f, "omar", pool), LOCK_OUTCOME_QUEUED);
        fixture_unlock(f, "olga", first);
        assert_int_equal(otto->groups[0].taken, 1);
        /* A pool with rules selects nobody while no seat is free. */
        assert_int_equal(foresee(f, "omar", pool),
                         has_rules ? LOCK_OUTCOME_QUEUED : LOCK_OUTCOME_GRANTED);
        f->terms.wait = false;
        if (has_rules)
            fixture_fail(f, "omar", pool, LOCK_OUTCOME_REFUSED, NULL);
        else
            fixture_get(f, "omar", pool);
        f->terms.wait = true;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(it_comes_back_to_its_place),
        TEST(nobody_is_held_up_for_it),
        TEST(what_it_was_promised_goes_on),
        TEST(a_refused_return_leaves_it_away),
        TEST(who_needs_several_locks_cannot_be_away),
        TEST(who_comes_back_takes_what_a_later_one_was_promised),
        TEST(it_is_foreseen_to_take_a_seat_that_a_later_one_was_promised),
        TEST(who_does_not_want_to_wait_takes_it_too),
        TEST(of_earlier_ones_he_takes_nothing),
        TEST(who_is_robbed_takes_what_a_later_one_was_promised),
        TEST(readers_go_on_where_a_writer_in_front_of_them_does_not_queue_again),
        TEST(it_ends_like_others),
        TEST(it_is_restored_as_it_was),
    };

    return cmocka_run_group_tests_name("waiters that are away", tests, NULL, NULL);
}
