/* The client's parameters: their defaults, and those that are refused.
 * Must not need a server. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/lent_defaults.h"
#include "client_fixture.h"
#include "defaults/defaults.h"
#include "ipclocker.h"

static void a_new_handle_has_the_documented_defaults(void **state)
{
    struct ipclocker *lock = ipclocker_create();
    char host[256] = "", start[300];

    (void)state;
    gethostname(host, sizeof host - 1);
    snprintf(start, sizeof start, "%s_%d", host, (int)getpid());
    assert_memory_equal(ipclocker_user(lock), start, strlen(start));
    assert_true(strlen(ipclocker_user(lock)) > strlen(start));
    assert_string_equal(ipclocker_error(lock), "");
    assert_string_equal(ipclocker_lock_name(lock), "");
    assert_false(ipclocker_locked(lock));
    assert_true(ipclocker_token(lock) == 0);
    assert_int_equal(ipclocker_fd(lock), -1);
    assert_int_equal(ipclocker_timeout(lock), -1);
    ipclocker_destroy(lock);
    ipclocker_destroy(NULL);
}

static void the_default_user_follows_pid_and_hostname(void **state)
{
    struct ipclocker *lock = ipclocker_create();

    (void)state;
    assert_int_equal(ipclocker_set_pid(lock, 77), 0);
    assert_int_equal(ipclocker_set_hostname(lock, "farm7"), 0);
    assert_memory_equal(ipclocker_user(lock), "farm7_77", 8);
    assert_int_equal(ipclocker_set_user(lock, "me"), 0);
    assert_int_equal(ipclocker_set_pid(lock, 78), 0);
    assert_string_equal(ipclocker_user(lock), "me");
    ipclocker_destroy(lock);
}

static void bad_parameters_are_refused(void **state)
{
    struct ipclocker *lock = ipclocker_create();
    char long_text[300];

    (void)state;
    assert_int_equal(ipclocker_set_user(lock, "o"), 0);
    assert_int_equal(ipclocker_set_locks(lock, "a", 1), 0);
    memset(long_text, 'x', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    expect_failure(lock, ipclocker_set_user(lock, ""), EINVAL);
    expect_failure(lock, ipclocker_set_user(lock, "a b"), EINVAL);
    expect_failure(lock, ipclocker_set_user(lock, "a\nLOCK"), EINVAL);
    expect_failure(lock, ipclocker_set_user(lock, long_text), EINVAL);
    expect_failure(lock, ipclocker_set_hostname(lock, "a\tb"), EINVAL);
    expect_failure(lock, ipclocker_set_job(lock, ""), EINVAL);
    expect_failure(lock, ipclocker_set_pid(lock, 0), EINVAL);
    expect_failure(lock, ipclocker_set_locks(lock, "", 1), EINVAL);
    expect_failure(lock, ipclocker_set_locks(lock, "a", 0), EINVAL);
    expect_failure(lock, ipclocker_set_locks(lock, "a:b", 3), EINVAL);
    expect_failure(lock, ipclocker_set_locks(lock, "a[1-5000]", 1), E2BIG);
    expect_failure(lock, ipclocker_add_locks(lock, "b:a", 3), EINVAL);
    expect_failure(lock, ipclocker_set_port(lock, "70000"), EINVAL);
    expect_failure(lock, ipclocker_set_path(lock, ""), EINVAL);
    expect_failure(lock, ipclocker_set_path(lock, long_text), ENAMETOOLONG);
    expect_failure(lock, ipclocker_set_family(lock, IPCLOCKER_FAMILY_UNIX), EINVAL);
    expect_failure(lock, ipclocker_process(lock), EINVAL);
    assert_string_equal(ipclocker_user(lock), "o");
    ipclocker_destroy(lock);
}

static void host_lists_are_parsed_strictly(void **state)
{
    static const char *const good[] = {"farm1",
                                       "farm1:farm2",
                                       " farm1  farm2 ",
                                       "farm1 : farm2",
                                       "[::1]",
                                       "::1",
                                       "fe80::1",
                                       "farm1:[::1]=1800:10.0.0.1=1801",
                                       "/run/lockerd.sock",
                                       "farm1=1800:/run/lockerd.sock"};
    static const char *const bad[] = {
        "",           " ",      ":farm1", "farm1:", "a::b::c",    "a= b",   "a=0",  "a=65536",
        "a=nosuch:b", "[::1",   "[]",     "[::1]x", "a=1=2",      "a\x1b",  "a\nb", "=1800",
        "a[1]",       "[::1]=", "x::y",   "a:1800", "[::1]:1800", "a 1800", "1800", "a:1800:b"};
    struct ipclocker *lock = ipclocker_create();

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        if (ipclocker_set_hosts(lock, good[i]) != 0)
            fail_msg("%s: %s", good[i], ipclocker_error(lock));
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (ipclocker_set_hosts(lock, bad[i]) == 0)
            fail_msg("\"%s\" was taken", bad[i]);
        assert_int_equal(errno, EINVAL);
    }
    assert_int_equal(ipclocker_set_hosts(lock, "a:[::1]:1800"), -1);
    assert_string_equal(ipclocker_error(lock),
                        "\"1800\" is no host; a port goes behind =: [::1]=1800");
    ipclocker_destroy(lock);
}

/* With a word that is told, and where it stands. */
static void write_clients_file(const char *path)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_true(fputs("host = 127.0.0.1\nport = 9\nauth = perhaps\n", file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void files_that_were_read_already_are_not_read_again(void **state)
{
    char path[] = "/tmp/farmlock-lent-XXXXXX", error[DEFAULTS_ERROR_SIZE];
    struct ipclocker *lock = ipclocker_create();
    struct ipclocker_ping_status ping;
    struct defaults *defaults;
    int fd = mkstemp(path);

    (void)state;
    assert_true(fd >= 0);
    close(fd);
    write_clients_file(path);
    setenv("FARMLOCK_CONF", path, 1);
    defaults = defaults_read(error);
    setenv("FARMLOCK_CONF", "none", 1);
    unlink(path);
    assert_non_null(defaults);
    client_lend_defaults(lock, defaults);
    assert_int_equal(ipclocker_ping_status(lock, &ping), -1);
    assert_non_null(strstr(ipclocker_error(lock), ":3: auth: \"perhaps\" is none of auto"));
    assert_non_null(strstr(ipclocker_error(lock), path));
    ipclocker_destroy(lock);
    /* They are the lender's still. */
    assert_string_equal(defaults_find(defaults, "auth")->value, "perhaps");
    defaults_free(defaults);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_handle_has_the_documented_defaults),
        cmocka_unit_test(the_default_user_follows_pid_and_hostname),
        cmocka_unit_test(bad_parameters_are_refused),
        cmocka_unit_test(host_lists_are_parsed_strictly),
        cmocka_unit_test(files_that_were_read_already_are_not_read_again),
    };

    return cmocka_run_group_tests_name("client_parameters", tests, NULL, NULL);
}
