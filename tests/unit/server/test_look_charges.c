/* What a line is charged for that has the server look through what a process has.
 * Must not look at a clock: a charge is the same on a busy machine. */
#include <netinet/in.h>
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
enum { MANY = 4096, LOOKS_A_US = 2, INSIDE_PAIRS = 64 };

/* Of two addresses, so that each has an account of its own. */
struct lab {
    struct ipclocker_server *server;
    int holder, asker;
    const struct conn *holders, *askers; /* their ends */
};

/* What the asker's account is charged for that, and nobody else's. */
static uint32_t charged(const struct lab *lab, const char *text, const char *answer)
{
    const int64_t holder_us = lab->holders->account->cost_us;
    const int64_t asker_us = lab->askers->account->cost_us;

    expect_answer(lab->server, lab->asker, text, answer);
    assert_int_equal(lab->holders->account->cost_us, holder_us);
    return (uint32_t)(asker_us - lab->askers->account->cost_us);
}

static void hold_many(const struct lab *lab)
{
    char text[80];

    expect_answer(lab->server, lab->holder,
                  "proto 2\nuser ann\nhostname far\npid 77\nprocess 5 "
                  "01234567-89ab-cdef-0123-456789abcdef 9\n",
                  "proto 2\n");
    for (int i = 0; i < MANY; i++) {
        char answer[80];

        snprintf(text, sizeof text, "locks n%d\nLOCK\n", i);
        snprintf(answer, sizeof answer, "owner ann\nlocked 1\nlockname n%d\ntoken {any}\n\n\n", i);
        expect_answer(lab->server, lab->holder, text, answer);
    }
    expect_answer(lab->server, lab->holder, "locks x\nSTATUS\n", "owner \nlocked 0\n\n\n");
}

/* Connects from an address of loopback.  Returns the server's end of it. */
static const struct conn *open_from(const struct lab *lab, int *fd, uint32_t source)
{
    const struct conn *conn;

    *fd = connect_from(source, ipclocker_server_port(lab->server));
    expect_answer(lab->server, *fd, "locks x\nSTATUS\n", "owner \nlocked 0\n\n\n");
    TAILQ_FOREACH(conn, &lab->server->conns, all)
    {
        if (conn != lab->holders)
            return conn;
    }
    fail();
    return NULL;
}

static int set_up(void **state)
{
    struct lab *lab = test_calloc(1, sizeof *lab);
    void *server;

    server_talk_start(&server);
    lab->server = server;
    lab->holders = open_from(lab, &lab->holder, INADDR_LOOPBACK);
    lab->askers = open_from(lab, &lab->asker, INADDR_LOOPBACK + 1);
    assert_ptr_not_equal(lab->holders->account, lab->askers->account);
    event_del(&lab->server->sweep); /* nothing is paid in */
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
    static const char nothing[] = "owner \nlocked 0\n\n\n";
    const struct lab *lab = *state;
    uint32_t lines_us;

    hold_many(lab);
    lines_us = charged(lab, "DEAD_PID far 78\nlocks x\nSTATUS\n", nothing);
    /* The report is a change and may make one, and there are two lines more, with a name each. */
    assert_int_equal(lines_us, 10 + 20 + 20 + (1 + 1) + (10 + 1));
    /* Nothing is found that the report would count for, and nothing of the first one's is ended. */
    assert_int_equal(charged(lab, "DEAD_PID far 77\nlocks x\nSTATUS\n", nothing),
                     lines_us + MANY / LOOKS_A_US + MANY / LOOKS_A_US);
}

/* Writes an INSIDE of as many processes as count, all with that pid and start. */
static void inside_of(char *line, int pid, int start)
{
    char pair[32];

    strcpy(line, "INSIDE");
    snprintf(pair, sizeof pair, " process %d %d", pid, start);
    for (int i = 0; i < INSIDE_PAIRS; i++)
        strcat(line, pair);
    strcat(line, "\n");
}

static void to_be_inside_of_a_process_is_charged_for_what_is_looked_at(void **state)
{
    const struct lab *lab = *state;
    char line[INSIDE_PAIRS * 16 + 16];
    uint32_t lines_us;

    hold_many(lab);
    expect_answer(lab->server, lab->asker,
                  "proto 2\nuser bob\nhostname far\nblock 1\nlocks n1\nLOCK\n",
                  "proto 2\nprint_waiting ann\nqueue 1 {any} n1 ann\n");
    inside_of(line, 78, 5);
    lines_us = charged(lab, line, "queue 1 {any} n1 ann\n");
    /* One look finds that there is nothing. */
    assert_int_equal(lines_us, 10 + 20 + 1 + INSIDE_PAIRS + INSIDE_PAIRS / LOOKS_A_US);
    /* Nor does one find another process of that pid. */
    inside_of(line, 77, 6);
    assert_int_equal(charged(lab, line, "queue 1 {any} n1 ann\n"), lines_us);
    inside_of(line, 77, 5);
    assert_int_equal(charged(lab, line, "queue 1 {any} n1 ann\n"),
                     lines_us + (MANY - INSIDE_PAIRS) / LOOKS_A_US);
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
    before = charged(lab, "INSIDE\n", "queue 1 {any} n0 ann\n");
    outer = lock_table_find(lab->server->table, "ann", "n0");
    assert_int_equal(lock_table_set_inside(waiting(lab), outer), 0);
    assert_int_equal(charged(lab, "INSIDE\n", "queue 1 {any} n0 ann\n") - before,
                     WANTED / STEPS_A_US);
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
