/* What a line is charged for that has the server look through what a process has.
 * Must not look at a clock: a charge is the same on a busy machine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "lock/nesting.h"
#include "server/claim.h"
#include "server/server.h"
#include "server_talk.h"

/* As many as are looked at; more cost nothing. */
enum { MANY = 4096, A_LINE_US = 100, INSIDE_PAIRS = 64 };

struct lab {
    struct ipclocker_server *server;
    int holder, asker;
};

/* What the last turn of whoever asked last has cost. */
static uint32_t charged(const struct lab *lab)
{
    const struct conn *conn;
    uint32_t most = 0;

    TAILQ_FOREACH(conn, &lab->server->conns, all)
    {
        if (conn->turn_cost_us > most)
            most = conn->turn_cost_us;
    }
    return most;
}

static void hold_many(const struct lab *lab)
{
    char text[80];

    expect_answer(lab->server, lab->holder, "user ann\nhostname far\npid 77\nprocess 5 - 0\n", "");
    for (int i = 0; i < MANY; i++) {
        char answer[80];

        snprintf(text, sizeof text, "locks n%d\nLOCK\n", i);
        snprintf(answer, sizeof answer, "owner ann\nlocked 1\nlockname n%d\n\n\n", i);
        expect_answer(lab->server, lab->holder, text, answer);
    }
    expect_answer(lab->server, lab->holder, "locks x\nSTATUS\n", "owner \nlocked 0\n\n\n");
}

static int set_up(void **state)
{
    struct lab *lab = test_calloc(1, sizeof *lab);
    void *server;

    server_talk_start(&server);
    lab->server = server;
    lab->holder = connect_to(ipclocker_server_port(lab->server));
    lab->asker = connect_to(ipclocker_server_port(lab->server));
    *state = lab;
    return 0;
}

static int tear_down(void **state)
{
    struct lab *lab = *state;
    void *server = lab->server;

    close(lab->holder);
    close(lab->asker);
    test_free(lab);
    return server_talk_stop(&server);
}

static void a_report_of_death_is_charged_for_what_is_looked_at(void **state)
{
    const struct lab *lab = *state;

    hold_many(lab);
    expect_answer(lab->server, lab->asker, "DEAD_PID far 78\nlocks x\nSTATUS\n",
                  "owner \nlocked 0\n\n\n");
    assert_in_range(charged(lab), 1, A_LINE_US);
    expect_answer(lab->server, lab->asker, "DEAD_PID far 77\nlocks x\nSTATUS\n",
                  "owner \nlocked 0\n\n\n");
    assert_in_range(charged(lab), MANY / 2, MANY / 2 + A_LINE_US);
}

static void to_be_inside_of_a_process_is_charged_for_what_is_looked_at(void **state)
{
    const struct lab *lab = *state;
    char line[INSIDE_PAIRS * 16 + 16] = "INSIDE";

    hold_many(lab);
    expect_answer(lab->server, lab->asker,
                  "proto 2\nuser bob\nhostname far\nblock 1\nlocks n1\nLOCK\n",
                  "proto 2\nprint_waiting ann\nqueue 1 {any} n1 ann\n");
    for (int i = 0; i < INSIDE_PAIRS; i++)
        strcat(line, " process 77 6");
    strcat(line, "\n");
    expect_answer(lab->server, lab->asker, line, "queue 1 {any} n1 ann\n");
    assert_in_range(charged(lab), MANY / 2, MANY / 2 + 2 * A_LINE_US);
}

/* The request of the one connection that waits. */
static struct lock_request *waiting(const struct lab *lab)
{
    struct conn *conn;

    TAILQ_FOREACH(conn, &lab->server->conns, all)
    {
        if (conn->waiting != NULL)
            return conn->waiting->claim->request;
    }
    fail();
    return NULL;
}

static void to_be_inside_is_charged_for_all_that_is_wanted(void **state)
{
    enum { WANTED = 1000, STEPS_A_US = 5 };
    const struct lab *lab = *state;
    struct buffer text = {0};
    struct lock_request *outer;
    uint32_t before;

    hold_many(lab);
    buffer_add_text(&text, "proto 2\nuser bob\nblock 1\nlocks");
    for (int i = 0; i < WANTED; i++) {
        buffer_add_text(&text, " n");
        buffer_add_number(&text, i);
    }
    buffer_add_text(&text, "\nLOCK\n");
    buffer_add(&text, "", 1);
    expect_answer(lab->server, lab->asker, text.data,
                  "proto 2\nprint_waiting ann\nqueue 1 {any} n0 ann\n");
    buffer_fini(&text);
    expect_answer(lab->server, lab->asker, "INSIDE\n", "queue 1 {any} n0 ann\n");
    before = charged(lab);
    outer = lock_table_find(lab->server->table, "ann", "n0");
    assert_int_equal(lock_table_set_inside(waiting(lab), outer), 0);
    expect_answer(lab->server, lab->asker, "INSIDE\n", "queue 1 {any} n0 ann\n");
    assert_int_equal(charged(lab) - before, WANTED / STEPS_A_US);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_report_of_death_is_charged_for_what_is_looked_at, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(to_be_inside_of_a_process_is_charged_for_what_is_looked_at,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(to_be_inside_is_charged_for_all_that_is_wanted, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests_name("look charges", tests, NULL, NULL);
}
