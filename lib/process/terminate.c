/* The order of signals, and the waiting between them.
 * Must not know how what is ended is found or reached. */
#include "terminate.h"

#include <signal.h>
#include <time.h>

#include "base/clock.h"
#include "proc_stat.h"

enum {
    KILL_PAUSE_MS = 20,
    PAUSE_MAX_MS = 1000,
    /* What ignores a signal may end by itself when others have, as a shell does behind its command;
     * what blocks one may be about to hear it. */
    IGNORED_MS = 2000,
    BLOCKED_MS = 5000,
};

static void wait_ms(int64_t ms)
{
    struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    nanosleep(&pause, NULL);
}

/* A process that is in the kernel for long, on a file server that is away, takes its time. */
static bool kill_all(const struct terminate_target *target)
{
    int64_t pause_ms = KILL_PAUSE_MS, until_ms = clock_now_ms() + target->after_kill_ms;

    target->kill(target->context);
    if (!target->again && target->after_kill_ms == 0)
        return false;
    while (!target->is_done(target->context)) {
        if (target->after_kill_ms != 0 && clock_now_ms() >= until_ms)
            return false;
        wait_ms(pause_ms);
        if (pause_ms < PAUSE_MAX_MS)
            pause_ms *= 2;
        target->kill(target->context);
    }
    return true;
}

/* Returns false when the time is over. */
static bool wait_until_done(const struct terminate_target *target, int64_t limit_ms)
{
    int64_t until_ms = clock_now_ms() + limit_ms, pause_ms = target->pause_ms;

    while (!target->is_done(target->context)) {
        int64_t left = until_ms - clock_now_ms();

        if (left <= 0)
            return false;
        wait_ms(left < pause_ms ? left : pause_ms);
        if (!target->again)
            continue;
        target->signal(target->context);
        if (pause_ms < PAUSE_MAX_MS)
            pause_ms *= 2;
    }
    return true;
}

bool terminate_run(const struct terminate_target *target, int64_t grace_ms)
{
    int64_t limit_ms = grace_ms >= 0 ? grace_ms : target->patience_ms;

    target->signal(target->context);
    if (grace_ms < 0 && limit_ms == 0)
        return false;
    if (wait_until_done(target, limit_ms))
        return true;
    return grace_ms >= 0 && kill_all(target);
}

/* Signals that ask a process to end. */
static bool is_request(int number)
{
    return number == SIGHUP || number == SIGINT || number == SIGQUIT || number == SIGTERM;
}

bool terminate_needs_continue(int number)
{
    switch (number) {
    case SIGKILL:
    case SIGSTOP:
    case SIGTSTP:
    case SIGTTIN:
    case SIGTTOU:
    case SIGCONT:
    case SIGCHLD:
    case SIGURG:
    case SIGWINCH:
        return false;
    default:
        return true;
    }
}

int terminate_next_signal(pid_t pid, int number, int64_t since_ms)
{
    struct proc_signals signals;

    if (!is_request(number) || since_ms < IGNORED_MS || proc_signals_read(pid, &signals) != 0)
        return 0;
    if (!proc_signals_has(signals.ignored, number) &&
        !(since_ms >= BLOCKED_MS && proc_signals_has(signals.pending, number)))
        return 0;
    return number == SIGTERM ? SIGKILL : SIGTERM;
}
