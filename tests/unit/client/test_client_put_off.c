/* What a client does that a server asks to come back later.
 * Must not need a server that has a reason to. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <time.h>

#include "client_fixture.h"
#include "client_script.h"
#include "ipclocker.h"

/* Whether who tries for ever comes back behind a refusal, or takes it for the last word. */
static void comes_back(const char *refusal, bool again)
{
    const struct client_step steps[] = {{"proto 2", "proto 2\n", false},
                                        {"LOCK", refusal, true},
                                        {"proto 2", "proto 2\n", false},
                                        {"LOCK", GRANT, false},
                                        {NULL, NULL, false}};
    struct ipclocker *lock = client_script_begin(steps);

    ipclocker_set_connect_tries(lock, 0);
    if (again)
        assert_int_equal(ipclocker_lock(lock), 0);
    else
        expect_failure(lock, ipclocker_lock(lock), EPROTO);
    assert_int_equal(ipclocker_locked(lock), again);
    client_script_end(lock);
}

static void who_is_put_off_comes_back(void **state)
{
    (void)state;
    comes_back(REFUSAL("error-code later\nerror no wording\n"), true);
    comes_back(REFUSAL("error-code limit\nerror the limit is reached; try again later\n"), false);
    comes_back(REFUSAL("error-code malformed\nerror do not try again later\n"), false);
    /* A server that sends no codes. */
    comes_back(REFUSAL("error the state cannot be written (full); try again later\n"), true);
    comes_back(REFUSAL("error-code proof-later\nerror no wording\n"), true);
    comes_back(REFUSAL("error-code proof-required\nerror no wording\n"), false);
    comes_back(REFUSAL("error try again later, or never\n"), false);
}

/* More often than a server is looked for that does not answer. */
static void who_waits_is_put_off(const char *refusal, bool closes)
{
    const struct client_step again = {"LOCK", refusal, closes},
                             hello = {"proto 2", "proto 2\n", false};
    const struct client_step steps[] = {hello,
                                        again,
                                        hello,
                                        again,
                                        hello,
                                        again,
                                        hello,
                                        again,
                                        hello,
                                        again,
                                        hello,
                                        {"LOCK", GRANT, false},
                                        {NULL, NULL, false}};
    struct ipclocker *lock = client_script_begin_with_usual_tries(steps);

    assert_int_equal(ipclocker_lock(lock), 0);
    client_script_end(lock);
}

static void who_waits_comes_back_for_as_long_as_it_takes(void **state)
{
    (void)state;
    who_waits_is_put_off(REFUSAL("error-code proof-later\nerror no wording\n"), true);
    who_waits_is_put_off("error-code proof-later\nerror no wording\n", true);
    who_waits_is_put_off("error-code later\nerror no wording\n", true);
}

static void who_is_put_off_waits_no_longer_than_it_wants(void **state)
{
    static const struct client_step steps[] = {
        {"proto 2", "proto 2\n", false},
        {"LOCK", "error-code proof-later\nerror no wording\n", true},
        {"proto 2", "proto 2\n", false},
        {"LOCK", "error-code proof-later\nerror no wording\n", true},
        {"proto 2", "proto 2\n", false},
        {"LOCK", "error-code proof-later\nerror no wording\n", true},
        {NULL, NULL, false}};
    struct ipclocker *lock = client_script_begin_with_usual_tries(steps);
    struct timespec start;

    (void)state;
    ipclocker_set_connect_delay(lock, 800);
    ipclocker_set_wait_limit(lock, 500);
    clock_gettime(CLOCK_MONOTONIC, &start);
    expect_failure(lock, ipclocker_lock(lock), EPROTO);
    assert_true(client_script_seconds_since(&start) > 0.4);
    assert_true(client_script_seconds_since(&start) < 3);
    assert_non_null(strstr(ipclocker_error(lock), "(no wording)"));
    client_script_end(lock);
    /* Who does not wait asks three times. */
    lock = client_script_begin_with_usual_tries(steps);
    ipclocker_set_block(lock, false);
    expect_failure(lock, ipclocker_lock(lock), EPROTO);
    assert_non_null(strstr(ipclocker_error(lock), "(no wording)"));
    client_script_end(lock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_put_off_comes_back),
        cmocka_unit_test(who_waits_comes_back_for_as_long_as_it_takes),
        cmocka_unit_test(who_is_put_off_waits_no_longer_than_it_wants),
    };

    return cmocka_run_group_tests_name("client_put_off", tests, NULL, NULL);
}
