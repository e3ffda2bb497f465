/* Whose turn it is, and how much of a pass it gets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/pass.h"
#include "server/turn.h"

enum { CONNS = 3, RICH_US = 1000000 };

struct lab {
    struct ipclocker_server *server;
    struct server_parts parts;
    struct account accounts[CONNS];
    struct conn conns[CONNS];
};

/* What a turn does here: it costs as much, and the client may want another one. */
static uint32_t turn_costs_us;
static bool wants_more;
static const struct conn *served[16];
static size_t served_count;

static void take_turn(struct conn *conn)
{
    assert_true(served_count < sizeof served / sizeof *served);
    served[served_count++] = conn;
    conn->turn_cost_us += turn_costs_us;
    turn_charge(conn, conn->turn_cost_us - turn_costs_us);
    if (wants_more)
        turn_wait(conn);
}

static int set_up(void **state)
{
    struct lab *lab = test_calloc(1, sizeof *lab);

    lab->server = ipclocker_server_create();
    assert_non_null(lab->server);
    lab->parts = *lab->server->parts;
    lab->parts.take_turn = take_turn;
    lab->server->parts = &lab->parts;
    assert_int_equal(ipclocker_server_listen(lab->server, "127.0.0.1", "0"), 0);
    assert_int_equal(ipclocker_server_start(lab->server, NULL), 0);
    for (size_t i = 0; i < CONNS; i++) {
        lab->accounts[i].cost_us = RICH_US;
        lab->conns[i].server = lab->server;
        lab->conns[i].account = &lab->accounts[i];
    }
    turn_costs_us = 100;
    wants_more = false;
    served_count = 0;
    *state = lab;
    return 0;
}

static int tear_down(void **state)
{
    struct lab *lab = *state;

    for (size_t i = 0; i < CONNS; i++)
        turn_forget(&lab->conns[i]);
    ipclocker_server_destroy(lab->server);
    test_free(lab);
    return 0;
}

static void wait_all(struct lab *lab)
{
    for (size_t i = 0; i < CONNS; i++) {
        turn_wait(&lab->conns[i]);
        turn_wait(&lab->conns[i]); /* which changes nothing */
    }
}

static void each_has_one_turn_a_pass_in_its_order(void **state)
{
    struct lab *lab = *state;

    wants_more = true;
    wait_all(lab);
    for (size_t pass = 0; pass < 2; pass++) {
        served_count = 0;
        turn_give_some(lab->server);
        assert_int_equal(served_count, CONNS);
        for (size_t i = 0; i < CONNS; i++)
            assert_ptr_equal(served[i], &lab->conns[i]);
    }
}

static void who_has_spent_all_comes_last(void **state)
{
    struct lab *lab = *state;

    lab->accounts[0].cost_us = -1;
    assert_false(turn_is_due(&lab->conns[0]));
    assert_true(turn_is_due(&lab->conns[1]));
    wait_all(lab);
    turn_give_some(lab->server);
    assert_int_equal(served_count, CONNS);
    assert_ptr_equal(served[CONNS - 1], &lab->conns[0]);
}

static void a_pass_has_room_for_so_much_and_the_rest_waits(void **state)
{
    struct lab *lab = *state;

    turn_costs_us = TURN_PASS_COST_US;
    wait_all(lab);
    for (size_t pass = 0; pass < CONNS; pass++) {
        served_count = 0;
        turn_give_some(lab->server);
        assert_int_equal(served_count, 1);
        assert_ptr_equal(served[0], &lab->conns[pass]);
    }
    served_count = 0;
    turn_give_some(lab->server);
    assert_int_equal(served_count, 0);
}

static void connections_of_one_address_share_its_part_of_a_pass(void **state)
{
    struct lab *lab = *state;

    turn_costs_us = TURN_PASS_COST_US;
    lab->conns[1].account = &lab->accounts[0];
    turn_wait(&lab->conns[0]);
    turn_give_some(lab->server);
    assert_false(turn_is_due(&lab->conns[1]));
    assert_true(turn_is_due(&lab->conns[2]));
    /* A pass later it has another one. */
    turn_give_some(lab->server);
    assert_true(turn_is_due(&lab->conns[1]));
}

static void who_goes_has_no_turn(void **state)
{
    struct lab *lab = *state;

    wait_all(lab);
    turn_forget(&lab->conns[1]);
    turn_give_some(lab->server);
    assert_int_equal(served_count, CONNS - 1);
    assert_ptr_equal(served[1], &lab->conns[2]);
}

/* Has more to do than fits in what is left of its turn. */
static bool handle_kept_lines(struct conn *conn)
{
    turn_wait(conn);
    return true;
}

static void finish_pass(struct conn *conn)
{
    TAILQ_REMOVE(&conn->server->dirty, conn, in_dirty);
    conn->dirty = false;
}

/* As who was told a list, and goes on behind it: nothing else calls for another pass. */
static void who_waits_since_the_end_of_a_pass_has_the_next(void **state)
{
    struct lab *lab = *state;

    lab->parts.handle_kept_lines = handle_kept_lines;
    lab->parts.finish_pass = finish_pass;
    for (size_t i = 0; i < CONNS; i++) {
        lab->accounts[i].cost_us = i == 0 ? -1 : RICH_US;
        served_count = 0;
        pass_resume(&lab->conns[i]);
        for (int pass = 0; pass < 10; pass++)
            event_base_loop(lab->server->base, EVLOOP_NONBLOCK);
        assert_int_equal(served_count, 1);
        assert_ptr_equal(served[0], &lab->conns[i]);
    }
}

static void a_turn_is_over_by_its_cost(void **state)
{
    struct lab *lab = *state;

    assert_false(turn_is_over(&lab->conns[0]));
    lab->conns[0].turn_cost_us = TURN_PASS_COST_US;
    assert_true(turn_is_over(&lab->conns[0]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_has_one_turn_a_pass_in_its_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_has_spent_all_comes_last, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_pass_has_room_for_so_much_and_the_rest_waits, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(connections_of_one_address_share_its_part_of_a_pass, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(who_goes_has_no_turn, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_waits_since_the_end_of_a_pass_has_the_next, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_turn_is_over_by_its_cost, set_up, tear_down),
    };

    return cmocka_run_group_tests_name("turn", tests, NULL, NULL);
}
