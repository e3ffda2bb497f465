/* How long a pass of the loop works: whatever one client asks for, nobody else waits for longer.
 * Looks at the CPU time of its own thread only, which a busy machine does not add to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/buffer.h"
#include "server/server.h"
#include "server_talk.h"

enum { LOCKS = 100000, SLOW_LOCKS = 10000, NAMES = 1000, WAITS = 100, ASKERS = 3 };

/* A server means to work for 5 ms at most, and does; caches that others use take their part.  At
 * once these lists take hundreds.  A sanitizer's malloc(3) copies what grows. */
#ifdef SANITIZED
enum { MOST_MS = 500 };
#else
enum { MOST_MS = 30 };
#endif

/* Under valgrind it is something else that takes time. */
static bool is_slow(void)
{
    return getenv("FARMLOCK_SLOW") != NULL;
}

static int64_t thread_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

static int start(void **state)
{
    struct ipclocker_server *server = ipclocker_server_create();

    assert_non_null(server);
    ipclocker_server_set_limit(server, IPCLOCKER_LIMIT_CLIENT_LOCKS, LOCKS * 2);
    assert_int_equal(ipclocker_server_listen(server, "127.0.0.1", "0"), 0);
    assert_int_equal(ipclocker_server_start(server, NULL), 0);
    *state = server;
    return 0;
}

static int end(void **state)
{
    ipclocker_server_destroy(*state);
    return 0;
}

/* Somebody who has asked for something, and reads it. */
struct reader {
    int fd;
    size_t bytes;
    char tail[16]; /* the last ones, without a NUL */
};

/* Returns whether there was something. */
static bool read_some(struct reader *reader)
{
    static char chunk[1 << 20];
    ssize_t got = recv(reader->fd, chunk, sizeof chunk, MSG_DONTWAIT);

    if (got <= 0)
        return false;
    reader->bytes += (size_t)got;
    if (got >= (ssize_t)sizeof reader->tail)
        memcpy(reader->tail, chunk + got - sizeof reader->tail, sizeof reader->tail);
    return true;
}

/* Has its turn in each pass, as a neighbour would. */
static void on_turn(evutil_socket_t fd, short events, void *context)
{
    (void)fd;
    (void)events;
    event_base_loopbreak(((struct ipclocker_server *)context)->base);
}

/* A pass of the loop.  Returns how long it worked, in microseconds. */
static int64_t run_pass(struct ipclocker_server *server)
{
    struct event *turn = event_new(server->base, -1, EV_PERSIST, on_turn, server);
    int64_t before = thread_us(), took;
    const struct timeval at_once = {0};

    evtimer_add(turn, &at_once);
    event_base_loop(server->base, 0);
    took = thread_us() - before;
    event_free(turn);
    return took;
}

/* The longest pass until all have heard a last word that is `end`, in microseconds. */
static int64_t longest_pass_us(struct ipclocker_server *server, struct reader *readers,
                               size_t count, const char *end)
{
    size_t end_len = strlen(end), ended = 0;
    int64_t longest = 0;

    while (ended < count) {
        int64_t took = run_pass(server);

        longest = took > longest ? took : longest;
        ended = 0;
        for (size_t i = 0; i < count; i++) {
            while (read_some(&readers[i]))
                continue;
            ended += memcmp(readers[i].tail + sizeof readers[i].tail - end_len, end, end_len) == 0;
        }
    }
    return longest;
}

static void say(int fd, const char *text)
{
    size_t len = strlen(text);

    assert_int_equal(send(fd, text, len, MSG_NOSIGNAL), (ssize_t)len);
}

/* Takes so many locks, a few at a time. */
static int hold(struct ipclocker_server *server, size_t count)
{
    struct reader holder = {.fd = connect_to(ipclocker_server_port(server))};
    char text[64];

    say(holder.fd, "proto 2\nuser holder\n");
    for (size_t i = 1; i <= count; i++) {
        snprintf(text, sizeof text, "locks n%zu\nLOCK\n", i);
        say(holder.fd, text);
        while ((i % 200 == 0 || i == count) && lock_table_held_count(server->table) < i) {
            run_pass(server);
            read_some(&holder);
        }
    }
    return holder.fd;
}

static void expect_short(struct ipclocker_server *server, const char *question, const char *end,
                         size_t least_bytes)
{
    struct reader readers[ASKERS] = {{0}};
    int64_t longest_us;

    for (size_t i = 0; i < ASKERS; i++) {
        readers[i].fd = connect_to(ipclocker_server_port(server));
        say(readers[i].fd, "proto 2\n");
        say(readers[i].fd, question);
    }
    longest_us = longest_pass_us(server, readers, ASKERS, end);
    print_message("# the longest pass of %.*s took %.1f ms\n", (int)strcspn(question, "\n"),
                  question, (double)longest_us / 1000);
    if (!is_slow())
        assert_true(longest_us < MOST_MS * INT64_C(1000));
    for (size_t i = 0; i < ASKERS; i++) {
        assert_true(readers[i].bytes > least_bytes);
        close(readers[i].fd);
    }
}

static void lists_of_many_locks_are_written_a_little_at_a_time(void **state)
{
    struct ipclocker_server *server = *state;
    size_t locks = is_slow() ? SLOW_LOCKS : LOCKS;
    int fd = hold(server, locks);

    expect_short(server, "LIST_JSON\nVERSION\n", "\n\n", locks * 50);
    expect_short(server, "LOCK_LIST\nVERSION\n", "\n\n", locks * 10);
    expect_short(server, "HISTORY 0 9999999999999 0 who\nVERSION\n", "\n\n", locks * 30);
    close(fd);
}

static void lists_of_waits_for_many_locks_are_too(void **state)
{
    struct ipclocker_server *server = *state;
    int holder = hold(server, NAMES), fds[WAITS];
    struct buffer text = {0};

    buffer_add_text(&text, "block 1\nlocks");
    for (size_t i = 0; i < NAMES; i++) {
        char name[16];

        snprintf(name, sizeof name, " n%zu", i + 1);
        buffer_add_text(&text, name);
    }
    buffer_add(&text, "\nLOCK\n", sizeof "\nLOCK\n");
    for (size_t i = 0; i < WAITS; i++) {
        char user[32];

        fds[i] = connect_to(ipclocker_server_port(server));
        snprintf(user, sizeof user, "user w%zu\n", i);
        say(fds[i], user);
        say(fds[i], text.data);
        while (lock_table_waiter_count(server->table) <= i)
            event_base_loop(server->base, EVLOOP_ONCE);
    }
    expect_short(server, "LIST_JSON\nVERSION\n", "\n\n", WAITS * NAMES * 4);
    buffer_fini(&text);
    for (size_t i = 0; i < WAITS; i++)
        close(fds[i]);
    close(holder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lists_of_many_locks_are_written_a_little_at_a_time, start,
                                        end),
        cmocka_unit_test_setup_teardown(lists_of_waits_for_many_locks_are_too, start, end),
    };

    /* As lockerd does: what is large grows without being copied. */
    mallopt(M_MMAP_THRESHOLD, 256 * 1024);
    return cmocka_run_group_tests_name("pass length", tests, NULL, NULL);
}
