/* Memory of connections that have gone: how much is kept, and how long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/watched_memory.h"
#include "server/spare_conn.h"

enum { MANY = 100, KEPT = MEMORY_IS_WATCHED ? 0 : 64 };

static int set_up(void **state)
{
    *state = ipclocker_server_create();
    return *state != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
    ipclocker_server_destroy(*state);
    return 0;
}

static struct conn *take(struct ipclocker_server *server)
{
    struct buffer out = {0};
    struct conn *conn = spare_conn_take(server, &out);

    assert_non_null(conn);
    memset(conn, 0, sizeof *conn);
    conn->server = server;
    conn->out.bytes = out;
    return conn;
}

/* As many connections at once, each of which says something and goes. */
static void come_and_go(struct ipclocker_server *server, size_t count)
{
    struct conn *conns[MANY];

    for (size_t i = 0; i < count; i++) {
        conns[i] = take(server);
        assert_int_equal(conns[i]->out.bytes.len, 0);
        buffer_add_text(&conns[i]->out.bytes, "owner\n");
    }
    while (count > 0)
        spare_conn_leave(conns[--count]);
}

static void a_bounded_part_of_a_crowd_is_kept(void **state)
{
    struct ipclocker_server *server = *state;

    come_and_go(server, MANY);
    assert_int_equal(server->spare_count, KEPT);
    come_and_go(server, MANY);
    assert_int_equal(server->spare_count, KEPT);
}

static void what_nobody_needed_between_two_looks_is_given_back(void **state)
{
    struct ipclocker_server *server = *state;

    come_and_go(server, 10);
    spare_conn_trim(server);
    assert_int_equal(server->spare_count, KEPT > 0 ? 10 : 0);
    come_and_go(server, 3);
    spare_conn_trim(server);
    assert_int_equal(server->spare_count, KEPT > 0 ? 3 : 0);
    spare_conn_trim(server);
    assert_int_equal(server->spare_count, 0);
    spare_conn_trim(server);
    come_and_go(server, 1);
    assert_int_equal(server->spare_count, KEPT > 0 ? 1 : 0);
}

static void what_comes_and_goes_all_the_time_is_kept(void **state)
{
    struct ipclocker_server *server = *state;

    come_and_go(server, 5);
    for (int i = 0; i < 10; i++) {
        spare_conn_trim(server);
        come_and_go(server, 5);
        assert_int_equal(server->spare_count, KEPT > 0 ? 5 : 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_bounded_part_of_a_crowd_is_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_nobody_needed_between_two_looks_is_given_back, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_comes_and_goes_all_the_time_is_kept, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests_name("spare connections", tests, NULL, NULL);
}
