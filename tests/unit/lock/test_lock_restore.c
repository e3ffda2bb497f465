/* Requests of an earlier life in the lock table.
 * Must not need a store. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lock_fixture.h"

static const char *const a_b[] = {"a", "b"};

/* `count` of a and b. */
static struct lock_record record_of(const char *owner, struct lock_group *group, size_t count,
                                    uint64_t ticket, uint64_t token)
{
    *group = (struct lock_group){.names = a_b, .name_count = count, .count = count};
    return (struct lock_record){
        .ask = {.owner = owner, .groups = group, .group_count = 1},
        .ticket = ticket,
        .token = token,
        .asked_ms = 1,
        .granted_ms = token != 0 ? 2 : 0,
        .deadline_ms = INT64_MAX,
    };
}

static void what_was_held_is_held_and_is_no_news(void **state)
{
    struct fixture *fixture = *state;
    struct lock_group group;
    struct lock_record record = record_of("ann", &group, 2, 7, 9);

    assert_non_null(lock_table_restore(fixture->table, &record));
    fixture_expect(fixture, "");
    assert_string_equal(fixture_holder(fixture, "b"), "ann");
    assert_int_equal(lock_table_holder(fixture->table, "a")->token, 9);
    assert_int_equal(lock_table_held_count(fixture->table), 2);
    fixture_unlock(fixture, "ann", "a");
    assert_string_equal(fixture_holder(fixture, "b"), "ann");
    fixture_unlock(fixture, "ann", "b");
    /* Later tickets and tokens are above. */
    assert_int_equal(fixture_get(fixture, "bob", "a")->token, 10);
    assert_int_equal(lock_table_holder(fixture->table, "a")->ticket, 8);
    fixture_unlock(fixture, "bob", "a");
}

static void readers_come_back_together_and_in_order(void **state)
{
    struct fixture *f = *state;
    struct lock_group group;
    const char *const owners[] = {"ann", "bob", "cid", "dan"};
    const bool shared[] = {true, true, false, true};
    struct lock_request *request = NULL;

    for (uint64_t i = 0; i < 4; i++) {
        struct lock_record record = record_of(owners[i], &group, 1, i + 1, i < 2 ? i + 1 : 0);

        group.shared = shared[i];
        request = lock_table_restore(f->table, &record);
        assert_non_null(request);
    }
    assert_int_equal(lock_table_held_count(f->table), 2);
    assert_int_equal(lock_table_queue_length(f->table, "a"), 2);
    lock_table_set_present(f->table, request, true, f->now_ms);
    assert_int_equal(request->state, LOCK_WAITING);
    lock_table_break(f->table, "a", f->now_ms);
    assert_string_equal(fixture_holder(f, "a"), ""); /* set aside for cid, who is absent */
    lock_table_end(f->table, lock_table_find(f->table, "cid", "a"), LOCK_REASON_GONE, f->now_ms);
    assert_string_equal(fixture_holder(f, "a"), "dan");
}

static void a_reader_and_a_writer_cannot_both_have_held_it(void **state)
{
    struct fixture *f = *state;
    struct lock_group group;
    struct lock_record record = record_of("ann", &group, 1, 1, 1);

    group.shared = true;
    assert_non_null(lock_table_restore(f->table, &record));
    record = record_of("bob", &group, 1, 2, 2);
    assert_null(lock_table_restore(f->table, &record));
    assert_int_equal(errno, EINVAL);
}

static void hold_limits_go_on(void **state)
{
    struct fixture *fixture = *state;
    struct lock_group group;
    struct lock_record record = record_of("ann", &group, 1, 1, 1);

    record.deadline_ms = 5000;
    assert_non_null(lock_table_restore(fixture->table, &record));
    assert_int_equal(lock_table_next_deadline(fixture->table), 5000);
    lock_table_expire(fixture->table, 4999);
    assert_string_equal(fixture_holder(fixture, "a"), "ann");
    lock_table_expire(fixture->table, 5000);
    assert_string_equal(fixture_holder(fixture, "a"), "");
}

static void a_waiter_keeps_its_place_and_gets_nothing_until_it_is_back(void **state)
{
    struct fixture *fixture = *state;
    struct lock_group group;
    struct lock_record held = record_of("ann", &group, 1, 3, 1), waits;

    assert_non_null(lock_table_restore(fixture->table, &held));
    waits = record_of("bob", &group, 1, 5, 0);
    assert_non_null(lock_table_restore(fixture->table, &waits));
    fixture_queue(fixture, "cat", "a");
    fixture_unlock(fixture, "ann", "a");
    assert_string_equal(fixture_holder(fixture, "a"), "");
    assert_int_equal(
        lock_table_position(fixture->table, lock_table_find(fixture->table, "cat", "a")), 1);
    assert_int_equal(fixture_get(fixture, "bob", "a")->ticket, 5);
    fixture_unlock(fixture, "bob", "a");
    assert_string_equal(fixture_holder(fixture, "a"), "cat");
    fixture_unlock(fixture, "cat", "a");
}

static void what_cannot_have_been_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct lock_group group, twice[2];
    struct lock_record record = record_of("ann", &group, 1, 1, 1);

    assert_non_null(lock_table_restore(fixture->table, &record));
    record.ticket = 2;
    errno = 0;
    assert_null(lock_table_restore(fixture->table, &record));
    assert_int_equal(errno, EINVAL);
    record.token = 0;
    assert_null(lock_table_restore(fixture->table, &record));
    record.ask.owner = "bob";
    record.token = 2;
    assert_null(lock_table_restore(fixture->table, &record));
    record.token = 0;
    twice[0] = group;
    twice[1] = group;
    record.ask.groups = twice;
    record.ask.group_count = 2;
    assert_null(lock_table_restore(fixture->table, &record));
    record.ask.group_count = 0;
    assert_null(lock_table_restore(fixture->table, &record));
    assert_int_equal(errno, EINVAL);
    assert_int_equal(lock_table_waiter_count(fixture->table), 0);
    fixture_unlock(fixture, "ann", "a");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_held_is_held_and_is_no_news, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(readers_come_back_together_and_in_order, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_reader_and_a_writer_cannot_both_have_held_it,
                                        fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(hold_limits_go_on, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_waiter_keeps_its_place_and_gets_nothing_until_it_is_back,
                                        fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(what_cannot_have_been_is_refused, fixture_setup,
                                        fixture_teardown),
    };

    return cmocka_run_group_tests_name("lock restore", tests, NULL, NULL);
}
