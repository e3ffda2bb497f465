/* Questions about the history, answered beside the commits: how long one of them takes, and whose
 * turn comes first.
 * Must not depend on how fast the machine is: each row takes as long as a test says. */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <unistd.h>

#include "store_fixture.h"

enum { ROWS = 600, ROW_US = 2000, FOR_EVER = 1000000 };

/* What the store's thread does with a question, and has done. */
struct look {
    int row_us;        /* so long takes each row */
    int forgotten_at;  /* the row with which nobody waits any more; 0: none */
    atomic_bool *stop; /* the first row waits while this is set */
    int rows, turn;
    atomic_int *turns; /* how many had one */
};

static void on_row(struct store_query *query, const struct store_history *entry)
{
    struct look *look = query->context;

    (void)entry;
    if (look->rows++ == 0 && look->turns != NULL)
        look->turn = ++*look->turns;
    while (look->stop != NULL && atomic_load(look->stop))
        usleep(1000);
    if (look->row_us > 0)
        usleep((useconds_t)look->row_us);
    if (look->rows == look->forgotten_at)
        query->is_forgotten = true;
}

static void make_history(struct store_fixture *fixture)
{
    store_fixture_begin(fixture);
    for (int i = 0; i < ROWS; i++) {
        store_fixture_ask(fixture, "ann", "x");
        store_fixture_release(fixture, "ann", "x");
    }
    store_fixture_commit_safely(fixture);
}

static struct store_query *ask(struct store_fixture *fixture, struct look *look, uint64_t after)
{
    struct store_query *query = calloc(1, sizeof *query);

    assert_non_null(query);
    query->until_ms = INT64_MAX / 2;
    query->after = after;
    query->limit = FOR_EVER;
    query->on_entry = on_row;
    query->context = look;
    store_ask(fixture->store, query);
    return query;
}

static struct store_query *next_answer(struct store_fixture *fixture)
{
    struct pollfd news = {.fd = store_fd(fixture->store), .events = POLLIN};
    struct store_progress progress;
    struct store_query *query;

    for (;;) {
        store_progress(fixture->store, &progress);
        query = store_answer(fixture->store);
        if (query != NULL)
            return query;
        assert_true(poll(&news, 1, 60000) > 0);
    }
}

/* Where to go on. */
static uint64_t answered(struct store_fixture *fixture, const struct look *look)
{
    struct store_query *query = next_answer(fixture);
    uint64_t next = query->next;

    assert_ptr_equal(query->context, look);
    assert_false(query->failed);
    store_query_destroy(query);
    return next;
}

static void what_takes_long_is_answered_in_parts(void **state)
{
    struct store_fixture *fixture = *state;
    struct look look = {.row_us = ROW_US};
    uint64_t next;
    int parts = 1;

    make_history(fixture);
    ask(fixture, &look, 0);
    next = answered(fixture, &look);
    assert_int_not_equal(next, 0);
    assert_true(look.rows > 0 && look.rows < ROWS);
    for (; next != 0; parts++) {
        ask(fixture, &look, next);
        next = answered(fixture, &look);
    }
    assert_int_equal(look.rows, ROWS);
    assert_true(parts > 2);
}

static void nobody_reads_on_for_who_has_gone(void **state)
{
    struct store_fixture *fixture = *state;
    struct look look = {.forgotten_at = 3};

    make_history(fixture);
    ask(fixture, &look, 0);
    answered(fixture, &look);
    assert_int_equal(look.rows, 3);
}

/* The first one holds up the others until they have all asked. */
static void who_has_gone_has_no_turn_and_who_may_have_has_the_last(void **state)
{
    struct store_fixture *fixture = *state;
    atomic_bool stop = true;
    atomic_int turns = 0;
    struct look looks[5] = {{.stop = &stop}};
    struct store_query *queries[5];

    make_history(fixture);
    for (int i = 0; i < 5; i++) {
        looks[i].turns = &turns;
        queries[i] = ask(fixture, &looks[i], 0);
    }
    queries[1]->is_forgotten = true;
    queries[2]->comes_last = true;
    atomic_store(&stop, false);
    for (int i = 0; i < 5; i++)
        store_query_destroy(next_answer(fixture));
    assert_int_equal(looks[1].rows, 0);
    assert_int_equal(looks[0].turn, 1);
    assert_int_equal(looks[3].turn, 2);
    assert_int_equal(looks[4].turn, 3);
    assert_int_equal(looks[2].turn, 4);
}

/* One in eight of all turns is theirs. */
static void who_may_have_gone_is_answered_while_others_ask_and_ask(void **state)
{
    enum { ALL = 41, LAST = 2 };
    struct store_fixture *fixture = *state;
    atomic_bool stop = true;
    atomic_int turns = 0;
    struct look looks[ALL] = {{.stop = &stop}};

    make_history(fixture);
    for (int i = 0; i < ALL; i++) {
        struct store_query *query;

        looks[i].turns = &turns;
        query = ask(fixture, &looks[i], 0);
        if (i == 0)
            continue; /* it is being answered */
        query->limit = 1;
        query->comes_last = i == LAST || i == LAST + 1;
    }
    atomic_store(&stop, false);
    for (int i = 0; i < ALL; i++)
        store_query_destroy(next_answer(fixture));
    assert_true(looks[LAST].turn > LAST + 1 && looks[LAST].turn <= 16);
    assert_int_equal(looks[LAST + 1].turn, looks[LAST].turn + 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_FIXTURE_TEST(what_takes_long_is_answered_in_parts),
        STORE_FIXTURE_TEST(nobody_reads_on_for_who_has_gone),
        STORE_FIXTURE_TEST(who_has_gone_has_no_turn_and_who_may_have_has_the_last),
        STORE_FIXTURE_TEST(who_may_have_gone_is_answered_while_others_ask_and_ask),
    };

    return cmocka_run_group_tests_name("history reader", tests, NULL, NULL);
}
