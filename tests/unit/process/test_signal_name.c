/* Signal names and numbers.
 * Must not send any. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "process/signal_name.h"

static void every_spelling_is_understood(void **state)
{
    static const char *const kill_names[] = {"9",     "-9",      "KILL",     "kill",
                                             "-KILL", "SIGKILL", "-SIGKILL", "-sigkill"};

    (void)state;
    for (size_t i = 0; i < sizeof kill_names / sizeof *kill_names; i++)
        assert_int_equal(signal_name_parse(kill_names[i]), SIGKILL);
    assert_int_equal(signal_name_parse("IOT"), SIGABRT);
    assert_int_equal(signal_name_parse("SIGCLD"), SIGCHLD);
    assert_int_equal(signal_name_parse("RTMIN"), SIGRTMIN);
    assert_int_equal(signal_name_parse("-SIGRTMIN+3"), SIGRTMIN + 3);
    assert_int_equal(signal_name_parse("rtmax-1"), SIGRTMAX - 1);
    assert_int_equal(signal_name_parse("64"), 64);
}

static void what_is_no_signal_is_refused(void **state)
{
    static const char *const junk[] = {"",         "-",          "0",   "-0",  "65",      "KILLER",
                                       "SIG",      "SIGSIGKILL", "--9", "9 ",  "RTMIN-1", "RTMAX+1",
                                       "RTMIN+99", "RTMIN+",     "1.5", "SIG9"};

    (void)state;
    for (size_t i = 0; i < sizeof junk / sizeof *junk; i++) {
        errno = 0;
        assert_int_equal(signal_name_parse(junk[i]), -1);
        assert_int_equal(errno, EINVAL);
    }
}

static void a_name_comes_back(void **state)
{
    char text[16];

    (void)state;
    for (int number = 1; number < 32; number++) {
        signal_name_format(text, sizeof text, number);
        assert_int_equal(signal_name_parse(text), number);
    }
    signal_name_format(text, sizeof text, SIGABRT);
    assert_string_equal(text, "ABRT");
    signal_name_format(text, sizeof text, 60);
    assert_string_equal(text, "60");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_spelling_is_understood),
        cmocka_unit_test(what_is_no_signal_is_refused),
        cmocka_unit_test(a_name_comes_back),
    };

    return cmocka_run_group_tests_name("signal_name", tests, NULL, NULL);
}
