/* What the log has of limits that clients reach: of each a line a minute, and in the end all.
 * Must not be a client: limits are reached by name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "server/limit.h"
#include "server_talk.h"

enum { TEN_MINUTES_S = 600, SWEEP_STEPS = 3000 };

static const enum ipclocker_limit reached[] = {
    IPCLOCKER_LIMIT_CONNECTIONS,     IPCLOCKER_LIMIT_WAITERS,
    IPCLOCKER_LIMIT_LOCKS,           IPCLOCKER_LIMIT_IDLE_S,
    IPCLOCKER_LIMIT_UNREAD_BYTES,    IPCLOCKER_LIMIT_UNREAD_S,
    IPCLOCKER_LIMIT_CLIENT_HISTORY,  IPCLOCKER_LIMIT_CLIENT_CONNECTIONS,
    IPCLOCKER_LIMIT_CLIENT_ARRIVALS, IPCLOCKER_LIMIT_CLIENT_WAITERS,
    IPCLOCKER_LIMIT_CLIENT_LOCKS,    IPCLOCKER_LIMIT_OWNER_LOCKS,
    IPCLOCKER_LIMIT_NAMES,           IPCLOCKER_LIMIT_OFFLINE,
};

enum { REACHED = sizeof reached / sizeof *reached };

/* How many lines speak of each limit, and the last one of all. */
static struct {
    int of_limit[IPCLOCKER_LIMITS], all;
    char last[200];
} heard;

static void on_line(void *context, int priority, const char *text)
{
    char start[100];

    (void)context;
    (void)priority;
    for (int i = 0; i < REACHED; i++) {
        snprintf(start, sizeof start, "the limit --%s ", limit_option(reached[i]));
        heard.of_limit[reached[i]] += strncmp(text, start, strlen(start)) == 0;
    }
    heard.all++;
    snprintf(heard.last, sizeof heard.last, "%s", text);
}

static int set_up(void **state)
{
    memset(&heard, 0, sizeof heard);
    server_talk_start(state);
    ipclocker_server_set_log(*state, on_line, NULL);
    return 0;
}

/* As one client's command does. */
static void reach(struct ipclocker_server *server, enum ipclocker_limit limit)
{
    struct account client = {.key = account_key_of_user(1000)};

    server->acting = &client;
    limit_note(server, limit, &client);
    server->acting = NULL;
}

static void let_time_pass(struct ipclocker_server *server)
{
    for (int i = 0; i < IPCLOCKER_LIMITS; i++)
        server->limit_logs[i].last_s -= TEN_MINUTES_S;
}

static void a_client_that_reaches_many_limits_is_told_of_with_each(void **state)
{
    struct ipclocker_server *server = *state;

    for (int i = 0; i < 2 * REACHED; i++)
        reach(server, reached[i % REACHED]);
    for (int i = 0; i < REACHED; i++)
        assert_int_equal(heard.of_limit[reached[i]], 1);
    assert_int_equal(heard.all, REACHED);
}

static void what_was_counted_is_told_a_minute_later(void **state)
{
    struct ipclocker_server *server = *state;

    for (int i = 0; i < 4; i++)
        reach(server, IPCLOCKER_LIMIT_NAMES);
    limit_tell_rest(server, false);
    assert_int_equal(heard.all, 1);
    assert_string_equal(heard.last, "the limit --max-names 1024 is reached by user 1000");
    let_time_pass(server);
    for (int i = 0; i < SWEEP_STEPS && heard.all < 2; i++)
        ipclocker_server_process(server, STEP_MS);
    assert_int_equal(heard.all, 2);
    assert_string_equal(heard.last, "the limit --max-names 1024 is reached by user 1000"
                                    " (3 times since the last line)");
    /* Of what was told nothing is left, and it counts as a line of this minute. */
    reach(server, IPCLOCKER_LIMIT_NAMES);
    assert_int_equal(heard.all, 2);
    let_time_pass(server);
    limit_tell_rest(server, false);
    let_time_pass(server);
    limit_tell_rest(server, true);
    assert_int_equal(heard.all, 3);
}

static void what_was_counted_is_told_when_the_server_stops(void **state)
{
    struct ipclocker_server *server = *state;

    for (int i = 0; i < 3; i++)
        limit_note(server, IPCLOCKER_LIMIT_LOCKS, NULL);
    assert_int_equal(heard.of_limit[IPCLOCKER_LIMIT_LOCKS], 1);
    ipclocker_server_stop(server);
    assert_int_equal(heard.of_limit[IPCLOCKER_LIMIT_LOCKS], 2);
    assert_non_null(strstr(heard.last, "is reached by clients (2 times since the last line)"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_client_that_reaches_many_limits_is_told_of_with_each,
                                        set_up, server_talk_stop),
        cmocka_unit_test_setup_teardown(what_was_counted_is_told_a_minute_later, set_up,
                                        server_talk_stop),
        cmocka_unit_test_setup_teardown(what_was_counted_is_told_when_the_server_stops, set_up,
                                        server_talk_stop),
    };

    return cmocka_run_group_tests_name("limit", tests, NULL, NULL);
}
