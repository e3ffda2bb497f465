/* The lock server inside a program: listening, both kinds of loop, limits, log.
 * Must not need lockerd, nor any port but free ones of loopback. */
#include <errno.h>
#include <event2/event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "ipclocker_server.h"
#include "server/cluster.h"
#include "server_talk.h"

static int setup(void **state)
{
    *state = ipclocker_server_create();
    return *state != NULL ? 0 : -1;
}

static int teardown(void **state)
{
    ipclocker_server_destroy(*state);
    return 0;
}

static void a_program_serves_locks_from_its_own_loop(void **state)
{
    struct ipclocker_server *server = *state;
    int fd;

    assert_int_equal(ipclocker_server_listen(server, "127.0.0.1", "0"), 0);
    assert_int_equal(ipclocker_server_start(server, NULL), 0);
    fd = connect_to(ipclocker_server_port(server));
    expect_answer(server, fd, "user a\nlocks x\nLOCK\n", "owner a\nlocked 1\nlockname x\n\n\n");
    close(fd);
}

static void the_handshake_tells_the_cluster(void **state)
{
    char long_id[66];
    struct ipclocker_server *server = *state;
    int fd;

    memset(long_id, 'a', 65);
    long_id[65] = '\0';
    assert_int_equal(ipclocker_server_set_cluster(server, long_id), -1);
    assert_int_equal(errno, EINVAL);
    assert_int_equal(ipclocker_server_set_cluster(server, "two words"), -1);
    assert_int_equal(ipclocker_server_set_cluster(server, ""), -1);
    assert_int_equal(ipclocker_server_set_cluster(server, long_id + 1), 0);
    assert_int_equal(ipclocker_server_set_cluster(server, "farm-7"), 0);
    assert_int_equal(ipclocker_server_listen(server, "127.0.0.1", "0"), 0);
    assert_int_equal(ipclocker_server_start(server, NULL), 0);
    fd = connect_to(ipclocker_server_port(server));
    expect_answer(server, fd, "STATUS\n", "owner \nlocked 0\n\n\n");
    expect_answer(server, fd, "proto 2\n", "proto 2\ncluster farm-7\n");
    close(fd);
    assert_int_equal(ipclocker_server_set_cluster(server, NULL), 0);
    fd = connect_to(ipclocker_server_port(server));
    expect_answer(server, fd, "proto 2\nVERSION\n", "proto 2\nversion {any} {any} {any}\n\n");
    close(fd);
}

static void state_outlives_a_stop_and_is_one_servers(void **state)
{
    struct ipclocker_server *server = *state, *other = ipclocker_server_create();
    char folder[] = "/tmp/farmlock-test.XXXXXX", path[64], command[64];
    int fd;

    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/state.db", folder);
    assert_int_equal(ipclocker_server_listen(server, "127.0.0.1", "0"), 0);
    assert_int_equal(ipclocker_server_listen(other, "127.0.0.1", "0"), 0);
    assert_int_equal(ipclocker_server_set_state(server, path, IPCLOCKER_DURABLE_PROCESS), 0);
    assert_int_equal(ipclocker_server_set_state(other, path, IPCLOCKER_DURABLE_POWER), 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(ipclocker_server_start(server, NULL), 0);
        assert_int_equal(ipclocker_server_set_state(server, NULL, IPCLOCKER_DURABLE_POWER), -1);
        assert_int_equal(errno, EALREADY);
        fd = connect_to(ipclocker_server_port(server));
        expect_answer(server, fd, "proto 2\nuser a\nlocks x\nLOCK\n",
                      "proto 2\nowner a\nlocked 1\nlockname x\ntoken 1\n\n\n");
        close(fd);
        assert_int_equal(ipclocker_server_start(other, NULL), -1);
        assert_int_equal(errno, EBUSY);
        assert_non_null(strstr(ipclocker_server_error(other), "in use"));
        ipclocker_server_stop(server);
    }
    ipclocker_server_destroy(other);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    assert_int_equal(system(command), 0);
}

static void stop_loop(evutil_socket_t fd, short events, void *base)
{
    (void)fd;
    (void)events;
    event_base_loopbreak(base);
}

static void a_program_serves_locks_from_its_libevent_loop(void **state)
{
    struct ipclocker_server *server = *state;
    struct event_base *base = event_base_new();
    struct event *answered;
    char got[64] = "";
    int fd;

    assert_non_null(base);
    assert_int_equal(ipclocker_server_listen(server, "127.0.0.1", "0"), 0);
    assert_int_equal(ipclocker_server_start(server, base), 0);
    fd = connect_to(ipclocker_server_port(server));
    assert_int_equal(send(fd, "user a\nSTATUS\n", 14, 0), 14);
    answered = event_new(base, fd, EV_READ, stop_loop, base);
    assert_non_null(answered);
    event_add(answered, NULL);
    event_base_dispatch(base);
    assert_true(recv(fd, got, sizeof got - 1, 0) > 0);
    assert_string_equal(got, "owner \nlocked 0\n\n\n");
    assert_int_equal(ipclocker_server_run(server), -1);
    assert_int_equal(errno, EINVAL);
    close(fd);
    event_free(answered);
    ipclocker_server_stop(server);
    event_base_free(base);
}

static void a_stopped_server_lets_its_clients_go(void **state)
{
    struct ipclocker_server *server = *state;
    char byte;
    int fd;

    assert_int_equal(ipclocker_server_listen(server, "127.0.0.1", "0"), 0);
    assert_int_equal(ipclocker_server_start(server, NULL), 0);
    fd = connect_to(ipclocker_server_port(server));
    expect_answer(server, fd, "user a\nlocks x\nLOCK\n", "owner a\nlocked 1\nlockname x\n\n\n");
    ipclocker_server_stop(server);
    assert_int_equal(recv(fd, &byte, 1, 0), 0);
    close(fd);
}

/* What a checker of memory sees. */
static void nothing_of_a_report_outlives_a_stop(void **state)
{
    struct ipclocker_server *server = *state;
    int fd;

    assert_int_equal(ipclocker_server_listen(server, "127.0.0.1", "0"), 0);
    assert_int_equal(ipclocker_server_start(server, NULL), 0);
    fd = connect_to(ipclocker_server_port(server));
    expect_answer(server, fd,
                  "proto 2\nuser a\nlocks x\nautounlock 1\npid 7\nhostname 127.0.0.77\nLOCK\n",
                  "proto 2\nowner a\nlocked 1\nlockname x\ntoken {any}\n\n\n");
    expect_answer(server, fd, "DEAD_PID 127.0.0.77 7\nlocks x\nSTATUS\n",
                  "owner a\nlocked 1\nlockname x\ntoken {any}\n\n\n");
    ipclocker_server_stop(server);
    close(fd);
}

static void locks_outlive_a_stop_and_a_new_start(void **state)
{
    struct ipclocker_server *server = *state;
    uint16_t port;
    int fd;

    assert_int_equal(ipclocker_server_listen(server, "127.0.0.1", "0"), 0);
    assert_int_equal(ipclocker_server_start(server, NULL), 0);
    port = ipclocker_server_port(server);
    fd = connect_to(port);
    expect_answer(server, fd, "user a\nlocks x\nLOCK\n", "owner a\nlocked 1\nlockname x\n\n\n");
    close(fd);
    ipclocker_server_stop(server);
    assert_int_equal(ipclocker_server_start(server, NULL), 0);
    fd = connect_to(port);
    expect_answer(server, fd, "locks x\nSTATUS\n", "owner a\nlocked 0\n\n\n");
    close(fd);
}

static void a_server_that_listens_nowhere_does_not_start(void **state)
{
    assert_int_equal(ipclocker_server_start(*state, NULL), -1);
    assert_int_equal(errno, EINVAL);
    assert_string_equal(ipclocker_server_error(*state), "the server listens nowhere");
}

static void a_server_starts_once(void **state)
{
    assert_int_equal(ipclocker_server_listen(*state, "127.0.0.1", "0"), 0);
    assert_int_equal(ipclocker_server_start(*state, NULL), 0);
    assert_int_equal(ipclocker_server_start(*state, NULL), -1);
    assert_int_equal(errno, EALREADY);
}

static void what_is_no_place_to_listen_at_is_refused(void **state)
{
    struct ipclocker_server *server = *state;
    char port[8], path[200];
    int fd = dup(STDOUT_FILENO);

    assert_int_equal(ipclocker_server_listen(server, "127.0.0.1", "nobody-has-this"), -1);
    assert_int_equal(errno, EINVAL);
    assert_int_equal(ipclocker_server_listen(server, "no.such.host.invalid", "0"), -1);
    assert_int_equal(errno, EINVAL);
    assert_int_equal(ipclocker_server_listen_fd(server, fd), -1);
    close(fd);
    memset(path, 'x', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    assert_int_equal(ipclocker_server_listen_unix(server, path), -1);
    assert_int_equal(errno, ENAMETOOLONG);
    assert_int_equal(ipclocker_server_listen_unix(server, "/"), -1);
    assert_int_equal(errno, EEXIST);
    assert_int_equal(ipclocker_server_listen(server, "127.0.0.1", "0"), 0);
    snprintf(port, sizeof port, "%u", (unsigned)ipclocker_server_port(server));
    assert_int_equal(ipclocker_server_listen(server, "127.0.0.1", port), -1);
    assert_int_equal(errno, EADDRINUSE);
}

static void a_unix_socket_is_removed_with_the_server(void **state)
{
    char folder[] = "/tmp/farmlock-test.XXXXXX";
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct ipclocker_server *server = ipclocker_server_create();
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(address.sun_path, sizeof address.sun_path, "%s/socket", folder);
    assert_int_equal(ipclocker_server_listen_unix(server, address.sun_path), 0);
    assert_int_equal(ipclocker_server_start(server, NULL), 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    expect_answer(server, fd, "user a\nSTATUS\n", "owner \nlocked 0\n\n\n");
    close(fd);
    ipclocker_server_destroy(server);
    assert_int_equal(access(address.sun_path, F_OK), -1);
    assert_int_equal(rmdir(folder), 0);
}

static void limits_of_locks_and_waiters_are_told(void **state)
{
    struct ipclocker_server *server = *state;
    int fd, other;

    ipclocker_server_set_limit(server, IPCLOCKER_LIMIT_LOCKS, 2);
    ipclocker_server_set_limit(server, IPCLOCKER_LIMIT_WAITERS, 1);
    assert_int_equal(ipclocker_server_listen(server, "127.0.0.1", "0"), 0);
    assert_int_equal(ipclocker_server_start(server, NULL), 0);
    fd = connect_to(ipclocker_server_port(server));
    other = connect_to(ipclocker_server_port(server));
    expect_answer(server, fd, "user a\nlocks x\nLOCK\n", "owner a\nlocked 1\nlockname x\n\n\n");
    expect_answer(server, other, "user b\nlocks x\nblock 1\nLOCK\n", "print_waiting a\n");
    expect_answer(server, fd, "user c\nblock 1\nLOCK\n",
                  "owner a\nlocked 0\n"
                  "error the server's limit of waiters is reached; try again later\n\n\n");
    expect_answer(server, fd, "user a\nlocks y\nLOCK\nlocks z\nLOCK\n",
                  "owner a\nlocked 1\nlockname y\n\n\nowner \nlocked 0\n"
                  "error the server's limit of locks in use is reached; try again later\n\n\n");
    close(fd);
    close(other);
}

static void a_stranger_that_hangs_up_takes_few_places(void **state)
{
    enum { LIMIT = 8, STRANGERS = 20 };
    struct ipclocker_server *server = *state;
    char request[64];
    int fd, waiters[LIMIT];

    ipclocker_server_set_limit(server, IPCLOCKER_LIMIT_WAITERS, LIMIT);
    assert_int_equal(ipclocker_server_listen(server, "127.0.0.1", "0"), 0);
    assert_int_equal(ipclocker_server_start(server, NULL), 0);
    fd = connect_to(ipclocker_server_port(server));
    expect_answer(server, fd, "user a\nlocks x\nLOCK\n", "owner a\nlocked 1\nlockname x\n\n\n");
    for (int i = 0; i < STRANGERS; i++) {
        int stranger = connect_to(ipclocker_server_port(server));

        snprintf(request, sizeof request, "user s%d\nlocks x\nblock 1\nLOCK\n", i);
        expect_answer(server, stranger, request, "print_waiting a\n");
        close(stranger);
        assert_int_equal(ipclocker_server_process(server, STEP_MS), 0);
    }
    /* No more than a quarter is kept. */
    for (int i = 0; i < LIMIT; i++) {
        waiters[i] = connect_to(ipclocker_server_port(server));
        snprintf(request, sizeof request, "user w%d\nlocks x\nblock 1\nLOCK\n", i);
        expect_answer(
            server, waiters[i], request,
            i < LIMIT * 3 / 4
                ? "print_waiting a\n"
                : "owner a\nlocked 0\n"
                  "error the server's limit of waiters is reached; try again later\n\n\n");
    }
    /* One that comes back needs no room, and stands before them. */
    expect_answer(server, waiters[LIMIT - 1], "user s0\nLOCK\n", "print_waiting a\n");
    expect_answer(server, fd, "UNLOCK\n", "owner s0\nlocked 0\n\n\n");
    for (int i = 0; i < LIMIT; i++)
        close(waiters[i]);
    close(fd);
}

static void a_silent_connection_is_closed(void **state)
{
    struct ipclocker_server *server = *state;
    int fd;

    ipclocker_server_set_limit(server, IPCLOCKER_LIMIT_IDLE_S, 1);
    assert_int_equal(ipclocker_server_listen(server, "127.0.0.1", "0"), 0);
    assert_int_equal(ipclocker_server_start(server, NULL), 0);
    fd = connect_to(ipclocker_server_port(server));
    expect_answer(server, fd, "half a li", "error no command came in time; connect again\n");
    close(fd);
}

static void keep_line(void *context, int priority, const char *text)
{
    (void)priority;
    snprintf(context, 256, "%s", text);
}

static void what_happens_is_logged(void **state)
{
    struct ipclocker_server *server = *state;
    char line[256] = "";
    int fd;

    ipclocker_server_set_log(server, keep_line, line);
    assert_int_equal(ipclocker_server_listen(server, "127.0.0.1", "0"), 0);
    assert_int_equal(ipclocker_server_start(server, NULL), 0);
    fd = connect_to(ipclocker_server_port(server));
    expect_answer(server, fd, "user a\nlocks x\nLOCK\n", "owner a\nlocked 1\nlockname x\n\n\n");
    assert_string_equal(line, "");
    ipclocker_server_set_debug(server, true);
    expect_answer(server, fd, "LOCK\n", "owner a\nlocked 1\nlockname x\n\n\n");
    assert_string_equal(line, "LOCK by a of x: granted");
    expect_answer(server, fd, "user b\nBREAK_LOCK\n", "print_broke a\nowner \nlocked 0\n\n\n");
    assert_string_equal(line, "x was broken for b of 127.0.0.1; it was held by a");
    close(fd);
}

#define SERVER_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SERVER_TEST(a_program_serves_locks_from_its_own_loop),
        SERVER_TEST(the_handshake_tells_the_cluster),
        SERVER_TEST(state_outlives_a_stop_and_is_one_servers),
        SERVER_TEST(a_program_serves_locks_from_its_libevent_loop),
        SERVER_TEST(a_stopped_server_lets_its_clients_go),
        SERVER_TEST(nothing_of_a_report_outlives_a_stop),
        SERVER_TEST(locks_outlive_a_stop_and_a_new_start),
        SERVER_TEST(a_server_that_listens_nowhere_does_not_start),
        SERVER_TEST(a_server_starts_once),
        SERVER_TEST(what_is_no_place_to_listen_at_is_refused),
        cmocka_unit_test(a_unix_socket_is_removed_with_the_server),
        SERVER_TEST(limits_of_locks_and_waiters_are_told),
        SERVER_TEST(a_stranger_that_hangs_up_takes_few_places),
        SERVER_TEST(a_silent_connection_is_closed),
        SERVER_TEST(what_happens_is_logged),
    };

    return cmocka_run_group_tests_name("server", tests, NULL, NULL);
}
