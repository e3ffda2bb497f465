/* The client's calls against a server that says exactly what a test wants it to say.
 * Must not need a port of its own choice, nor time but where a server is silent. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "client_fixture.h"
#include "client_script.h"
#include "ipclocker.h"

/* What a history said, a letter for each row, and who ends it. */
struct found {
    char owners[64];
    size_t ends_after; /* 0: never */
    struct ipclocker_history_row last;
};

static int take(void *context, const struct ipclocker_history_row *row)
{
    struct found *found = context;
    size_t len = strlen(found->owners);

    assert_non_null(row->locks);
    found->owners[len] = row->owner[0];
    found->last = *row;
    errno = EDOM;
    return len + 1 == found->ends_after ? -1 : 0;
}

static void a_history_comes_in_parts(void **state)
{
    static const struct client_step steps[] = {
        HELLO,
        {"HISTORY 5 90 0 by", "past hold unlock 7 1 2 3 44 ann h slurm:1 l\nhistory 12\n", false},
        {"HISTORY 5 90 12 by",
         "past refused - 0 1 1 1 0 bob - - l m\npast moon - 0 1 1 1 0 x - - l\n"
         "past left - 0 1 1 1 0 cat - - l\nhistory 0\n",
         false},
        {"VERSION", "version 9.9 1\n\n", false},
        {NULL, NULL, false},
    };
    struct ipclocker *lock = client_script_begin(steps);
    struct found found = {0};

    (void)state;
    assert_int_equal(ipclocker_history(lock, 5, 90, take, &found), 0);
    assert_string_equal(found.owners, "abc");
    assert_int_equal(found.last.past, IPCLOCKER_PAST_LEFT);
    assert_null(found.last.host);
    assert_null(found.last.job);
    assert_null(found.last.reason);
    /* The handle goes on with the connection. */
    assert_true(ipclocker_ping(lock));
    client_script_end(lock);
}

static void a_history_that_breaks_off_is_no_history(void **state)
{
    static const struct {
        const char *say, *owners, *error;
    } cases[] = {
        {"past hold - 7 1 2 3 44 ann - - l\nby claimed - claimed - - -\n", "a",
         "the server: it closed the connection"},
        {"past hold - 7 1 2 3 44 ann - - l\nby claimed - claimed - - -\nerror no mo\x07re\n", "a",
         "the server refused: no mo\\x07re"},
        {"owner \nlocked 0\nerror no disk\n\n\n", "", "the server refused: no disk"},
        {"history 3\n", "", "the server: it closed the connection"},
        {"past hold - 7 1 2 3 44 ann - - l\nby claimed - claimed - - -\nhistory x\n", "a",
         "the server: what answers there is no lockerd"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct client_step steps[] = {
            HELLO, {"HISTORY 0 9 0 by", cases[i].say, true}, {NULL, NULL, false}};
        struct ipclocker *lock = client_script_begin(steps);
        struct found found = {0};

        expect_failure(lock, ipclocker_history(lock, -1, 9, take, &found), EPROTO);
        assert_string_equal(ipclocker_error(lock), cases[i].error);
        assert_string_equal(found.owners, cases[i].owners);
        client_script_end(lock);
    }
}

static void a_history_does_not_go_round(void **state)
{
    static const struct client_step steps[] = {
        HELLO,
        {"HISTORY 0 9 0 by", "history 3\n", false},
        {"HISTORY 0 9 3 by", "history 3\n", false},
        {NULL, NULL, false},
    };
    struct ipclocker *lock = client_script_begin(steps);
    struct found found = {0};

    (void)state;
    expect_failure(lock, ipclocker_history(lock, 0, 9, take, &found), EPROTO);
    client_script_end(lock);
}

static void who_has_enough_of_a_history_ends_it(void **state)
{
    static const struct client_step steps[] = {
        HELLO,
        {"HISTORY 0 9 0 by",
         "past hold - 7 1 2 3 44 ann - - l\nby claimed - claimed - - -\npast hold - 8 1 2 3 44 bob "
         "- - l\nby claimed - claimed - - -\n",
         false},
        {NULL, NULL, false},
    };
    struct ipclocker *lock = client_script_begin(steps);
    struct found found = {.ends_after = 1};

    (void)state;
    expect_failure(lock, ipclocker_history(lock, 0, 9, take, &found), EDOM);
    assert_string_equal(found.owners, "a");
    client_script_end(lock);
}

static void a_classic_server_has_no_history(void **state)
{
    static const struct client_step steps[] = {
        {"VERSION", "version 1.502 1\n\n", false},
        {NULL, NULL, false},
    };
    struct ipclocker *lock = client_script_begin(steps);
    struct found found = {0};

    (void)state;
    expect_failure(lock, ipclocker_history(lock, 0, 9, take, &found), ENOTSUP);
    assert_string_equal(ipclocker_error(lock), "the server is a classic one, without history");
    client_script_end(lock);
}

/* What LOCK is refused with, and the errno of that. */
static void is_refused(const char *refusal, int number)
{
    const struct client_step steps[] = {
        {"proto 2", "proto 2\n", false}, {"LOCK", refusal, false}, {NULL, NULL, false}};
    struct ipclocker *lock = client_script_begin(steps);

    expect_failure(lock, ipclocker_lock(lock), number);
    assert_non_null(strstr(ipclocker_error(lock), "refused: "));
    client_script_end(lock);
}

static void a_refusal_is_known_by_its_code(void **state)
{
    (void)state;
    is_refused(REFUSAL("error-code own\nerror no wording\n"), EDEADLK);
    is_refused(REFUSAL("error-code denied\nerror this owner has no right\n"), EPROTO);
    is_refused(REFUSAL("error-code novelty\nerror this owner has no luck\n"), EPROTO);
    is_refused(REFUSAL("error-code\nerror this owner has no code\n"), EPROTO);
}

static void an_older_server_is_known_by_its_wording(void **state)
{
    (void)state;
    is_refused(
        REFUSAL("error this owner holds a part of these locks already; give it back first\n"),
        EDEADLK);
    is_refused(REFUSAL("error that is wrong for this owner \n"), EPROTO);
}

static void who_is_turned_away_at_the_door_is_told_why(void **state)
{
    static const struct client_step steps[] = {
        {"proto 2", "error-code later\nerror too many connections\n", true},
        {NULL, NULL, false},
    };
    struct ipclocker *lock = client_script_begin(steps);

    (void)state;
    expect_failure(lock, ipclocker_lock(lock), EPROTO);
    assert_non_null(strstr(ipclocker_error(lock), "(too many connections)"));
    assert_non_null(strstr(ipclocker_error(lock), "does not serve at"));
    client_script_end(lock);
}

/* A handle that holds its lock from a server that says nothing more. */
static struct ipclocker *hold_from_a_server_that_falls_silent(void)
{
    static const struct client_step steps[] = {
        {"proto 2", "proto 2\n", false}, {"LOCK", GRANT, false}, {NULL, NULL, false}};
    struct ipclocker *lock = client_script_begin(steps);

    assert_int_equal(ipclocker_lock(lock), 0);
    return lock;
}

static void a_silent_server_holds_no_unlock(void **state)
{
    struct ipclocker *lock = hold_from_a_server_that_falls_silent();
    struct timespec start;

    (void)state;
    /* Tries do not multiply it. */
    ipclocker_set_connect_tries(lock, 3);
    clock_gettime(CLOCK_MONOTONIC, &start);
    expect_failure(lock, ipclocker_unlock(lock), EHOSTUNREACH);
    assert_true(client_script_seconds_since(&start) < 9);
    assert_non_null(strstr(ipclocker_error(lock), "it does not answer"));
    client_script_end(lock);
}

static void a_silent_server_holds_no_end_of_a_handle(void **state)
{
    struct ipclocker *lock = hold_from_a_server_that_falls_silent();
    struct timespec start;

    (void)state;
    clock_gettime(CLOCK_MONOTONIC, &start);
    ipclocker_destroy(lock);
    assert_true(client_script_seconds_since(&start) < 4);
    kill(client_script_server, SIGKILL);
    assert_int_equal(waitpid(client_script_server, NULL, 0), client_script_server);
}

/* The first loss is another grant's. */
static void a_loss_is_known_by_its_token(void **state)
{
    static const struct client_step steps[] = {
        HELLO,
        {"LOCK",
         "owner u\nlocked 1\nlockname a\nlockname b\ntoken 7\nhold-left 60000\n\n\n"
         "lost 6 broken\nlost 7 broken\n",
         false},
        {NULL, NULL, false},
    };
    struct ipclocker *lock = client_script_begin(steps);
    int64_t left_ms;
    int result;

    (void)state;
    assert_int_equal(ipclocker_set_locks(lock, "a:b", 2), 0);
    ipclocker_set_session(lock, true);
    assert_int_equal(ipclocker_lock(lock), 0);
    left_ms = ipclocker_hold_left(lock);
    assert_true(left_ms > 0 && left_ms <= 60000);
    while ((result = ipclocker_process(lock)) == 1)
        assert_true(ipclocker_locked(lock));
    expect_failure(lock, result, ENOLCK);
    assert_string_equal(ipclocker_error(lock),
                        "the lock a b was lost: it was broken, as by lockersh --break");
    assert_false(ipclocker_locked(lock));
    assert_true(ipclocker_hold_left(lock) == -1);
    /* Again and again, until another is got. */
    expect_failure(lock, ipclocker_process(lock), ENOLCK);
    client_script_end(lock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_loss_is_known_by_its_token),
        cmocka_unit_test(a_history_comes_in_parts),
        cmocka_unit_test(a_history_that_breaks_off_is_no_history),
        cmocka_unit_test(a_history_does_not_go_round),
        cmocka_unit_test(who_has_enough_of_a_history_ends_it),
        cmocka_unit_test(a_classic_server_has_no_history),
        cmocka_unit_test(a_refusal_is_known_by_its_code),
        cmocka_unit_test(an_older_server_is_known_by_its_wording),
        cmocka_unit_test(who_is_turned_away_at_the_door_is_told_why),
        cmocka_unit_test(a_silent_server_holds_no_unlock),
        cmocka_unit_test(a_silent_server_holds_no_end_of_a_handle),
    };

    return cmocka_run_group_tests_name("client_script", tests, NULL, NULL);
}
