/* Which salloc is above an srun: what srun writes, the nodes read; what anybody else writes, they
 * do not; and no process is taken for a salloc that is not above this one. Must not need Slurm. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "process/process.h"
#include "spank-plugin/allocator.h"

static void what_is_formatted_is_parsed(void **state)
{
    const struct allocator largest = {
        .salloc = {INT32_MAX, UINT64_MAX},
        .command = {INT32_MAX - 1, UINT64_MAX - 1},
    };
    char text[ALLOCATOR_SIZE];
    struct allocator back;

    (void)state;
    allocator_format(text, &largest);
    assert_string_equal(text, "1:2147483647:18446744073709551615:2147483646:18446744073709551614");
    assert_int_equal(allocator_parse(&back, text), 0);
    assert_int_equal(back.salloc.pid, INT32_MAX);
    assert_true(back.salloc.start == UINT64_MAX);
    assert_int_equal(back.command.pid, INT32_MAX - 1);
    assert_true(back.command.start == UINT64_MAX - 1);
}

static void anything_else_is_refused(void **state)
{
    static const char *const wrong[] = {
        "",
        ":",
        "1",
        "1:2:3",
        "1:2:3:4",
        "1:2:3:4:5:6",
        "1:2:3:4:5:",
        "2:2:3:4:5",
        "1:0:3:4:5",
        "1:2:0:4:5",
        "1:2:3:0:5",
        "1:2:3:4:0",
        "1:-2:3:4:5",
        "1:2147483648:3:4:5",
        "1:2:3:4:18446744073709551616",
        "1:2:3:4:5 ",
        "1:2:3:4:%n",
        "1:"
        "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000:"
        "2:3:4",
    };
    struct allocator allocator = {.salloc = {7, 7}};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        errno = 0;
        assert_int_equal(allocator_parse(&allocator, wrong[i]), -1);
        assert_int_equal(errno, EINVAL);
        assert_int_equal(allocator.salloc.pid, 7);
    }
}

enum { FOUND = 10, NOT_FOUND, FAILED }; /* how the shell ends */

/* As a salloc that starts a shell in its job: NULL announces this very process.  Whether an srun
 * below that shell, whose job may be another by now, finds it. */
static bool finds_it(const char *announced, const char *job, const char *job_now)
{
    char salloc[128], first_job[64], self[4096];
    int status;
    pid_t child;
    ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);

    /* By its name: what the link itself leads to is valgrind, below valgrind. */
    assert_true(len > 0);
    self[len] = '\0';
    if (announced == NULL)
        snprintf(salloc, sizeof salloc, "%s=1:%d:%llu", ALLOCATOR_SALLOC_VARIABLE, (int)getpid(),
                 (unsigned long long)process_start_time(getpid()));
    else
        snprintf(salloc, sizeof salloc, "%s=%s", ALLOCATOR_SALLOC_VARIABLE, announced);
    snprintf(first_job, sizeof first_job, "SLURM_JOB_ID=%s", job);
    child = fork();
    if (child == 0) {
        execle(self, "test_allocator", "--find", job_now, NULL,
               ((char *[]){salloc, first_job, NULL}));
        _exit(FAILED);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_true(WEXITSTATUS(status) == FOUND || WEXITSTATUS(status) == NOT_FOUND);
    return WEXITSTATUS(status) == FOUND;
}

/* The shell. */
static int find(const char *job_now)
{
    struct allocator found;
    int status;
    pid_t shell = getpid(), salloc = getppid(), srun;

    setenv("SLURM_JOB_ID", job_now, 1);
    srun = fork();
    if (srun == 0)
        _exit(allocator_find(&found) && found.salloc.pid == salloc && found.command.pid == shell &&
                      found.command.start == process_start_time(shell)
                  ? FOUND
                  : NOT_FOUND);
    return waitpid(srun, &status, 0) == srun && WIFEXITED(status) ? WEXITSTATUS(status) : FAILED;
}

static void it_is_found_above_the_shell(void **state)
{
    (void)state;
    assert_true(finds_it(NULL, "7", "7"));
}

static void it_is_not_where_the_job_is_another(void **state)
{
    (void)state;
    assert_false(finds_it(NULL, "7", "8"));
    assert_false(finds_it(NULL, "7", "77"));
}

static void what_is_no_ancestor_is_not_found(void **state)
{
    char text[64];

    (void)state;
    assert_false(finds_it("", "7", "7"));
    assert_false(finds_it("1:1:1", "7", "7"));
    assert_false(finds_it("1:2147483647:1", "7", "7"));
    /* An ancestor's pid, but of another time. */
    snprintf(text, sizeof text, "1:%d:%llu", (int)getpid(),
             (unsigned long long)process_start_time(getpid()) + 1);
    assert_false(finds_it(text, "7", "7"));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_formatted_is_parsed),
        cmocka_unit_test(anything_else_is_refused),
        cmocka_unit_test(it_is_found_above_the_shell),
        cmocka_unit_test(it_is_not_where_the_job_is_another),
        cmocka_unit_test(what_is_no_ancestor_is_not_found),
    };

    if (argc == 3 && strcmp(argv[1], "--find") == 0)
        return find(argv[2]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
