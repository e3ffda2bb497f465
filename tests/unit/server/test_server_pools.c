/* Pools of a server inside a program: set before it starts and while it serves, refused, let go of.
 * Must not read a configuration file. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/pool_setup.h"
#include "server_talk.h"

static int released;

static void count_release(void *context)
{
    (void)context;
    released++;
}

static int setup(void **state)
{
    released = 0;
    *state = ipclocker_server_create();
    return *state != NULL && ipclocker_server_listen(*state, "127.0.0.1", "0") == 0 ? 0 : -1;
}

static int teardown(void **state)
{
    ipclocker_server_destroy(*state);
    return 0;
}

static const struct pool_config two_seats = {.name = "vcs", .seats = 2};
static const struct pool_config three_seats = {.name = "vcs", .seats = 3};

static int set_pool(struct ipclocker_server *server, const struct pools_config *config)
{
    const struct pool_setup pools = {.config = config, .release = count_release};

    return ipclocker_server_set_pools(server, &pools);
}

static const struct pools_config two = {.pools = &two_seats, .pool_count = 1};
static const struct pools_config three = {.pools = &three_seats, .pool_count = 1};

static int start_and_connect(struct ipclocker_server *server)
{
    assert_int_equal(ipclocker_server_start(server, NULL), 0);
    return connect_to(ipclocker_server_port(server));
}

static void a_pool_that_was_set_before_the_start_grants_seats(void **state)
{
    int fd;

    assert_int_equal(set_pool(*state, &two), 0);
    fd = start_and_connect(*state);
    expect_answer(*state, fd, "user a\nlocks vcs\nLOCK\n",
                  "owner a\nlocked 1\nlockname vcs1\n\n\n");
    expect_answer(*state, fd, "user b\nLOCK\n", "owner b\nlocked 1\nlockname vcs2\n\n\n");
    expect_answer(*state, fd, "user c\nblock 0\nLOCK\n", "owner a\nlocked 0\n\n\n");
    close(fd);
}

static void a_pool_grows_under_those_who_wait(void **state)
{
    int fd, waiter;

    assert_int_equal(set_pool(*state, &two), 0);
    fd = start_and_connect(*state);
    waiter = connect_to(ipclocker_server_port(*state));
    expect_answer(*state, fd, "user a\nlocks vcs\nLOCK\nuser b\nLOCK\n",
                  "owner a\nlocked 1\nlockname vcs1\n\n\nowner b\nlocked 1\nlockname vcs2\n\n\n");
    expect_answer(*state, waiter, "user c\nlocks vcs\nblock 1\nLOCK\n", "print_waiting a\n");
    assert_int_equal(set_pool(*state, &three), 0);
    assert_int_equal(released, 1);
    expect_answer(*state, waiter, "", "print_obtained\nowner c\nlocked 1\nlockname vcs3\n\n\n");
    close(fd);
    close(waiter);
}

static void pools_that_vanish_leave_single_locks(void **state)
{
    int fd;

    assert_int_equal(set_pool(*state, &two), 0);
    fd = start_and_connect(*state);
    expect_answer(*state, fd, "user a\nlocks vcs\nLOCK\n",
                  "owner a\nlocked 1\nlockname vcs1\n\n\n");
    assert_int_equal(set_pool(*state, NULL), 0);
    expect_answer(*state, fd, "locks vcs1\nSTATUS\n", "owner a\nlocked 1\nlockname vcs1\n\n\n");
    expect_answer(*state, fd, "user b\nlocks vcs\nLOCK\n", "owner b\nlocked 1\nlockname vcs\n\n\n");
    close(fd);
}

static void a_configuration_that_cannot_be_changes_nothing(void **state)
{
    const struct pool_config ambiguous[] = {
        {.name = "vcs", .seats = 12, .at = {"lockerd.conf", 3}},
        {.name = "vcs1", .seats = 2, .at = {"lockerd.conf", 4}},
    };
    const struct pools_config config = {.pools = ambiguous, .pool_count = 2};
    int fd;

    assert_int_equal(set_pool(*state, &two), 0);
    fd = start_and_connect(*state);
    assert_int_equal(set_pool(*state, &config), -1);
    assert_int_equal(errno, EINVAL);
    assert_non_null(strstr(ipclocker_server_error(*state), "lockerd.conf:"));
    assert_int_equal(released, 0);
    expect_answer(*state, fd, "user a\nlocks vcs\nLOCK\n",
                  "owner a\nlocked 1\nlockname vcs1\n\n\n");
    close(fd);
}

static void what_was_set_is_let_go_of_once(void **state)
{
    struct ipclocker_server *server = ipclocker_server_create();

    (void)state;
    assert_int_equal(set_pool(server, &two), 0);
    assert_int_equal(set_pool(server, &three), 0);
    assert_int_equal(released, 1);
    ipclocker_server_destroy(server);
    assert_int_equal(released, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_pool_that_was_set_before_the_start_grants_seats, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_pool_grows_under_those_who_wait, setup, teardown),
        cmocka_unit_test_setup_teardown(pools_that_vanish_leave_single_locks, setup, teardown),
        cmocka_unit_test_setup_teardown(a_configuration_that_cannot_be_changes_nothing, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_was_set_is_let_go_of_once, setup, teardown),
    };

    return cmocka_run_group_tests_name("server_pools", tests, NULL, NULL);
}
