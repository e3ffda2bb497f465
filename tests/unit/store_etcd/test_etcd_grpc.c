/* One call, and what a server may make of it that is no etcd, or not one of ours: what it says is
 * there before it is asked. Real members are asked in tests/e2e/test_etcd_calls.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <nghttp2/nghttp2.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "etcd_frames.h"
#include "store/etcd/grpc.h"

enum { PATIENCE_MS = 20000, LAST_STREAM = 0x7fffffff };

static int32_t first_stream; /* 0: as usual */

int __real_nghttp2_session_client_new(nghttp2_session **session,
                                      const nghttp2_session_callbacks *callbacks, void *context);
int __wrap_nghttp2_session_client_new(nghttp2_session **session,
                                      const nghttp2_session_callbacks *callbacks, void *context);

/* 2^30 calls take weeks. */
int __wrap_nghttp2_session_client_new(nghttp2_session **session,
                                      const nghttp2_session_callbacks *callbacks, void *context)
{
    int result = __real_nghttp2_session_client_new(session, callbacks, context);

    return result == 0 && first_stream != 0
               ? nghttp2_session_set_next_stream_id(*session, first_stream)
               : result;
}

static const struct endpoint endpoint = {.host = "etcd1", .port = 2379, .url = "http://etcd1:2379"};

/* A connection, the server's end of it, and what the last call came to. */
struct world {
    int server;
    struct grpc *grpc;
    struct buffer response;
    struct etcd_error error;
};

static int open_world(void **state)
{
    static struct world world;
    int pair[2], room = 4 * 1024 * 1024;

    world = (struct world){0};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) != 0)
        return -1;
    setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    world.server = pair[0];
    world.grpc = grpc_open(link_adopt(pair[1], &endpoint));
    *state = &world;
    return world.grpc != NULL ? 0 : -1;
}

static int close_world(void **state)
{
    struct world *world = *state;

    first_stream = 0;
    grpc_close(world->grpc);
    buffer_fini(&world->response);
    return world->server >= 0 ? close(world->server) : 0;
}

static enum etcd_outcome ask_within(struct world *world, int64_t patience_ms, int interrupt_fd)
{
    static char question[] = "question";
    const struct buffer request = {.data = question, .len = sizeof question - 1};
    const struct patience patience = patience_begin(patience_ms, interrupt_fd);

    return grpc_call(world->grpc, "/etcdserverpb.KV/Range", "token.1", &request, &patience,
                     &world->response, &world->error);
}

static enum etcd_outcome ask(struct world *world)
{
    return ask_within(world, PATIENCE_MS, -1);
}

/* The call comes to nothing, and says why. */
static void assert_unknown(struct world *world, const char *reason)
{
    assert_int_equal(ask(world), ETCD_UNKNOWN);
    assert_int_equal(world->error.code, ETCD_CODE_NONE);
    print_message("# %s\n", world->error.text);
    assert_non_null(strstr(world->error.text, reason));
    assert_non_null(strstr(world->error.text, endpoint.url));
    assert_int_equal(world->response.len, 0);
}

static void an_answer_is_put_together_of_pieces(void **state)
{
    static const size_t pieces[] = {1, 4, 5, 6, 1000};
    struct world *world = *state;
    uint32_t stream = 1;

    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++, stream += 2) {
        frames_begin(world->server, stream);
        frames_message(world->server, stream, "the answer", 10, pieces[i]);
        frames_end(world->server, stream, "0", NULL);
        assert_int_equal(ask(world), ETCD_ANSWERED);
        assert_int_equal(world->response.len, 10);
        assert_memory_equal(world->response.data, "the answer", 10);
        assert_true(grpc_is_usable(world->grpc));
    }
    frames_begin(world->server, stream);
    frames_message(world->server, stream, "", 0, 5);
    frames_end(world->server, stream, "0", NULL);
    assert_int_equal(ask(world), ETCD_ANSWERED);
    assert_int_equal(world->response.len, 0);
}

static void each_code_has_one_of_two_meanings(void **state)
{
    static const char *const refused[] = {"3", "7", "9", "11", "16"};
    static const char *const unknown[] = {"1",  "2",  "8",  "4",  "5",  "6", "10", "12",
                                          "13", "14", "15", "17", "99", "x", ""};
    struct world *world = *state;
    uint32_t stream = 1;

    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++, stream += 2) {
        frames_begin(world->server, stream);
        frames_end(world->server, stream, refused[i], "no%3B %1b[31m%zz%4");
        assert_int_equal(ask(world), ETCD_REFUSED);
        assert_int_equal(world->error.code, strtol(refused[i], NULL, 10));
        assert_non_null(
            strstr(world->error.text, "etcd at http://etcd1:2379: no; \\x1b[31m%zz%4 (code"));
    }
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++, stream += 2) {
        frames_begin(world->server, stream);
        frames_end(world->server, stream, unknown[i], NULL);
        assert_int_equal(ask(world), ETCD_UNKNOWN);
        assert_int_not_equal(world->error.code, 0);
    }
}

static void a_refusal_may_come_without_an_answer_before(void **state)
{
    static const char *const pairs[] = {
        ":status",     "200", "content-type", "application/grpc+proto",
        "grpc-status", "3",   "grpc-message", "full",
        NULL};
    struct world *world = *state;

    frames_send(world->server, FRAME_SETTINGS, 0, 0, NULL, 0);
    frames_headers(world->server, 1, true, pairs);
    assert_int_equal(ask(world), ETCD_REFUSED);
    assert_int_equal(world->error.code, ETCD_CODE_INVALID_ARGUMENT);
}

static void an_answer_of_http_is_none(void **state)
{
    static const char *const pairs[] = {":status", "503", "content-type", "text/html", NULL};
    struct world *world = *state;

    frames_send(world->server, FRAME_SETTINGS, 0, 0, NULL, 0);
    frames_headers(world->server, 1, false, pairs);
    frames_message(world->server, 1, "<html>", 6, 100);
    frames_end(world->server, 1, "0", NULL);
    assert_unknown(world, "is no etcd (HTTP status 503)");
}

static void a_message_that_is_compressed_is_none(void **state)
{
    struct world *world = *state;

    frames_begin(world->server, 1);
    frames_send(world->server, FRAME_DATA, 0, 1, "\1\0\0\0\1x", 6);
    assert_unknown(world, "compressed");
}

static void a_length_is_not_believed(void **state)
{
    struct world *world = *state;

    frames_begin(world->server, 1);
    frames_send(world->server, FRAME_DATA, 0, 1, "\0\xff\xff\xff\xffx", 6);
    assert_unknown(world, "too long");
}

static void what_is_cut_off_is_no_answer(void **state)
{
    struct world *world = *state;

    frames_begin(world->server, 1);
    frames_send(world->server, FRAME_DATA, 0, 1, "\0\0\0\0\2x", 6);
    frames_end(world->server, 1, "0", NULL);
    assert_unknown(world, "cut off");
    frames_begin(world->server, 3);
    frames_end(world->server, 3, "0", NULL);
    assert_unknown(world, "cut off");
}

static void more_than_one_message_is_none(void **state)
{
    struct world *world = *state;

    frames_begin(world->server, 1);
    frames_send(world->server, FRAME_DATA, 0, 1, "\0\0\0\0\1xy", 7);
    assert_unknown(world, "more than one message");
}

static void an_answer_without_a_status_is_none(void **state)
{
    struct world *world = *state;

    frames_begin(world->server, 1);
    frames_send(world->server, FRAME_DATA, FLAG_END_STREAM, 1, "\0\0\0\0\1x", 6);
    assert_unknown(world, "without a status");
}

static void a_call_that_is_broken_off_is_of_unknown_outcome(void **state)
{
    struct world *world = *state;

    frames_begin(world->server, 1);
    frames_send(world->server, FRAME_RESET, 0, 1, "\0\0\0\7", 4);
    assert_unknown(world, "has broken off the call (REFUSED_STREAM)");
}

static void a_connection_that_ends_is_of_unknown_outcome(void **state)
{
    struct world *world = *state;

    frames_begin(world->server, 1);
    shutdown(world->server, SHUT_WR);
    assert_unknown(world, "has closed the connection");
    assert_false(grpc_is_usable(world->grpc));
}

/* Nor does it raise SIGPIPE. */
static void a_connection_that_has_ended_is_no_harm(void **state)
{
    struct world *world = *state;

    close(world->server);
    world->server = -1;
    assert_false(grpc_is_usable(world->grpc));
    assert_unknown(world, "closes the connection without a word: is it https:// there?");
}

static void a_good_bye_lets_the_call_end_and_no_other_begin(void **state)
{
    struct world *world = *state;

    assert_true(grpc_is_usable(world->grpc));
    frames_begin(world->server, 1);
    frames_goaway(world->server, 1);
    frames_message(world->server, 1, "a", 1, 100);
    frames_end(world->server, 1, "0", NULL);
    assert_int_equal(ask(world), ETCD_ANSWERED);
    assert_false(grpc_is_usable(world->grpc));
}

static void a_good_bye_before_the_call_is_of_unknown_outcome(void **state)
{
    struct world *world = *state;

    frames_send(world->server, FRAME_SETTINGS, 0, 0, NULL, 0);
    frames_goaway(world->server, 0);
    assert_unknown(world, "broken off");
    assert_false(grpc_is_usable(world->grpc));
}

static void the_numbers_of_streams_come_to_an_end(void **state)
{
    struct world *world = *state;

    grpc_close(world->grpc);
    close(world->server);
    first_stream = LAST_STREAM - 2;
    assert_int_equal(open_world(state), 0);
    for (uint32_t stream = LAST_STREAM - 2; stream <= LAST_STREAM; stream += 2) {
        assert_true(grpc_is_usable(world->grpc));
        frames_begin(world->server, stream);
        frames_message(world->server, stream, "a", 1, 100);
        frames_end(world->server, stream, "0", NULL);
        assert_int_equal(ask(world), ETCD_ANSWERED);
    }
    assert_false(grpc_is_usable(world->grpc));
}

static void strangers_are_recognised(void **state)
{
    static const struct {
        const char *bytes, *reason;
    } strangers[] = {
        {"HTTP/1.1 400 Bad Request\r\n\r\n", "speaks HTTP/1, not gRPC"},
        {"\x15\x03\x01\x01\x02\x02\x46", "wants TLS: write https://"},
        {"220 mail.example ESMTP\r\n", "speaks no HTTP/2"},
    };

    for (size_t i = 0; i < sizeof strangers / sizeof *strangers; i++) {
        struct world *world = *state;

        close_world(state);
        assert_int_equal(open_world(state), 0);
        assert_true(write(world->server, strangers[i].bytes, strlen(strangers[i].bytes)) > 0);
        shutdown(world->server, SHUT_WR);
        assert_unknown(world, strangers[i].reason);
    }
}

static void silence_ends_with_the_time(void **state)
{
    struct world *world = *state;
    int64_t begin_ms = clock_now_ms();

    assert_int_equal(ask_within(world, 50, -1), ETCD_UNKNOWN);
    assert_true(clock_now_ms() - begin_ms >= 50);
    assert_non_null(strstr(world->error.text, "says nothing within 50 ms"));
}

static atomic_bool is_over;

static void *talk(void *context)
{
    const struct timespec pause = {.tv_nsec = 100000};

    while (!atomic_load(&is_over)) {
        static const uint8_t ping[17] = {0, 0, 8, FRAME_PING, 1};

        if (send(*(int *)context, ping, sizeof ping, MSG_NOSIGNAL) < 0)
            nanosleep(&pause, NULL);
    }
    return NULL;
}

static void who_talks_without_an_end_prolongs_nothing(void **state)
{
    struct world *world = *state;
    int64_t begin_ms = clock_now_ms();
    pthread_t talker;

    frames_send(world->server, FRAME_SETTINGS, 0, 0, NULL, 0);
    atomic_store(&is_over, false);
    assert_int_equal(pthread_create(&talker, NULL, talk, &world->server), 0);
    assert_int_equal(ask_within(world, 200, -1), ETCD_UNKNOWN);
    print_message("# %s\n", world->error.text);
    assert_true(clock_now_ms() - begin_ms < PATIENCE_MS);
    /* Nor does the look before a next call last for ever. */
    grpc_is_usable(world->grpc);
    atomic_store(&is_over, true);
    pthread_join(talker, NULL);
}

static void an_interruption_ends_it_at_once(void **state)
{
    struct world *world = *state;
    int fd = eventfd(1, EFD_CLOEXEC);

    assert_int_equal(ask_within(world, PATIENCE_MS * 100, fd), ETCD_UNKNOWN);
    assert_non_null(strstr(world->error.text, "the call was interrupted"));
    close(fd);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, open_world, close_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_answer_is_put_together_of_pieces),
        TEST(each_code_has_one_of_two_meanings),
        TEST(a_refusal_may_come_without_an_answer_before),
        TEST(an_answer_of_http_is_none),
        TEST(a_message_that_is_compressed_is_none),
        TEST(a_length_is_not_believed),
        TEST(what_is_cut_off_is_no_answer),
        TEST(more_than_one_message_is_none),
        TEST(an_answer_without_a_status_is_none),
        TEST(a_call_that_is_broken_off_is_of_unknown_outcome),
        TEST(a_connection_that_ends_is_of_unknown_outcome),
        TEST(a_connection_that_has_ended_is_no_harm),
        TEST(a_good_bye_lets_the_call_end_and_no_other_begin),
        TEST(a_good_bye_before_the_call_is_of_unknown_outcome),
        TEST(the_numbers_of_streams_come_to_an_end),
        TEST(strangers_are_recognised),
        TEST(silence_ends_with_the_time),
        TEST(who_talks_without_an_end_prolongs_nothing),
        TEST(an_interruption_ends_it_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
