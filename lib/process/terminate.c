/* The order of signals, and the waiting between them.
 * Must not know how what is ended is found or reached. */
#include "terminate.h"

#include <signal.h>
#include <time.h>

#include "base/clock.h"

enum { KILL_PAUSE_MS = 20, PAUSE_MAX_MS = 1000 };

static void wait_ms(int64_t ms)
{
    struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    nanosleep(&pause, NULL);
}

/* A process that is in the kernel for long, on a file server that is away, takes its time. */
static void kill_all(const struct terminate_target *target)
{
    int64_t pause_ms = KILL_PAUSE_MS;

    target->kill(target->context);
    while (target->again && !target->is_done(target->context)) {
        wait_ms(pause_ms);
        if (pause_ms < PAUSE_MAX_MS)
            pause_ms *= 2;
        target->kill(target->context);
    }
}

void terminate_run(const struct terminate_target *target, int64_t grace_ms)
{
    int64_t kill_at_ms = clock_now_ms() + grace_ms, pause_ms = target->pause_ms;

    target->signal(target->context);
    if (grace_ms < 0)
        return;
    while (!target->is_done(target->context)) {
        int64_t left = kill_at_ms - clock_now_ms();

        if (left <= 0) {
            kill_all(target);
            return;
        }
        wait_ms(left < pause_ms ? left : pause_ms);
        if (!target->again)
            continue;
        target->signal(target->context);
        if (pause_ms < PAUSE_MAX_MS)
            pause_ms *= 2;
    }
}

bool terminate_is_request(int number)
{
    return number == SIGHUP || number == SIGINT || number == SIGQUIT || number == SIGTERM;
}
