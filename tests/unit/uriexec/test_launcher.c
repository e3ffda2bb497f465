/* A command in a child, and the signals on the way to it. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "wrappers/uriexec/launcher.h"

enum { STATUS = 9 };

static int end_at_once(void *context)
{
    (void)context;
    return STATUS;
}

static int wait_for_signal(void *context)
{
    (void)context;
    pause();
    return STATUS;
}

/* Has a signal come while the command ends, and nobody reads it. */
static void signal_at_the_end(void *context)
{
    int *looks = context;
    siginfo_t ended;

    if (++*looks > 1)
        return;
    assert_int_equal(waitid(P_ALL, 0, &ended, WEXITED | WNOWAIT), 0);
    raise(SIGINT);
}

/* Starts it and waits; returns its status, and tells of the signal that was heard. */
static int run_with(int (*run)(void *context), void (*look)(void *context), int *told)
{
    struct launcher launcher;
    int looks = 0, status;

    assert_int_equal(launcher_start(&launcher, run, NULL), 0);
    status = launcher_wait(&launcher, NULL, 0, -1, look, &looks);
    *told = launcher.told;
    return status;
}

static void a_signal_that_came_with_the_end_does_not_change_the_status(void **state)
{
    int told, status = run_with(end_at_once, signal_at_the_end, &told);

    (void)state;
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), STATUS);
    assert_int_equal(told, SIGINT);
}

static void signal_once(void *context)
{
    int *looks = context;

    if (++*looks == 1)
        raise(SIGTERM);
}

static void a_signal_is_handed_on(void **state)
{
    int told, status = run_with(wait_for_signal, signal_once, &told);

    (void)state;
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGTERM);
    assert_int_equal(told, SIGTERM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_signal_that_came_with_the_end_does_not_change_the_status),
        cmocka_unit_test(a_signal_is_handed_on),
    };

    /* A shell's background jobs are started with it ignored. */
    signal(SIGINT, SIG_DFL);
    return cmocka_run_group_tests_name("launcher", tests, NULL, NULL);
}
