/* Turns of an asker's clients and of the hosts that these ask: one after another, and a rest for
 * who had many. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pidstat/turns.h"

enum { RATE = 2, REST_US = 100000, SHARE_US = 500000, BEGIN_US = 9000000, MANY = 5 };

struct fixture {
    struct turns turns;
    struct turn_host farm, other;
    struct turn_line *greedy, *modest, *elsewhere; /* the last is the greedy client's, too */
    struct queue_entry many[MANY], one, far, near;
};

static void join(struct fixture *fixture, struct turn_line *line, struct queue_entry *entry,
                 int64_t now_us)
{
    turns_join(&fixture->turns, line, TURN_ORDINARY, entry, now_us);
}

/* As for a question that is sent. */
static void take(struct fixture *fixture, struct turn_line *line, struct queue_entry *entry,
                 int64_t now_us)
{
    assert_ptr_equal(turns_next(&fixture->turns), entry);
    turns_take(&fixture->turns);
    turns_count(&fixture->turns, line, now_us);
}

static void begin(struct fixture *fixture, unsigned rate, unsigned host_rate)
{
    *fixture = (struct fixture){0};
    turns_init(&fixture->turns, rate, host_rate);
    fixture->greedy = turns_get(&fixture->turns, 1, &fixture->farm, BEGIN_US);
    fixture->elsewhere = turns_get(&fixture->turns, 1, &fixture->other, BEGIN_US);
    fixture->modest = turns_get(&fixture->turns, 2, &fixture->other, BEGIN_US);
    for (int i = 0; i < MANY; i++)
        join(fixture, fixture->greedy, &fixture->many[i], BEGIN_US);
}

/* Frees all but who is looked up for. */
static void end(struct fixture *fixture)
{
    turns_put(&fixture->turns, fixture->greedy);
    turns_put(&fixture->turns, fixture->elsewhere);
    turns_put(&fixture->turns, fixture->modest);
    assert_null(tree_first(&fixture->turns.clients));
    turns_fini(&fixture->turns);
}

static void one_has_its_turn_among_many(void **state)
{
    struct fixture fixture;

    (void)state;
    begin(&fixture, 0, 0);
    join(&fixture, fixture.modest, &fixture.one, BEGIN_US);
    take(&fixture, fixture.greedy, &fixture.many[0], BEGIN_US);
    take(&fixture, fixture.modest, &fixture.one, BEGIN_US);
    for (int i = 1; i < MANY; i++)
        take(&fixture, fixture.greedy, &fixture.many[i], BEGIN_US);
    assert_null(turns_next(&fixture.turns));
    end(&fixture);
}

static void each_host_has_its_turn_among_those_of_a_client(void **state)
{
    struct fixture fixture;

    (void)state;
    begin(&fixture, 0, 0);
    join(&fixture, fixture.elsewhere, &fixture.far, BEGIN_US);
    join(&fixture, fixture.modest, &fixture.one, BEGIN_US);
    take(&fixture, fixture.greedy, &fixture.many[0], BEGIN_US);
    take(&fixture, fixture.modest, &fixture.one, BEGIN_US);
    take(&fixture, fixture.elsewhere, &fixture.far, BEGIN_US);
    for (int i = 1; i < MANY; i++)
        take(&fixture, fixture.greedy, &fixture.many[i], BEGIN_US);
    end(&fixture);
}

static void what_is_near_and_what_is_urgent_goes_first(void **state)
{
    struct fixture fixture;
    struct queue_entry urgent, both;

    (void)state;
    begin(&fixture, 0, 0);
    turns_join(&fixture.turns, fixture.elsewhere, TURN_NEAR, &fixture.near, BEGIN_US);
    turns_join(&fixture.turns, fixture.greedy, TURN_URGENT, &urgent, BEGIN_US);
    turns_join(&fixture.turns, fixture.elsewhere, TURN_URGENT_NEAR, &both, BEGIN_US);
    assert_int_equal(fixture.turns.urgent, 2);
    take(&fixture, fixture.elsewhere, &both, BEGIN_US);
    take(&fixture, fixture.greedy, &urgent, BEGIN_US);
    assert_int_equal(fixture.turns.urgent, 0);
    take(&fixture, fixture.elsewhere, &fixture.near, BEGIN_US);
    for (int i = 0; i < MANY; i++)
        take(&fixture, fixture.greedy, &fixture.many[i], BEGIN_US);
    end(&fixture);
}

static void who_had_many_rests(void **state)
{
    struct fixture fixture;

    (void)state;
    begin(&fixture, RATE, 0);
    join(&fixture, fixture.modest, &fixture.one, BEGIN_US);
    take(&fixture, fixture.greedy, &fixture.many[0], BEGIN_US);
    take(&fixture, fixture.modest, &fixture.one, BEGIN_US);
    take(&fixture, fixture.greedy, &fixture.many[1], BEGIN_US);
    assert_null(turns_next(&fixture.turns));
    assert_int_equal(turns_rested_us(&fixture.turns), BEGIN_US + REST_US);
    turns_wake(&fixture.turns, BEGIN_US + REST_US - 1);
    assert_null(turns_next(&fixture.turns));
    /* Nor does it help to come one by one. */
    for (int i = 2; i < MANY; i++)
        turns_leave(&fixture.turns, fixture.greedy, &fixture.greedy->queues[TURN_ORDINARY].entries,
                    &fixture.many[i]);
    assert_int_equal(turns_rested_us(&fixture.turns), INT64_MAX);
    join(&fixture, fixture.greedy, &fixture.many[2], BEGIN_US + 1);
    assert_null(turns_next(&fixture.turns));
    turns_wake(&fixture.turns, BEGIN_US + REST_US);
    take(&fixture, fixture.greedy, &fixture.many[2], BEGIN_US + REST_US);
    end(&fixture);
}

static void a_host_that_was_asked_much_rests_for_all(void **state)
{
    struct fixture fixture;
    struct turn_line *same;

    (void)state;
    begin(&fixture, 0, RATE);
    same = turns_get(&fixture.turns, 3, &fixture.farm, BEGIN_US);
    take(&fixture, fixture.greedy, &fixture.many[0], BEGIN_US);
    take(&fixture, fixture.greedy, &fixture.many[1], BEGIN_US);
    join(&fixture, same, &fixture.one, BEGIN_US + 1);
    assert_null(turns_next(&fixture.turns));
    join(&fixture, fixture.elsewhere, &fixture.far, BEGIN_US + 1);
    take(&fixture, fixture.elsewhere, &fixture.far, BEGIN_US + 1);
    assert_int_equal(turns_rested_us(&fixture.turns), BEGIN_US + REST_US);
    turns_wake(&fixture.turns, BEGIN_US + 2 * SHARE_US);
    /* Who came to it late has its turn beside who had it before. */
    assert_non_null(turns_next(&fixture.turns));
    for (int i = 0; i < RATE; i++) {
        bool is_late = turns_next(&fixture.turns) == &fixture.one;

        take(&fixture, is_late ? same : fixture.greedy, is_late ? &fixture.one : &fixture.many[2],
             BEGIN_US + 2 * SHARE_US);
    }
    assert_null(turns_next(&fixture.turns));
    turns_put(&fixture.turns, same);
    end(&fixture);
}

static void a_host_is_not_asked_more_for_being_forgotten_between(void **state)
{
    struct fixture fixture;

    (void)state;
    begin(&fixture, 0, RATE);
    for (int i = 2; i < MANY; i++)
        turns_leave(&fixture.turns, fixture.greedy, &fixture.greedy->queues[TURN_ORDINARY].entries,
                    &fixture.many[i]);
    take(&fixture, fixture.greedy, &fixture.many[0], BEGIN_US);
    take(&fixture, fixture.greedy, &fixture.many[1], BEGIN_US);
    turns_put(&fixture.turns, fixture.greedy);
    assert_int_equal(turns_rested_us(&fixture.turns), INT64_MAX);
    fixture.greedy = turns_get(&fixture.turns, 1, &fixture.farm, BEGIN_US + 1);
    join(&fixture, fixture.greedy, &fixture.many[0], BEGIN_US + 1);
    assert_null(turns_next(&fixture.turns));
    turns_wake(&fixture.turns, BEGIN_US + 1 + REST_US);
    take(&fixture, fixture.greedy, &fixture.many[0], BEGIN_US + 1 + REST_US);
    end(&fixture);
}

static void who_asks_seldom_never_rests(void **state)
{
    struct fixture fixture;
    int64_t now_us = BEGIN_US;

    (void)state;
    begin(&fixture, RATE, RATE);
    for (int i = 0; i < MANY; i++)
        take(&fixture, fixture.greedy, &fixture.many[i], now_us += SHARE_US + 1);
    end(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_has_its_turn_among_many),
        cmocka_unit_test(each_host_has_its_turn_among_those_of_a_client),
        cmocka_unit_test(what_is_near_and_what_is_urgent_goes_first),
        cmocka_unit_test(who_had_many_rests),
        cmocka_unit_test(a_host_that_was_asked_much_rests_for_all),
        cmocka_unit_test(a_host_is_not_asked_more_for_being_forgotten_between),
        cmocka_unit_test(who_asks_seldom_never_rests),
    };

    return cmocka_run_group_tests_name("pidstat/turns", tests, NULL, NULL);
}
