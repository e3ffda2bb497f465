/* Texts of errnos, and descriptors that are still to be had.
 * Must not need a limit of its machine's but its own. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/descriptor.h"
#include "base/error_text.h"

static void what_is_short_is_told_with_what_to_do(void **state)
{
    static const struct {
        int number;
        const char *advice;
    } cases[] = {{EMFILE, "ulimit -n"},
                 {ENFILE, "fs.file-max"},
                 {ENOMEM, "ulimit -v"},
                 {EAGAIN, "ulimit -u"}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_ptr_equal(strstr(error_text(cases[i].number), strerror(cases[i].number)),
                         error_text(cases[i].number));
        assert_non_null(strstr(error_text(cases[i].number), cases[i].advice));
        assert_true(error_text_has_advice(cases[i].number));
    }
    assert_string_equal(error_text(ENOENT), strerror(ENOENT));
    assert_false(error_text_has_advice(ENOENT));
}

/* Lets this process open `count` more descriptors. */
static void allow(unsigned count, struct rlimit *before)
{
    struct rlimit limit;
    int lowest = dup(STDIN_FILENO);

    assert_true(lowest >= 0);
    close(lowest);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, before), 0);
    limit = *before;
    limit.rlim_cur = (rlim_t)lowest + count;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static void spare_descriptors_are_counted_and_given_back(void **state)
{
    struct rlimit before;

    (void)state;
    for (unsigned count = 0; count < 4; count++) {
        allow(count, &before);
        for (int again = 0; again < 3; again++) {
            assert_int_equal(descriptor_spare(count), 0);
            errno = 0;
            assert_int_equal(descriptor_spare(count + 1), -1);
            assert_int_equal(errno, EMFILE);
        }
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_short_is_told_with_what_to_do),
        cmocka_unit_test(spare_descriptors_are_counted_and_given_back),
    };

    return cmocka_run_group_tests_name("error text", tests, NULL, NULL);
}
