/* The public client and the embedded server against each other, on loopback.
 * Must not need a daemon, a fixed port or the name service. */
#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "pidstat.h"

/* Not an address of an interface, so that it is asked and not looked up. */
#define ELSEWHERE "127.0.0.77"
#define NO_PID 4194304 /* above the largest pid_max of Linux */

enum { PATIENCE_MS = 20000 };

static char port[8];

static void choose_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_ANY)};
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    snprintf(port, sizeof port, "%u", ntohs(address.sin_port));
    close(fd);
}

static struct pidstat_server *make_server(void)
{
    struct pidstat_server *server = pidstat_server_create();

    assert_non_null(server);
    assert_int_equal(pidstat_server_set_port(server, port), 0);
    assert_int_equal(pidstat_server_set_host(server, ELSEWHERE), 0);
    assert_int_equal(pidstat_server_listen(server), 0);
    return server;
}

static struct pidstat *make_client(void)
{
    struct pidstat *client = pidstat_create();

    assert_non_null(client);
    assert_int_equal(pidstat_set_port(client, port), 0);
    return client;
}

/* A server in a process of its own, for calls that block. */
static pid_t start_server(void)
{
    struct pidstat_server *server = make_server();
    pid_t pid = fork();

    if (pid == 0)
        _exit(pidstat_server_run(server) != 0);
    pidstat_server_destroy(server);
    return pid;
}

static void stop_server(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static void this_host_needs_no_daemon(void **state)
{
    static const char *const here[] = {NULL, "localhost", "127.0.0.1", "::1"};
    struct pidstat *client = make_client();
    struct pidstat_answer answer;

    (void)state;
    for (size_t i = 0; i < sizeof here / sizeof *here; i++) {
        assert_int_equal(
            pidstat_request_receive(client, here[i], getpid(), PIDSTAT_RETURN_ALL, &answer), 0);
        assert_int_equal(answer.state, PIDSTAT_EXISTS);
        assert_int_equal(answer.pid, getpid());
        assert_true(answer.start == pidstat_local_start_time(getpid()));
        assert_int_equal(
            pidstat_request_receive(client, here[i], NO_PID, PIDSTAT_RETURN_ALL, &answer), 0);
        assert_int_equal(answer.state, PIDSTAT_GONE);
    }
    pidstat_destroy(client);
}

static void local_calls_answer_at_once(void **state)
{
    uint64_t start = pidstat_local_start_time(getpid());

    (void)state;
    assert_int_equal(pidstat_local_pid_exists(getpid()), 1);
    assert_int_equal(pidstat_local_pid_doesnt_exist(getpid()), 0);
    assert_int_equal(pidstat_local_pid_exists(NO_PID), 0);
    assert_int_equal(pidstat_local_pid_doesnt_exist(NO_PID), 1);
    assert_int_equal(pidstat_local_pid_exists(1), 1);
    assert_int_equal(pidstat_local_pid_state(getpid(), start), PIDSTAT_EXISTS);
    assert_int_equal(pidstat_local_pid_state(getpid(), start + 1), PIDSTAT_GONE);
}

static void another_host_is_asked(void **state)
{
    pid_t server = start_server();
    struct pidstat *client = make_client();
    struct pidstat_answer answer;

    (void)state;
    assert_int_equal(
        pidstat_request_receive(client, ELSEWHERE, getpid(), PIDSTAT_RETURN_ALL, &answer), 0);
    assert_int_equal(answer.state, PIDSTAT_EXISTS);
    assert_string_equal(answer.host, ELSEWHERE);
    assert_true(answer.start == pidstat_local_start_time(getpid()));
    assert_int_equal(
        pidstat_request_receive(client, ELSEWHERE, NO_PID, PIDSTAT_RETURN_DOESNT, &answer), 0);
    assert_int_equal(answer.state, PIDSTAT_GONE);
    pidstat_destroy(client);
    stop_server(server);
}

static void unwanted_answers_do_not_come(void **state)
{
    pid_t server = start_server();
    struct pidstat *client = make_client();
    struct pidstat_answer answer;

    (void)state;
    assert_int_equal(pidstat_set_tries(client, 2, 50), 0);
    assert_int_equal(
        pidstat_request_receive(client, ELSEWHERE, getpid(), PIDSTAT_RETURN_DOESNT, &answer), -1);
    assert_int_equal(errno, ETIMEDOUT);
    assert_int_equal(
        pidstat_request_receive(client, NULL, getpid(), PIDSTAT_RETURN_DOESNT, &answer), -1);
    assert_int_equal(errno, ETIMEDOUT);
    pidstat_destroy(client);
    stop_server(server);
}

/* A socket that takes what comes to ELSEWHERE, and never answers. */
static int open_silence(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    inet_pton(AF_INET, ELSEWHERE, &address.sin_addr);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void a_port_that_refuses_is_no_silent_host(void **state)
{
    struct pidstat *client = make_client();
    struct pidstat_answer answer;
    char text[128];

    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pidstat_request_receive(client, ELSEWHERE, 1, PIDSTAT_RETURN_ALL, &answer),
                         -1);
        assert_int_equal(errno, ECONNREFUSED);
    }
    assert_int_equal(pidstat_ping_status(client, ELSEWHERE, text, sizeof text), -1);
    assert_string_equal(text, "pidstatd on " ELSEWHERE
                              ": the host is up, but nothing listens on the port");
    assert_int_equal(pidstat_ping_status(client, "::1", text, sizeof text), -1);
    assert_int_equal(errno, ECONNREFUSED);
    pidstat_destroy(client);
}

static void silence_and_bad_names_are_told_apart(void **state)
{
    int silence = open_silence();
    struct pidstat *client = make_client();
    struct pidstat_answer answer;
    char text[128];

    (void)state;
    assert_int_equal(pidstat_set_tries(client, 1, 30), 0);
    assert_int_equal(pidstat_request_receive(client, ELSEWHERE, 1, PIDSTAT_RETURN_ALL, &answer),
                     -1);
    assert_int_equal(errno, ETIMEDOUT);
    assert_int_equal(
        pidstat_request_receive(client, "no..such..name", 1, PIDSTAT_RETURN_ALL, &answer), -1);
    assert_int_equal(errno, EHOSTUNREACH);
    assert_int_equal(pidstat_ping_status(client, ELSEWHERE, text, sizeof text), -1);
    assert_string_equal(text, "pidstatd on " ELSEWHERE ": no answer");
    close(silence);
    pidstat_destroy(client);
}

static void bad_arguments_are_refused(void **state)
{
    static const char *const hosts[] = {"", "two words", "new\nline", "esc\x1b[0m"};
    static const char *const ports[] = {"", "0", "65536", "-1", "80x", "no-such-service"};
    struct pidstat *client = make_client();
    char long_host[PIDSTAT_HOST_MAX + 2];

    (void)state;
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        assert_int_equal(pidstat_request(client, hosts[i], 1, PIDSTAT_RETURN_ALL), -1);
        assert_int_equal(errno, EINVAL);
    }
    memset(long_host, 'h', sizeof long_host);
    long_host[PIDSTAT_HOST_MAX + 1] = '\0';
    assert_int_equal(pidstat_request(client, long_host, 1, PIDSTAT_RETURN_ALL), -1);
    assert_int_equal(pidstat_request(client, "farm1", 0, PIDSTAT_RETURN_ALL), -1);
    assert_int_equal(pidstat_request(client, "farm1", -5, PIDSTAT_RETURN_ALL), -1);
    assert_int_equal(pidstat_request(client, "farm1", 1, 0), -1);
    assert_int_equal(pidstat_request(client, "farm1", 1, 8), -1);
    for (size_t i = 0; i < sizeof ports / sizeof *ports; i++) {
        assert_int_equal(pidstat_set_port(client, ports[i]), -1);
        assert_int_equal(errno, EINVAL);
    }
    assert_int_equal(pidstat_set_tries(client, 0, 1000), -1);
    assert_int_equal(pidstat_set_tries(client, 5, 0), -1);
    pidstat_destroy(client);
    pidstat_destroy(NULL);
    pidstat_server_destroy(NULL);
}

static int is_readable(int fd, int timeout_ms)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

    return poll(&poll_fd, 1, timeout_ms);
}

static void the_descriptor_is_readable_while_answers_wait(void **state)
{
    struct pidstat *client = make_client();
    struct pidstat_answer answer;
    int seen = 0;

    (void)state;
    assert_int_equal(is_readable(pidstat_fd(client), 0), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(pidstat_request(client, NULL, getpid(), PIDSTAT_RETURN_ALL), 0);
    while (is_readable(pidstat_fd(client), 200) > 0) {
        if (pidstat_receive(client, &answer, 0) == 0)
            seen++;
        else
            assert_int_equal(errno, ETIMEDOUT);
    }
    assert_int_equal(seen, 3);
    pidstat_destroy(client);
}

static void a_server_runs_on_the_callers_loop(void **state)
{
    struct event_base *base = event_base_new();
    struct pidstat_server *server = make_server();
    struct pidstat *client = make_client();
    struct pidstat_server_stats stats = {0};
    struct pidstat_answer answer;

    (void)state;
    assert_int_equal(pidstat_server_attach(server, base), 0);
    for (int i = 0; i < 200; i++)
        assert_int_equal(pidstat_request(client, ELSEWHERE, getpid(), PIDSTAT_RETURN_ALL), 0);
    for (int answers = 0; answers < 200;) {
        event_base_loop(base, EVLOOP_NONBLOCK);
        answers += pidstat_receive(client, &answer, 1) == 0;
    }
    pidstat_server_stats(server, &stats);
    assert_int_equal(stats.questions, 200);
    assert_int_equal(stats.answers, 200);
    assert_int_equal(stats.malformed, 0);
    pidstat_destroy(client);
    pidstat_server_destroy(server);
    event_base_free(base);
}

static void a_port_is_taken_once(void **state)
{
    struct pidstat_server *first = make_server();
    struct pidstat_server *second = pidstat_server_create();

    (void)state;
    assert_int_equal(pidstat_server_set_port(second, port), 0);
    assert_int_equal(pidstat_server_set_host(second, ELSEWHERE), 0);
    assert_int_equal(pidstat_server_listen(second), -1);
    assert_int_equal(errno, EADDRINUSE);
    assert_int_equal(pidstat_server_set_host(second, "192.0.2.1"), 0);
    assert_int_equal(pidstat_server_listen(second), -1);
    assert_int_equal(errno, EADDRNOTAVAIL);
    assert_int_equal(pidstat_server_set_max_watches(second, 1000001), -1);
    pidstat_server_destroy(second);
    pidstat_server_destroy(first);
}

static void ping_tells_the_round_trip(void **state)
{
    pid_t server = start_server();
    struct pidstat *client = make_client();
    char text[128] = "";

    (void)state;
    assert_true(pidstat_ping_status(client, ELSEWHERE, text, sizeof text) > 0);
    assert_non_null(strstr(text, "pidstatd on " ELSEWHERE ": answered in "));
    /* A daemon is asked on this host too. */
    assert_int_equal(pidstat_set_tries(client, 1, 30), 0);
    assert_int_equal(pidstat_ping_status(client, "127.0.0.1", NULL, 0), -1);
    pidstat_destroy(client);
    stop_server(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(this_host_needs_no_daemon),
        cmocka_unit_test(local_calls_answer_at_once),
        cmocka_unit_test(another_host_is_asked),
        cmocka_unit_test(unwanted_answers_do_not_come),
        cmocka_unit_test(silence_and_bad_names_are_told_apart),
        cmocka_unit_test(a_port_that_refuses_is_no_silent_host),
        cmocka_unit_test(bad_arguments_are_refused),
        cmocka_unit_test(the_descriptor_is_readable_while_answers_wait),
        cmocka_unit_test(a_server_runs_on_the_callers_loop),
        cmocka_unit_test(a_port_is_taken_once),
        cmocka_unit_test(ping_tells_the_round_trip),
    };

    choose_port();
    return cmocka_run_group_tests_name("pidstat", tests, NULL, NULL);
}
