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
#include "ipclocker.h"

/* Waits for a line that begins so, and then says this; closes the connection then, or goes on. */
struct step {
    const char *line, *say;
    bool closes;
};

static pid_t server_pid;

/* Whether such a line has come. */
static bool await_line(FILE *in, const char *begin)
{
    char line[4096];

    while (fgets(line, sizeof line, in) != NULL) {
        if (strncmp(line, begin, strlen(begin)) == 0)
            return true;
    }
    return false;
}

static void play(int listener, const struct step *steps)
{
    FILE *in = NULL;

    for (const struct step *step = steps; step->line != NULL; step++) {
        if (in == NULL)
            in = fdopen(accept(listener, NULL, NULL), "r");
        if (in == NULL || !await_line(in, step->line))
            return;
        send(fileno(in), step->say, strlen(step->say), MSG_NOSIGNAL);
        if (step->closes) {
            fclose(in);
            in = NULL;
        }
    }
    while (in != NULL && getc(in) != EOF)
        continue;
}

/* Starts a server that plays some steps, and makes a handle for it. */
static struct ipclocker *begin(const struct step *steps)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct ipclocker *lock = ipclocker_create();
    char port[8];

    assert_non_null(lock);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, 5), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);
    server_pid = fork();
    if (server_pid == 0) {
        play(listener, steps);
        _exit(0);
    }
    assert_true(server_pid > 0);
    close(listener);
    snprintf(port, sizeof port, "%u", ntohs(address.sin_port));
    assert_int_equal(ipclocker_set_hosts(lock, "127.0.0.1"), 0);
    assert_int_equal(ipclocker_set_port(lock, port), 0);
    ipclocker_set_connect_tries(lock, 1);
    ipclocker_set_connect_delay(lock, 1);
    return lock;
}

static void end(struct ipclocker *lock)
{
    ipclocker_set_destroy_unlock(lock, false);
    ipclocker_destroy(lock);
    kill(server_pid, SIGKILL);
    assert_int_equal(waitpid(server_pid, NULL, 0), server_pid);
}

#define HELLO                                 \
    {"proto 2", "proto 2\n", false},          \
    {                                         \
        "VERSION", "version 9.9 1\n\n", false \
    }

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
    static const struct step steps[] = {
        HELLO,
        {"HISTORY 5 90 0 by", "past hold unlock 7 1 2 3 44 ann h slurm:1 l\nhistory 12\n", false},
        {"HISTORY 5 90 12 by",
         "past refused - 0 1 1 1 0 bob - - l m\npast moon - 0 1 1 1 0 x - - l\n"
         "past left - 0 1 1 1 0 cat - - l\nhistory 0\n",
         false},
        {"VERSION", "version 9.9 1\n\n", false},
        {NULL, NULL, false},
    };
    struct ipclocker *lock = begin(steps);
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
    end(lock);
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
        const struct step steps[] = {
            HELLO, {"HISTORY 0 9 0 by", cases[i].say, true}, {NULL, NULL, false}};
        struct ipclocker *lock = begin(steps);
        struct found found = {0};

        expect_failure(lock, ipclocker_history(lock, -1, 9, take, &found), EPROTO);
        assert_string_equal(ipclocker_error(lock), cases[i].error);
        assert_string_equal(found.owners, cases[i].owners);
        end(lock);
    }
}

static void a_history_does_not_go_round(void **state)
{
    static const struct step steps[] = {
        HELLO,
        {"HISTORY 0 9 0 by", "history 3\n", false},
        {"HISTORY 0 9 3 by", "history 3\n", false},
        {NULL, NULL, false},
    };
    struct ipclocker *lock = begin(steps);
    struct found found = {0};

    (void)state;
    expect_failure(lock, ipclocker_history(lock, 0, 9, take, &found), EPROTO);
    end(lock);
}

static void who_has_enough_of_a_history_ends_it(void **state)
{
    static const struct step steps[] = {
        HELLO,
        {"HISTORY 0 9 0 by",
         "past hold - 7 1 2 3 44 ann - - l\nby claimed - claimed - - -\npast hold - 8 1 2 3 44 bob "
         "- - l\nby claimed - claimed - - -\n",
         false},
        {NULL, NULL, false},
    };
    struct ipclocker *lock = begin(steps);
    struct found found = {.ends_after = 1};

    (void)state;
    expect_failure(lock, ipclocker_history(lock, 0, 9, take, &found), EDOM);
    assert_string_equal(found.owners, "a");
    end(lock);
}

static void a_classic_server_has_no_history(void **state)
{
    static const struct step steps[] = {
        {"VERSION", "version 1.502 1\n\n", false},
        {NULL, NULL, false},
    };
    struct ipclocker *lock = begin(steps);
    struct found found = {0};

    (void)state;
    expect_failure(lock, ipclocker_history(lock, 0, 9, take, &found), ENOTSUP);
    assert_string_equal(ipclocker_error(lock), "the server is a classic one, without history");
    end(lock);
}

#define REFUSAL(lines) "owner \nlocked 0\n" lines "\n\n"
#define GRANT "owner o\nlocked 1\nlockname lock\ntoken 3\n\n\n"

/* What LOCK is refused with, and the errno of that. */
static void is_refused(const char *refusal, int number)
{
    const struct step steps[] = {
        {"proto 2", "proto 2\n", false}, {"LOCK", refusal, false}, {NULL, NULL, false}};
    struct ipclocker *lock = begin(steps);

    expect_failure(lock, ipclocker_lock(lock), number);
    assert_non_null(strstr(ipclocker_error(lock), "refused: "));
    end(lock);
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

/* Whether who tries for ever comes back behind a refusal, or takes it for the last word. */
static void comes_back(const char *refusal, bool again)
{
    const struct step steps[] = {{"proto 2", "proto 2\n", false},
                                 {"LOCK", refusal, true},
                                 {"proto 2", "proto 2\n", false},
                                 {"LOCK", GRANT, false},
                                 {NULL, NULL, false}};
    struct ipclocker *lock = begin(steps);

    ipclocker_set_connect_tries(lock, 0);
    if (again)
        assert_int_equal(ipclocker_lock(lock), 0);
    else
        expect_failure(lock, ipclocker_lock(lock), EPROTO);
    assert_int_equal(ipclocker_locked(lock), again);
    end(lock);
}

static void who_is_put_off_comes_back(void **state)
{
    (void)state;
    comes_back(REFUSAL("error-code later\nerror no wording\n"), true);
    comes_back(REFUSAL("error-code limit\nerror the limit is reached; try again later\n"), false);
    comes_back(REFUSAL("error-code malformed\nerror do not try again later\n"), false);
    /* A server that sends no codes. */
    comes_back(REFUSAL("error the state cannot be written (full); try again later\n"), true);
    comes_back(REFUSAL("error try again later, or never\n"), false);
}

static void who_is_turned_away_at_the_door_is_told_why(void **state)
{
    static const struct step steps[] = {
        {"proto 2", "error-code later\nerror too many connections\n", true},
        {NULL, NULL, false},
    };
    struct ipclocker *lock = begin(steps);

    (void)state;
    expect_failure(lock, ipclocker_lock(lock), EPROTO);
    assert_non_null(strstr(ipclocker_error(lock), "(too many connections)"));
    assert_non_null(strstr(ipclocker_error(lock), "does not serve at"));
    end(lock);
}

/* A handle that holds its lock from a server that says nothing more. */
static struct ipclocker *hold_from_a_server_that_falls_silent(void)
{
    static const struct step steps[] = {
        {"proto 2", "proto 2\n", false}, {"LOCK", GRANT, false}, {NULL, NULL, false}};
    struct ipclocker *lock = begin(steps);

    assert_int_equal(ipclocker_lock(lock), 0);
    return lock;
}

static double seconds_since(const struct timespec *start)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) / 1e9;
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
    assert_true(seconds_since(&start) < 9);
    assert_non_null(strstr(ipclocker_error(lock), "it does not answer"));
    end(lock);
}

static void a_silent_server_holds_no_end_of_a_handle(void **state)
{
    struct ipclocker *lock = hold_from_a_server_that_falls_silent();
    struct timespec start;

    (void)state;
    clock_gettime(CLOCK_MONOTONIC, &start);
    ipclocker_destroy(lock);
    assert_true(seconds_since(&start) < 4);
    kill(server_pid, SIGKILL);
    assert_int_equal(waitpid(server_pid, NULL, 0), server_pid);
}

/* The first loss is another grant's. */
static void a_loss_is_known_by_its_token(void **state)
{
    static const struct step steps[] = {
        HELLO,
        {"LOCK",
         "owner u\nlocked 1\nlockname a\nlockname b\ntoken 7\nhold-left 60000\n\n\n"
         "lost 6 broken\nlost 7 broken\n",
         false},
        {NULL, NULL, false},
    };
    struct ipclocker *lock = begin(steps);
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
    end(lock);
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
        cmocka_unit_test(who_is_put_off_comes_back),
        cmocka_unit_test(who_is_turned_away_at_the_door_is_told_why),
        cmocka_unit_test(a_silent_server_holds_no_unlock),
        cmocka_unit_test(a_silent_server_holds_no_end_of_a_handle),
    };

    return cmocka_run_group_tests_name("client_script", tests, NULL, NULL);
}
