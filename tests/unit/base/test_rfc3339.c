/* Times as text.
 * Must not need the clock or a time zone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "base/rfc3339.h"

static void times_are_rfc_3339(void **state)
{
    char text[RFC3339_SIZE];

    (void)state;
    rfc3339_format(text, 0);
    assert_string_equal(text, "1970-01-01T00:00:00.000Z");
    rfc3339_format(text, INT64_MAX);
    assert_string_equal(text, "9999-12-31T23:59:59.999Z");
    rfc3339_format(text, INT64_MIN);
    assert_string_equal(text, "1970-01-01T00:00:00.000Z");
}

static void what_is_written_is_read_back(void **state)
{
    static const int64_t times[] = {0, 1, 951827696789, 1795368485123, 253402300799999};

    (void)state;
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        char text[RFC3339_SIZE];
        int64_t time_ms = -1;

        rfc3339_format(text, times[i]);
        assert_int_equal(rfc3339_parse(text, &time_ms), 0);
        assert_int_equal(time_ms, times[i]);
    }
}

static void other_forms_are_refused(void **state)
{
    static const char *const others[] = {
        "",
        "2026",
        "2026-11-22T17:28:05Z",
        "2026-11-22T17:28:05.12Z",
        "2026-11-22T17:28:05.1234Z",
        "2026-11-22T17:28:05.123",
        "2026-11-22T17:28:05.123z",
        "2026-11-22T17:28:05.-12Z",
        "2026-11-22T17:28:05.123+00:00",
        "2026-13-22T17:28:05.123Z",
        "2026-11-22 17:28:05.123Z",
        "2026-11-22T17:28: 5.123Z",
        "2026-11-22T17:28:5.0123Z",
        "2026-02-30T17:28:05.123Z",
        " 2026-11-22T17:28:05.123Z",
    };

    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        int64_t time_ms = -1;

        errno = 0;
        assert_int_equal(rfc3339_parse(others[i], &time_ms), -1);
        assert_int_equal(errno, EINVAL);
        assert_int_equal(time_ms, -1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_rfc_3339),
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(other_forms_are_refused),
    };

    return cmocka_run_group_tests_name("rfc3339", tests, NULL, NULL);
}
