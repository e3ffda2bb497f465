/* Threads take none of the program's signals, and leave those of whoever starts them alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <limits.h>
#include <semaphore.h>
#include <signal.h>
#include <string.h>

#include "base/thread.h"

/* What a thread sees of itself. */
struct seen {
    sem_t done;
    sigset_t blocked;
    size_t stack_bytes;
    int is_detached;
};

static void *look(void *context)
{
    struct seen *seen = context;
    pthread_attr_t attributes;

    pthread_sigmask(SIG_BLOCK, NULL, &seen->blocked);
    pthread_getattr_np(pthread_self(), &attributes);
    pthread_attr_getstacksize(&attributes, &seen->stack_bytes);
    pthread_attr_getdetachstate(&attributes, &seen->is_detached);
    pthread_attr_destroy(&attributes);
    sem_post(&seen->done);
    return seen;
}

static void expect_same(const sigset_t *found, const sigset_t *expected)
{
    for (int signal = 1; signal <= SIGRTMAX; signal++)
        assert_int_equal(sigismember(found, signal), sigismember(expected, signal));
}

static void a_thread_takes_no_signal_and_its_starter_what_it_took_before(void **state)
{
    struct seen seen;
    sigset_t own, before, after;
    pthread_t thread;
    void *result;

    (void)state;
    sem_init(&seen.done, 0, 0);
    sigemptyset(&own);
    sigaddset(&own, SIGUSR1);
    pthread_sigmask(SIG_SETMASK, &own, &before);
    assert_int_equal(thread_start(&thread, 0, look, &seen), 0);
    pthread_sigmask(SIG_SETMASK, &before, &after);
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_ptr_equal(result, &seen);
    assert_int_equal(seen.is_detached, PTHREAD_CREATE_JOINABLE);
    expect_same(&after, &own);
    for (size_t i = 0; i < sizeof(int[4]) / sizeof(int); i++)
        assert_true(sigismember(&seen.blocked, (int[]){SIGTERM, SIGALRM, SIGCHLD, SIGUSR2}[i]));
    sem_destroy(&seen.done);
}

static void one_that_nobody_waits_for_is_detached_and_has_the_stack_that_was_asked_for(void **state)
{
    enum { STACK_BYTES = 256 * 1024 };
    struct seen seen = {.stack_bytes = 0};

    (void)state;
    sem_init(&seen.done, 0, 0);
    assert_int_equal(thread_start(NULL, STACK_BYTES, look, &seen), 0);
    while (sem_wait(&seen.done) != 0)
        continue;
    assert_int_equal(seen.is_detached, PTHREAD_CREATE_DETACHED);
    assert_int_equal(seen.stack_bytes, STACK_BYTES);
    sem_destroy(&seen.done);
}

static void what_cannot_be_started_is_said_and_signals_are_as_before(void **state)
{
    sigset_t before, after;
    int refused;

    (void)state;
    pthread_sigmask(SIG_BLOCK, NULL, &before);
    assert_int_equal(thread_start(NULL, PTHREAD_STACK_MIN - 1, look, NULL), EINVAL);
    /* No machine has so much; valgrind's says so in its own way. */
    refused = thread_start(NULL, (size_t)1 << 60, look, NULL);
    assert_true(refused == EAGAIN || refused == EINVAL);
    pthread_sigmask(SIG_BLOCK, NULL, &after);
    expect_same(&after, &before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thread_takes_no_signal_and_its_starter_what_it_took_before),
        cmocka_unit_test(
            one_that_nobody_waits_for_is_detached_and_has_the_stack_that_was_asked_for),
        cmocka_unit_test(what_cannot_be_started_is_said_and_signals_are_as_before),
    };

    return cmocka_run_group_tests_name("thread", tests, NULL, NULL);
}
