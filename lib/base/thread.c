/* Starting threads, and what they wait by.
 * Must not end or wait for one: that is for whoever has it. */
#include "thread.h"

#include <signal.h>
#include <stdbool.h>

#include "clock.h"

static int set_up(pthread_attr_t *attributes, size_t stack_bytes, bool is_detached)
{
    int error = 0;

    if (is_detached)
        error = pthread_attr_setdetachstate(attributes, PTHREAD_CREATE_DETACHED);
    if (error == 0 && stack_bytes > 0)
        error = pthread_attr_setstacksize(attributes, stack_bytes);
    return error;
}

/* What is blocked here when it starts is blocked there from its first instruction on. */
static int create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *context),
                  void *context)
{
    sigset_t all, before;
    int error;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    error = pthread_create(thread, attributes, run, context);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

int thread_start(pthread_t *thread, size_t stack_bytes, void *(*run)(void *context), void *context)
{
    pthread_attr_t attributes;
    pthread_t nobodys;
    int error = pthread_attr_init(&attributes);

    if (error != 0)
        return error;
    error = set_up(&attributes, stack_bytes, thread == NULL);
    if (error == 0)
        error = create(thread != NULL ? thread : &nobodys, &attributes, run, context);
    pthread_attr_destroy(&attributes);
    return error;
}

void thread_cond_init(pthread_cond_t *cond)
{
    pthread_condattr_t monotonic;

    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(cond, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

struct timespec thread_after_us(int64_t us)
{
    int64_t at_us = clock_now_us() + us;

    return (struct timespec){.tv_sec = at_us / 1000000, .tv_nsec = at_us % 1000000 * 1000};
}
