/* Letting go of descriptors, in children that have many.
 * Must not close any of the test program's own. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/descriptor.h"

enum { HIGHEST = 60 };

static bool is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

static void expect_success_of(int (*run)(void))
{
    int status = -1;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0)
        _exit(run());
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void open_many(void)
{
    for (int fd = STDERR_FILENO + 1; fd <= HIGHEST; fd++)
        dup2(STDERR_FILENO, fd);
}

static int keep_some(void)
{
    const int keep[] = {HIGHEST, 7, -1, 3, 8};

    open_many();
    descriptor_close_all_but(keep, sizeof keep / sizeof *keep);
    for (int fd = 0; fd <= HIGHEST + 1; fd++) {
        bool kept = fd <= 3 || fd == 7 || fd == 8 || fd == HIGHEST;

        if (is_open(fd) != kept)
            return fd + 1;
    }
    return 0;
}

static void all_are_closed_but_those_that_are_kept(void **state)
{
    (void)state;
    expect_success_of(keep_some);
}

static int keep_none(void)
{
    open_many();
    descriptor_close_all_but(NULL, 0);
    for (int fd = 0; fd <= HIGHEST; fd++) {
        if (is_open(fd) != (fd <= STDERR_FILENO))
            return fd + 1;
    }
    return 0;
}

static void standard_streams_stay_open(void **state)
{
    (void)state;
    expect_success_of(keep_none);
}

static int occupy(void)
{
    close(STDIN_FILENO);
    close(STDERR_FILENO);
    descriptor_occupy_streams(O_CLOEXEC);
    if (fcntl(STDIN_FILENO, F_GETFD) != FD_CLOEXEC || fcntl(STDERR_FILENO, F_GETFD) != FD_CLOEXEC)
        return 1;
    return is_open(STDOUT_FILENO) && fcntl(STDOUT_FILENO, F_GETFD) == 0 ? 0 : 2;
}

static void closed_streams_are_occupied(void **state)
{
    (void)state;
    expect_success_of(occupy);
}

static int raise_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 1;
    limit.rlim_cur = 20;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 2;
    descriptor_raise_limit();
    return getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur == limit.rlim_max ? 0 : 3;
}

static void the_limit_is_raised_as_far_as_it_goes(void **state)
{
    (void)state;
    expect_success_of(raise_limit);
}

static void closing_keeps_errno(void **state)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

    (void)state;
    errno = EDOM;
    descriptor_close(fd);
    descriptor_close(fd); /* EBADF */
    descriptor_close(-1);
    assert_int_equal(errno, EDOM);
    assert_false(is_open(fd));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_are_closed_but_those_that_are_kept),
        cmocka_unit_test(standard_streams_stay_open),
        cmocka_unit_test(closed_streams_are_occupied),
        cmocka_unit_test(the_limit_is_raised_as_far_as_it_goes),
        cmocka_unit_test(closing_keeps_errno),
    };

    return cmocka_run_group_tests_name("descriptor", tests, NULL, NULL);
}
