/* Seats that nobody is given, and what of pools is there again after a stop.
 * Must not read a configuration file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/pool_setup.h"
#include "server_talk.h"

static const struct pool_limit limits[] = {
    {.by = POOL_BY_USER, .each = 1, .at = {"lockerd.conf", 12}},
};
static const struct pool_config pools[] = {
    {.name = "vcs", .seats = 4, .outside_most = 3},
    {.name = "board", .seats = 2},
    {.name = "each", .seats = 3, .limits = limits, .limit_count = 1},
};
static const struct pools_config config = {.pools = pools, .pool_count = 3};

struct fixture {
    struct ipclocker_server *server;
    int fd, other;
    char folder[32], socket[64], state[64];
};

static void start(struct fixture *it)
{
    assert_int_equal(ipclocker_server_start(it->server, NULL), 0);
    it->fd = connect_to(ipclocker_server_port(it->server));
    it->other = connect_to(ipclocker_server_port(it->server));
    expect_answer(it->server, it->fd, "proto 2\n", "proto 2\n");
    expect_answer(it->server, it->other, "proto 2\n", "proto 2\n");
}

static void stop_server(struct fixture *it)
{
    close(it->fd);
    close(it->other);
    ipclocker_server_stop(it->server);
}

static int setup(void **state)
{
    static struct fixture it;
    const struct pool_setup pool_setup = {.config = &config};

    strcpy(it.folder, "/tmp/farmlock-test.XXXXXX");
    if (mkdtemp(it.folder) == NULL)
        return -1;
    snprintf(it.socket, sizeof it.socket, "%s/socket", it.folder);
    snprintf(it.state, sizeof it.state, "%s/state.db", it.folder);
    it.server = ipclocker_server_create();
    *state = &it;
    return it.server == NULL || ipclocker_server_listen(it.server, "127.0.0.1", "0") != 0 ||
           ipclocker_server_listen_unix(it.server, it.socket) != 0 ||
           ipclocker_server_set_state(it.server, it.state, IPCLOCKER_DURABLE_PROCESS) != 0 ||
           ipclocker_server_set_pools(it.server, &pool_setup) != 0;
}

static int teardown(void **state)
{
    struct fixture *it = *state;
    char command[64];

    ipclocker_server_destroy(it->server);
    snprintf(command, sizeof command, "rm -rf %s", it->folder);
    return system(command);
}

static void expect(const struct fixture *it, const char *request, const char *answer)
{
    expect_answer(it->server, it->fd, request, answer);
}

static void seats_in_use_elsewhere_are_nobodys(void **state)
{
    struct fixture *it = *state;

    start(it);
    expect(it, "OUTSIDE vcs 9 100\n", "outside 3\n");
    expect(it, "user ann\nlocks vcs\nLOCK\n", "owner ann\nlocked 1\nlockname vcs1\ntoken 1\n\n\n");
    expect_answer(it->server, it->other, "user bob\nwhy 1\nlocks vcs\nblock 1\nLOCK\n",
                  "print_waiting ann\nqueue 1 {any} vcs ann\nwhy outside vcs 3 0 0 1 1 - - 0 -\n");
    expect(it, "OUTSIDE vcs 0 0\n", "outside 0\n");
    expect_answer(it->server, it->other, "",
                  "print_obtained\nowner bob\nlocked 1\nlockname vcs2\ntoken 2\n\n\n");
    stop_server(it);
}

/* The short times are said once somebody waits: a machine may be slower than they are. */
static void what_nobody_says_any_more_is_over(void **state)
{
    struct fixture *it = *state;

    start(it);
    expect(it, "OUTSIDE vcs 3 1000\nOFFLINE board1 1000\nOFFLINE board2 1000 in repair\n",
           "outside 3\noffline 1\noffline 1\n");
    expect_answer(it->server, it->other, "user bob\nlocks board\nand vcs\ncount 4\nblock 1\nLOCK\n",
                  "print_waiting \nqueue 1\n");
    expect(it, "OUTSIDE vcs 3 1\nOFFLINE board1 1\nOFFLINE board2 1 in repair\n",
           "outside 3\noffline 1\noffline 1\n");
    expect_answer(it->server, it->other, "",
                  "print_obtained\nowner bob\nlocked 1\nlockname board1\nlockname vcs1\n"
                  "lockname vcs2\nlockname vcs3\nlockname vcs4\ntoken 1\n\n\n");
    stop_server(it);
}

static void what_makes_no_sense_is_refused(void **state)
{
    struct fixture *it = *state;

    start(it);
    expect(it, "OUTSIDE vcs 3\n",
           "owner \nlocked 0\nerror-code malformed\nerror OUTSIDE needs a pool, a number of seats, "
           "and for how many seconds, 2592000 at most\n\n\n");
    expect(it, "OUTSIDE vcs 3 0\n",
           "owner \nlocked 0\nerror-code malformed\nerror OUTSIDE needs a pool, a number of seats, "
           "and for how many seconds, 2592000 at most\n\n\n");
    expect(it, "OUTSIDE vcs1 3 10\nOUTSIDE vsc 3 10\nOFFLINE vcs 10\n",
           "owner \nlocked 0\nerror-code unknown\n"
           "error there is no such pool, or seat of one; lockersh --pools has all\n\n\n"
           "owner \nlocked 0\nerror-code unknown\n"
           "error there is no such pool, or seat of one; lockersh --pools has all\n\n\n"
           "owner \nlocked 0\nerror-code unknown\n"
           "error there is no such pool, or seat of one; lockersh --pools has all\n\n\n");
    stop_server(it);
}

/* Who is known has to be an administrator, once anybody can be. */
static void only_administrators_say_so_where_users_are_told_apart(void **state)
{
    struct fixture *it = *state;
    int fd;

    if (ipclocker_server_set_auth(it->server, IPCLOCKER_AUTH_MUNGE, NULL) != 0 ||
        ipclocker_server_start(it->server, NULL) != 0)
        return; /* no libmunge: tests/e2e says so */
    it->fd = connect_to(ipclocker_server_port(it->server));
    it->other = connect_to(ipclocker_server_port(it->server));
    fd = connect_to_path(it->socket);
    expect(
        it, "proto 2\nOUTSIDE vcs 1 10\n",
        "proto 2\nowner \nlocked 0\nerror-code denied\nerror what is offline or in use elsewhere "
        "is for administrators of the server or the pool to say\n\n\n");
    expect_answer(it->server, fd, "proto 2\nOUTSIDE vcs 1 10\n", "proto 2\noutside 1\n");
    close(fd);
    stop_server(it);
}

static void all_of_it_is_there_after_a_stop(void **state)
{
    struct fixture *it = *state;

    start(it);
    expect(it, "OUTSIDE vcs 2 1000\nOFFLINE board2 0\n", "outside 2\noffline 1\n");
    expect(it, "user h_1_ann\nproject chipA\npriority 3\nlocks each\nLOCK\nlocks board\nLOCK\n",
           "owner h_1_ann\nlocked 1\nlockname each1\ntoken 1\n\n\n"
           "owner h_1_ann\nlocked 1\nlockname board1\ntoken 2\n\n\n");
    expect_answer(it->server, it->other, "user h_2_ann\nlocks each\nblock 1\nLOCK\n",
                  "print_waiting h_1_ann\nqueue 1 {any} each h_1_ann\n");
    stop_server(it);
    start(it);
    /* Her limit is reached, as it was. */
    expect_answer(it->server, it->other, "user h_2_ann\nwhy 1\nlocks each\nblock 1\nLOCK\n",
                  "print_waiting h_1_ann\nqueue 1 {any} each h_1_ann\n"
                  "why limit each 1 1 0 1 1 user ann 12 lockerd.conf\n");
    expect(it, "user bob\nlocks board\nblock 0\nLOCK\n", "owner h_1_ann\nlocked 0\n\n\n");
    expect(it, "locks vcs\ncount 2\nLOCK\n",
           "owner bob\nlocked 1\nlockname vcs1\nlockname vcs2\ntoken {any}\n\n\n");
    expect(it, "user cid\nlocks vcs\nLOCK\n", "owner bob\nlocked 0\n\n\n");
    expect(it, "ONLINE board2\nlocks board\nLOCK\n",
           "offline 0\nowner cid\nlocked 1\nlockname board2\ntoken {any}\n\n\n");
    stop_server(it);
}

static void what_was_said_holds_for_a_pool_that_vanishes_and_comes_back(void **state)
{
    const struct pool_setup none = {0}, again = {.config = &config};
    struct fixture *it = *state;

    start(it);
    expect(it, "OUTSIDE vcs 3 1000\nOFFLINE board1 0\n", "outside 3\noffline 1\n");
    assert_int_equal(ipclocker_server_set_pools(it->server, &none), 0);
    assert_int_equal(ipclocker_server_set_pools(it->server, &again), 0);
    expect(it, "user ann\nlocks board\nLOCK\n",
           "owner ann\nlocked 1\nlockname board2\ntoken 1\n\n\n");
    expect(it, "locks vcs\ncount 2\nLOCK\n", "owner \nlocked 0\n\n\n");
    stop_server(it);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(seats_in_use_elsewhere_are_nobodys),
        TEST(what_nobody_says_any_more_is_over),
        TEST(what_makes_no_sense_is_refused),
        TEST(only_administrators_say_so_where_users_are_told_apart),
        TEST(all_of_it_is_there_after_a_stop),
        TEST(what_was_said_holds_for_a_pool_that_vanishes_and_comes_back),
    };

    return cmocka_run_group_tests_name("pool_seats", tests, NULL, NULL);
}
