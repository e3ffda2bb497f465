/* What a `why` line says to a person.  The lines that servers write are tried end to end; these are
 * all kinds of what a limit or a share counts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "client/wait_reason.h"

static void expect_all(const char *const lines[][2], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct ipclocker_wait wait = {0};

        wait_reason_read(lines[i][0], &wait);
        assert_string_equal(wait.reason, lines[i][1]);
    }
}

static void a_limit_tells_what_is_held_from_what_is_waited_for(void **state)
{
    static const char *const lines[][2] = {
        {"limit vcs 3 5 0 1 4 user - 7 farm.conf", "you hold 3 of your limit of 5 (farm.conf:7)"},
        {"limit vcs 3 5 2 1 4 user - 7 farm.conf",
         "you hold 3 and wait for 2 more already, of your limit of 5 (farm.conf:7)"},
        {"limit vcs 0 5 5 1 4 user - 7 farm.conf",
         "you wait for 5 already, of your limit of 5 (farm.conf:7)"},
        {"limit vcs 3 5 2 1 4 job 17 7 farm.conf",
         "your job holds 3 and waits for 2 more already, of its limit of 5 (farm.conf:7)"},
        {"limit vcs 3 5 0 1 4 host node7 7 farm.conf",
         "host node7 holds 3 of its limit of 5 (farm.conf:7)"},
        {"limit vcs 3 5 2 1 4 host node7 7 farm.conf",
         "host node7 holds 3 and waits for 2 more already, of its limit of 5 (farm.conf:7)"},
        {"limit vcs 0 5 5 1 4 host node7 7 farm.conf",
         "host node7 waits for 5 already, of its limit of 5 (farm.conf:7)"},
        {"limit vcs 3 5 2 1 4 project chipA 7 farm.conf",
         "project chipA holds 3 and waits for 2 more already, of its limit of 5 (farm.conf:7)"},
        {"limit vcs 3 5 0 1 4 together - 7 farm.conf",
         "you and others hold 3 of your common limit of 5 (farm.conf:7)"},
        {"limit vcs 3 5 2 1 4 together - 7 farm.conf",
         "you and others hold 3 and wait for 2 more already, of your common limit of 5 "
         "(farm.conf:7)"},
        {"limit vcs 0 5 5 1 4 together - 7 farm.conf",
         "you and others wait for 5 already, of your common limit of 5 (farm.conf:7)"},
    };

    (void)state;
    expect_all(lines, sizeof lines / sizeof lines[0]);
}

static void a_share_tells_what_is_had_from_what_is_to_come(void **state)
{
    static const char *const lines[][2] = {
        {"share vcs 6 2 0 1 4 project chipB 9 farm.conf",
         "it is the turn of others: chipB has 6 of vcs, with a share of 2 (farm.conf:9)"},
        {"share vcs 6 2 1 1 4 project chipB 9 farm.conf",
         "it is the turn of others: chipB has 6 of vcs and gets 1 more, with a share of 2 "
         "(farm.conf:9)"},
    };

    (void)state;
    expect_all(lines, sizeof lines / sizeof lines[0]);
}

static void what_cannot_be_understood_says_nothing(void **state)
{
    static const char *const lines[][2] = {
        {"", ""},
        {"limit", ""},
        {"limit vcs 3 5 many 1 4 user - 7 farm.conf", ""},
        {"limit vcs 3 5 4294967296 1 4 user - 7 farm.conf", ""},
        {"limit vcs 3 5 2 1 4 user - 7", ""},
        {"weather vcs 3 5 2 1 4 user - 7 farm.conf", ""},
    };

    (void)state;
    expect_all(lines, sizeof lines / sizeof lines[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_limit_tells_what_is_held_from_what_is_waited_for),
        cmocka_unit_test(a_share_tells_what_is_had_from_what_is_to_come),
        cmocka_unit_test(what_cannot_be_understood_says_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
