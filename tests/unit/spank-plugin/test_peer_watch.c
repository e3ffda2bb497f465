/* Connections that nobody accepts: up, refused, more of them than the queue holds.
 * Must not leave loopback. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "spank-plugin/peer_port.h"
#include "spank-plugin/peer_watch.h"

enum { PATIENCE_MS = 20000, MANY = 600 };

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

static int count_in(const struct peer_watch *lines, int count, enum peer_watch_state state)
{
    int found = 0;

    for (int i = 0; i < count; i++)
        found += lines[i].state == state;
    return found;
}

/* Lets all lines work until `wanted` of them are in that state. */
static void work_until(struct peer_watch *lines, int count, enum peer_watch_state state, int wanted)
{
    int64_t give_up_ms = now_ms() + PATIENCE_MS;

    while (count_in(lines, count, state) != wanted) {
        if (now_ms() > give_up_ms)
            fail_msg("%d of %d lines are in state %d, not %d", count_in(lines, count, state), count,
                     (int)state, wanted);
        for (int i = 0; i < count; i++)
            peer_watch_process(&lines[i], now_ms());
        usleep(1000);
    }
}

static void work_for(struct peer_watch *lines, int count, int ms)
{
    int64_t until_ms = now_ms() + ms, begun_ms;

    /* Once behind the end too: the one before it may have been long ago. */
    do {
        begun_ms = now_ms();
        for (int i = 0; i < count; i++)
            peer_watch_process(&lines[i], now_ms());
        usleep(1000);
    } while (begun_ms < until_ms);
}

static void open_lines(struct peer_watch *lines, int count, uint16_t port)
{
    for (int i = 0; i < count; i++)
        assert_int_equal(peer_watch_open(&lines[i], "127.0.0.1", port, -1, now_ms()), 0);
}

static void close_lines(struct peer_watch *lines, int count)
{
    for (int i = 0; i < count; i++)
        peer_watch_close(&lines[i]);
}

static void a_line_is_up_and_is_refused_when_the_listener_has_gone(void **state)
{
    struct peer_port port;
    struct peer_watch line;

    (void)state;
    assert_int_equal(peer_port_listen(&port, 0, 0, 0), 0);
    open_lines(&line, 1, port.port);
    work_until(&line, 1, PEER_WATCH_UP, 1);
    assert_true(line.was_up);
    work_for(&line, 1, 1100);
    assert_int_equal(line.state, PEER_WATCH_UP);
    assert_true(line.confirmed);
    assert_int_equal(peer_watch_due_ms(&line), 0);
    peer_port_close(&port);
    work_until(&line, 1, PEER_WATCH_REFUSED, 1);
    peer_watch_close(&line);
}

static void a_line_comes_up_again_when_somebody_listens_again(void **state)
{
    struct peer_port port;
    struct peer_watch line;
    uint16_t number;

    (void)state;
    assert_int_equal(peer_port_listen(&port, 0, 0, 0), 0);
    number = port.port;
    peer_port_close(&port);
    open_lines(&line, 1, number);
    work_until(&line, 1, PEER_WATCH_REFUSED, 1);
    assert_false(line.was_up);
    assert_int_equal(peer_port_listen(&port, number, number, 0), 0);
    work_until(&line, 1, PEER_WATCH_UP, 1);
    peer_watch_close(&line);
    peer_port_close(&port);
}

static void hundreds_of_lines_share_the_port(void **state)
{
    static struct peer_watch lines[MANY];
    struct rlimit limit;
    struct peer_port port;

    (void)state;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    assert_int_equal(peer_port_listen(&port, 0, 0, 0), 0);
    assert_true(port.count > 1);
    open_lines(lines, MANY, port.port);
    work_until(lines, MANY, PEER_WATCH_UP, MANY);
    work_for(lines, MANY, 1200);
    for (int i = 0; i < MANY; i++)
        assert_true(lines[i].confirmed);
    peer_port_close(&port);
    work_until(lines, MANY, PEER_WATCH_REFUSED, MANY);
    close_lines(lines, MANY);
}

/* A queue of one holds two; the others find no room, which is silence and no refusal. */
static void lines_without_room_in_the_queue_keep_trying(void **state)
{
    enum { LINES = 6, ROOM = 2 };
    struct peer_port port;
    struct peer_watch lines[LINES];

    (void)state;
    assert_int_equal(peer_port_listen(&port, 0, 0, 1), 0);
    assert_int_equal(port.count, 1);
    open_lines(lines, LINES, port.port);
    work_until(lines, LINES, PEER_WATCH_SILENT, LINES - ROOM);
    work_for(lines, LINES, 1500);
    assert_int_equal(count_in(lines, LINES, PEER_WATCH_REFUSED), 0);
    /* One that is in the queue is not pushed out, and all learn of the end. */
    assert_int_equal(count_in(lines, LINES, PEER_WATCH_UP), ROOM);
    peer_port_close(&port);
    work_until(lines, LINES, PEER_WATCH_REFUSED, LINES);
    close_lines(lines, LINES);
}

static void two_listeners_never_share_a_port(void **state)
{
    struct peer_port first, second;

    (void)state;
    assert_int_equal(peer_port_listen(&first, 0, 0, 0), 0);
    assert_int_equal(peer_port_listen(&second, first.port, first.port, 0), -1);
    assert_int_equal(errno, EADDRINUSE);
    assert_int_equal(second.count, 0);
    peer_port_close(&first);
}

static void a_range_is_kept_to(void **state)
{
    struct peer_port probe, port;
    uint16_t number;

    (void)state;
    assert_int_equal(peer_port_listen(&probe, 0, 0, 0), 0);
    number = probe.port < UINT16_MAX - 9 ? probe.port : UINT16_MAX - 9;
    assert_int_equal(peer_port_listen(&port, number, (uint16_t)(number + 9), 0), 0);
    assert_true(port.port >= number && port.port <= number + 9);
    assert_int_not_equal(port.port, probe.port);
    peer_port_close(&port);
    peer_port_close(&probe);
}

static void only_numeric_addresses_are_taken(void **state)
{
    static const char *const wrong[] = {"",      "localhost", "127.0.0.1 ",
                                        "1.2.3", "::g",       "127.0.0.1:80"};
    struct peer_watch line;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(peer_watch_open(&line, wrong[i], 80, -1, now_ms()), -1);
    assert_int_equal(peer_watch_open(&line, "127.0.0.1", 0, -1, now_ms()), -1);
}

static void a_connection_that_breaks_before_anybody_looks_was_up(void **state)
{
    struct peer_port port;
    struct peer_watch line;

    (void)state;
    assert_int_equal(peer_port_listen(&port, 0, 0, 0), 0);
    open_lines(&line, 1, port.port);
    peer_port_close(&port);
    work_until(&line, 1, PEER_WATCH_REFUSED, 1);
    assert_true(line.was_up);
    peer_watch_close(&line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_connection_that_breaks_before_anybody_looks_was_up),
        cmocka_unit_test(a_line_is_up_and_is_refused_when_the_listener_has_gone),
        cmocka_unit_test(a_line_comes_up_again_when_somebody_listens_again),
        cmocka_unit_test(hundreds_of_lines_share_the_port),
        cmocka_unit_test(lines_without_room_in_the_queue_keep_trying),
        cmocka_unit_test(two_listeners_never_share_a_port),
        cmocka_unit_test(a_range_is_kept_to),
        cmocka_unit_test(only_numeric_addresses_are_taken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
