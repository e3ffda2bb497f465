/* A connection that goes with a command half done.
 * Must not test what the command comes to when it is done. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "lock/table.h"
#include "server/conn.h"
#include "server_talk.h"

enum { LOCKS = 25000 }; /* two turns are less than a look at each */

static void hold_all(struct ipclocker_server *server, int fd)
{
    char request[64];

    expect_answer(server, fd, "proto 2\nuser filler\njob many\nautounlock 0\n", "proto 2\n");
    for (int i = 0; i < LOCKS; i++) {
        snprintf(request, sizeof request, "locks n%d\nLOCK\n", i);
        expect_answer(server, fd, request,
                      "owner filler\nlocked 1\nlockname {any}\ntoken {any}\n\n\n");
    }
}

static struct conn *half_done(struct ipclocker_server *server)
{
    struct conn *conn;

    TAILQ_FOREACH(conn, &server->conns, all)
    {
        if (conn->unfinished != NULL)
            return conn;
    }
    return NULL;
}

/* Nobody would be granted what is promised to one that is absent for ever. */
static void what_waits_of_a_job_ends_though_its_reporter_goes_half_way(void **state)
{
    static const char dead_job[] = "DEAD_JOB many\n";
    struct ipclocker_server *server = *state;
    uint16_t port = ipclocker_server_port(server);
    int holder = connect_to(port), waiter = connect_to(port), late = connect_to(port);
    int filler = connect_from(INADDR_LOOPBACK + 1, port), reporter = connect_to(port);
    struct conn *conn = NULL;

    expect_answer(server, holder, "proto 2\nuser holder\nlocks x\nLOCK\n",
                  "proto 2\nowner holder\nlocked 1\nlockname x\ntoken {any}\n\n\n");
    expect_answer(server, waiter,
                  "proto 2\nuser waiter\njob many\nautounlock 0\nlocks x\nblock 1\nLOCK\n",
                  "proto 2\nprint_waiting holder\nqueue {any} {any} x holder\n");
    expect_answer(server, late, "proto 2\nuser late\nlocks x\nblock 1\nLOCK\n",
                  "proto 2\nprint_waiting holder\nqueue {any} {any} x holder\n");
    hold_all(server, filler);
    expect_answer(server, reporter, "proto 2\n", "proto 2\n");
    assert_int_equal(write(reporter, dead_job, sizeof dead_job - 1), sizeof dead_job - 1);
    for (int i = 0; i < 1000 && conn == NULL; i++) {
        assert_int_equal(ipclocker_server_process(server, STEP_MS), 0);
        conn = half_done(server);
    }
    assert_non_null(conn);
    assert_false(lock_table_find(server->table, "waiter", "x")->present);
    conn_destroy(conn);
    assert_null(lock_table_find(server->table, "waiter", "x"));
    assert_int_equal(lock_table_held_count(server->table), LOCKS + 1);
    expect_answer(server, holder, "UNLOCK\n", "owner late\nlocked 0\n\n\n");
    assert_string_equal(lock_table_holder(server->table, "x")->owner, "late");
    close(holder);
    close(waiter);
    close(late);
    close(filler);
    close(reporter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_waits_of_a_job_ends_though_its_reporter_goes_half_way,
                                        server_talk_start, server_talk_stop),
    };

    return cmocka_run_group_tests_name("unfinished", tests, NULL, NULL);
}
