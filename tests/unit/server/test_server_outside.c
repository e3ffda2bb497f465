/* A lock server in a program whose loop is poll(2) or epoll(7): one descriptor tells of all.
 * Must not call the server but when its descriptor says so. */
#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "ipclocker_server.h"

enum { PATIENCE_MS = 20000 };

static int setup(void **state)
{
    struct ipclocker_server *server = ipclocker_server_create();

    *state = server;
    if (server == NULL || ipclocker_server_listen(server, "127.0.0.1", "0") != 0)
        return -1;
    return ipclocker_server_start(server, NULL);
}

static int teardown(void **state)
{
    ipclocker_server_destroy(*state);
    return 0;
}

static int connect_to(const struct ipclocker_server *server)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons(ipclocker_server_port(server)),
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Sends a request and lives as a program with a poll(2) loop until the answer is whole. */
static void expect_answer(struct ipclocker_server *server, int fd, const char *request,
                          const char *answer)
{
    char got[1024] = "";
    size_t len = 0;
    int64_t end_ms = now_ms() + PATIENCE_MS;

    assert_int_equal(send(fd, request, strlen(request), 0), (ssize_t)strlen(request));
    while (len < strlen(answer) && now_ms() < end_ms) {
        struct pollfd fds[2] = {{.fd = ipclocker_server_fd(server), .events = POLLIN},
                                {.fd = fd, .events = POLLIN}};
        ssize_t part;

        assert_true(poll(fds, 2, PATIENCE_MS) > 0);
        if (fds[0].revents != 0)
            assert_int_equal(ipclocker_server_process(server, 0), 0);
        part = recv(fd, got + len, sizeof got - len - 1, MSG_DONTWAIT);
        len += part > 0 ? (size_t)part : 0;
    }
    got[len] = '\0';
    assert_string_equal(got, answer);
}

static void a_poll_loop_serves_locks(void **state)
{
    int fd = connect_to(*state), other = connect_to(*state);

    expect_answer(*state, fd, "user a\nlocks x\nLOCK\n", "owner a\nlocked 1\nlockname x\n\n\n");
    expect_answer(*state, other, "user b\nlocks x\nblock 1\nLOCK\n", "print_waiting a\n");
    expect_answer(*state, fd, "UNLOCK\n", "owner b\nlocked 0\n\n\n");
    expect_answer(*state, other, "", "print_obtained\nowner b\nlocked 1\nlockname x\n\n\n");
    close(fd);
    close(other);
}

static void a_commit_makes_it_readable(void **state)
{
    struct ipclocker_server *server = *state;
    char folder[] = "/tmp/farmlock-test.XXXXXX", path[64], command[64];
    int fd;

    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/state.db", folder);
    ipclocker_server_stop(server);
    assert_int_equal(ipclocker_server_set_state(server, path, IPCLOCKER_DURABLE_POWER), 0);
    assert_int_equal(ipclocker_server_start(server, NULL), 0);
    fd = connect_to(server);
    expect_answer(server, fd, "user a\nlocks x\nLOCK\n", "owner a\nlocked 1\nlockname x\n\n\n");
    expect_answer(server, fd, "UNLOCK\n", "owner \nlocked 0\n\n\n");
    close(fd);
    ipclocker_server_stop(server);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    assert_int_equal(system(command), 0);
}

static void a_hold_limit_makes_it_readable_in_time(void **state)
{
    int fd = connect_to(*state), other = connect_to(*state);
    int64_t start_ms, took_ms;

    expect_answer(*state, fd, "user a\nlocks x\ntimeout 2\nLOCK\n",
                  "owner a\nlocked 1\nlockname x\n\n\n");
    start_ms = now_ms();
    expect_answer(*state, other, "user b\nlocks x\nblock 1\nLOCK\n",
                  "print_waiting a\nprint_obtained\nowner b\nlocked 1\nlockname x\n\n\n");
    took_ms = now_ms() - start_ms;
    assert_true(took_ms >= 1900 && took_ms <= 15000);
    close(fd);
    close(other);
}

/* A descriptor that is always readable would serve too, and keep a processor busy. */
static void it_is_quiet_while_there_is_nothing_to_do(void **state)
{
    struct pollfd poll_fd = {.fd = ipclocker_server_fd(*state), .events = POLLIN};
    int64_t end_ms = now_ms() + 1500;
    int wakes = 0;

    while (now_ms() < end_ms) {
        if (poll(&poll_fd, 1, (int)(end_ms - now_ms())) <= 0)
            break;
        assert_int_equal(ipclocker_server_process(*state, 0), 0);
        wakes++;
    }
    assert_true(wakes >= 1 && wakes <= 10);
}

static void it_can_be_part_of_an_epoll_set(void **state)
{
    struct epoll_event event = {.events = EPOLLIN};
    int set = epoll_create1(EPOLL_CLOEXEC), fd = connect_to(*state);
    char got[64];
    ssize_t len = -1;

    assert_int_equal(epoll_ctl(set, EPOLL_CTL_ADD, ipclocker_server_fd(*state), &event), 0);
    assert_int_equal(send(fd, "user a\nSTATUS\n", 14, 0), 14);
    for (int64_t end_ms = now_ms() + PATIENCE_MS; len < 0 && now_ms() < end_ms;) {
        if (epoll_wait(set, &event, 1, 1) == 1)
            assert_int_equal(ipclocker_server_process(*state, 0), 0);
        len = recv(fd, got, sizeof got, MSG_DONTWAIT);
    }
    assert_true(len > 0);
    close(fd);
    close(set);
}

static void each_server_has_its_own(void **state)
{
    struct ipclocker_server *other;
    int fd = connect_to(*state), first = ipclocker_server_fd(*state), second;

    assert_int_equal(setup((void **)&other), 0);
    second = ipclocker_server_fd(other);
    assert_true(first >= 0 && second >= 0 && first != second);
    assert_int_equal(ipclocker_server_fd(*state), first);
    expect_answer(*state, fd, "user a\nSTATUS\n", "owner \nlocked 0\n\n\n");
    close(fd);
    ipclocker_server_destroy(other);
}

static void a_server_without_a_loop_of_its_own_has_none(void **state)
{
    struct ipclocker_server *server = *state;
    struct event_base *base = event_base_new();

    ipclocker_server_stop(server);
    assert_int_equal(ipclocker_server_fd(server), -1);
    assert_int_equal(errno, EINVAL);
    assert_int_equal(ipclocker_server_start(server, base), 0);
    assert_int_equal(ipclocker_server_fd(server), -1);
    assert_int_equal(errno, EINVAL);
    ipclocker_server_stop(server);
    event_base_free(base);
}

static void variables_of_libevent_do_not_take_it_away(void **state)
{
    struct ipclocker_server *server;

    (void)state;
    setenv("EVENT_NOEPOLL", "1", 1);
    setenv("EVENT_EPOLL_USE_CHANGELIST", "1", 1);
    assert_int_equal(setup((void **)&server), 0);
    assert_true(ipclocker_server_fd(server) >= 0);
    unsetenv("EVENT_NOEPOLL");
    unsetenv("EVENT_EPOLL_USE_CHANGELIST");
    ipclocker_server_destroy(server);
}

#define OUTSIDE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        OUTSIDE_TEST(a_poll_loop_serves_locks),
        OUTSIDE_TEST(a_commit_makes_it_readable),
        OUTSIDE_TEST(a_hold_limit_makes_it_readable_in_time),
        OUTSIDE_TEST(it_is_quiet_while_there_is_nothing_to_do),
        OUTSIDE_TEST(it_can_be_part_of_an_epoll_set),
        OUTSIDE_TEST(each_server_has_its_own),
        OUTSIDE_TEST(a_server_without_a_loop_of_its_own_has_none),
        cmocka_unit_test(variables_of_libevent_do_not_take_it_away),
    };

    return cmocka_run_group_tests_name("server outside", tests, NULL, NULL);
}
