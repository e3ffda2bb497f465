/* A helper that is left behind.
 * Must leave none behind itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process/double_fork.h"

struct news {
    pid_t pid, parent, session;
    int kept, spare, seen;
    bool is_in_root;
};

static int common; /* the helper has one of its own */

static void tell(int fd, int spare, pid_t caller)
{
    char folder[8] = "";
    struct news news = {.pid = getpid(), .session = getsid(0), .kept = fd};

    news.parent = getppid() == caller ? caller : 0;
    news.is_in_root = getcwd(folder, sizeof folder) != NULL && strcmp(folder, "/") == 0;
    news.spare = fcntl(spare, F_GETFD) < 0 && errno == EBADF ? -1 : spare;
    news.seen = common++;
    if (write(fd, &news, sizeof news) != sizeof news)
        _exit(1);
    _exit(0);
}

/* Leaves a helper behind, and hears from it until it has let go of the pipe, whose end is `at`
 * where that is a descriptor. */
static struct news hear(int spare, int at)
{
    int ends[2], keep[2] = {-1}, mine = 17, result;
    pid_t caller = getpid();
    struct news news;
    char byte;

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    if (at >= 0) {
        assert_int_equal(dup2(ends[1], at), at);
        close(ends[1]);
        ends[1] = at;
    }
    keep[1] = ends[1];
    common = 5;
    result = double_fork(keep, 2);
    if (result == 0)
        tell(keep[1], spare, caller);
    close(ends[1]);
    assert_int_equal(result, 1);
    assert_int_equal(getpid(), caller);
    assert_int_equal(read(ends[0], &news, sizeof news), sizeof news);
    assert_int_equal(read(ends[0], &byte, 1), 0);
    close(ends[0]);
    assert_int_equal(mine, 17);
    return news;
}

static void a_helper_is_no_child_and_holds_on_to_nothing_else(void **state)
{
    int spare = open("/dev/null", O_RDONLY);
    struct news news = hear(spare, -1);

    (void)state;
    close(spare);
    assert_int_equal(news.parent, 0);
    assert_true(news.pid != getpid() && news.session != getsid(0) && news.session != news.pid);
    assert_int_equal(news.spare, -1);
    assert_true(news.is_in_root);
    assert_int_equal(waitpid(-1, NULL, 0), -1);
    assert_int_equal(errno, ECHILD);
}

static void a_helper_has_memory_of_its_own(void **state)
{
    struct news news = hear(-1, -1);

    (void)state;
    assert_int_equal(news.seen, 5);
    assert_int_equal(common, 5);
}

static void a_standard_stream_that_is_kept_moves(void **state)
{
    int saved = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
    struct news news;

    (void)state;
    news = hear(-1, STDIN_FILENO);
    assert_int_equal(dup2(saved, STDIN_FILENO), STDIN_FILENO);
    close(saved);
    assert_true(news.kept > STDERR_FILENO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_helper_is_no_child_and_holds_on_to_nothing_else),
        cmocka_unit_test(a_helper_has_memory_of_its_own),
        cmocka_unit_test(a_standard_stream_that_is_kept_moves),
    };

    return cmocka_run_group_tests_name("double_fork", tests, NULL, NULL);
}
