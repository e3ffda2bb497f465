/* Who answers for seats of pools: each seat is a lock of its client's, and a wait for many seats is
 * as many waits. Must not read a configuration file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/pool_setup.h"
#include "server_talk.h"

static const struct pool_config pools[] = {{.name = "vcs", .seats = 4},
                                           {.name = "many", .seats = 100}};
static const struct pools_config config = {.pools = pools, .pool_count = 2};

struct fixture {
    struct ipclocker_server *server;
    int fd, waiter;
};

static int setup(void **state)
{
    static struct fixture it;
    const struct pool_setup pool_setup = {.config = &config};

    it.server = ipclocker_server_create();
    if (it.server == NULL || ipclocker_server_listen(it.server, "127.0.0.1", "0") != 0 ||
        ipclocker_server_set_pools(it.server, &pool_setup) != 0)
        return -1;
    *state = &it;
    return 0;
}

static void start(struct fixture *it, enum ipclocker_limit limit, uint64_t value)
{
    ipclocker_server_set_limit(it->server, limit, value);
    assert_int_equal(ipclocker_server_start(it->server, NULL), 0);
    it->fd = connect_to(ipclocker_server_port(it->server));
    it->waiter = connect_to(ipclocker_server_port(it->server));
    expect_answer(it->server, it->fd, "proto 2\n", "proto 2\n");
    expect_answer(it->server, it->waiter, "proto 2\n", "proto 2\n");
}

static int teardown(void **state)
{
    const struct fixture *it = *state;

    close(it->fd);
    close(it->waiter);
    ipclocker_server_destroy(it->server);
    return 0;
}

static void expect(const struct fixture *it, const char *request, const char *answer)
{
    expect_answer(it->server, it->fd, request, answer);
}

static void each_seat_is_a_lock_of_its_client(void **state)
{
    struct fixture *it = *state;

    start(it, IPCLOCKER_LIMIT_CLIENT_LOCKS, 3);
    expect(it, "user a\nblock 0\nlocks vcs\ncount 2\nLOCK\n",
           "owner a\nlocked 1\nlockname vcs1\nlockname vcs2\ntoken {any}\n\n\n");
    expect(it, "user b\nLOCK\n",
           "owner a\nlocked 0\nerror-code limit\nerror you may have 3 locks; give some back "
           "first\n\n\n");
    expect(it, "count 1\nLOCK\n", "owner b\nlocked 1\nlockname vcs3\ntoken {any}\n\n\n");
    /* Who has some already asks for no more by asking again. */
    expect(it, "user a\ncount 2\nLOCK\n",
           "owner a\nlocked 1\nlockname vcs1\nlockname vcs2\ntoken {any}\n\n\n");
    expect(it, "locks vcs2\nUNLOCK\n", "owner \nlocked 0\n\n\n");
    expect(it, "user c\nlocks vcs\nLOCK\n", "owner c\nlocked 1\nlockname vcs2\ntoken {any}\n\n\n");
}

static void a_wait_for_many_seats_is_as_many_waits(void **state)
{
    struct fixture *it = *state;

    start(it, IPCLOCKER_LIMIT_CLIENT_WAITERS, 4);
    expect(it, "user a\nlocks many1\nLOCK\n",
           "owner a\nlocked 1\nlockname many1\ntoken {any}\n\n\n");
    expect_answer(it->server, it->waiter, "user w\nlocks many\ncount 100\nblock 1\nLOCK\n",
                  "print_waiting a\nqueue 1 {any} many a\n");
    /* It is four: there is no room for another. */
    expect(it, "user b\nlocks many1\nblock 1\nLOCK\n",
           "owner a\nlocked 0\nerror-code limit\nerror you may have 4 requests that wait, and one "
           "for many locks counts for more; end one first\n\n\n");
}

static void who_has_not_room_for_so_many_does_not_wait(void **state)
{
    struct fixture *it = *state;

    start(it, IPCLOCKER_LIMIT_CLIENT_WAITERS, 3);
    expect(it, "user a\nlocks many1\nLOCK\n",
           "owner a\nlocked 1\nlockname many1\ntoken {any}\n\n\n");
    expect(it, "user w\nlocks many\ncount 100\nblock 1\nLOCK\n",
           "owner a\nlocked 0\nerror-code limit\nerror you may have 3 requests that wait, and one "
           "for many locks counts for more; end one first\n\n\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_seat_is_a_lock_of_its_client),
        TEST(a_wait_for_many_seats_is_as_many_waits),
        TEST(who_has_not_room_for_so_many_does_not_wait),
    };

    return cmocka_run_group_tests_name("pool_payer", tests, NULL, NULL);
}
