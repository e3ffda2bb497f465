/* The loop in which lockersh waits.
 * Must not leave a trace in signal masks or dispositions: the job inherits them. */
#include "wait.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

static const int watched[] = {SIGINT, SIGTERM, SIGHUP};
enum { WATCHED_COUNT = sizeof watched / sizeof *watched };

static volatile sig_atomic_t caught;

/* What was there before. */
struct guard {
    bool active;
    bool first_process; /* of a pid namespace: what is not guarded is lost */
    sigset_t old_mask;
    struct sigaction old_actions[WATCHED_COUNT];
};

static void on_signal(int number)
{
    caught = number;
}

/* Blocks the signals but while poll waits, so that none is missed between a look and a wait. */
static void raise_guard(struct guard *guard)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigset_t set;

    if (guard->active)
        return;
    sigemptyset(&set);
    for (size_t i = 0; i < WATCHED_COUNT; i++)
        sigaddset(&set, watched[i]);
    sigprocmask(SIG_BLOCK, &set, &guard->old_mask);
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < WATCHED_COUNT; i++) {
        sigaction(watched[i], &action, &guard->old_actions[i]);
        if (guard->old_actions[i].sa_handler == SIG_IGN)
            sigaction(watched[i], &guard->old_actions[i], NULL);
    }
    guard->active = true;
}

/* A signal that is pending strikes now, with the effect that it would always have had. */
static void lower_guard(struct guard *guard)
{
    if (!guard->active)
        return;
    for (size_t i = 0; i < WATCHED_COUNT; i++)
        sigaction(watched[i], &guard->old_actions[i], NULL);
    if (!guard->first_process)
        sigprocmask(SIG_SETMASK, &guard->old_mask, NULL);
    guard->active = false;
}

static void end_by_signal(struct ipclocker *lock, struct progress *progress, struct guard *guard)
{
    progress_clear(progress);
    ipclocker_cancel(lock);
    lower_guard(guard);
    raise(caught);
    _exit(128 + caught);
}

static bool stands_in_queue(const struct ipclocker *lock)
{
    struct ipclocker_wait wait;

    ipclocker_wait(lock, &wait);
    return wait.waiting && ipclocker_fd(lock) >= 0;
}

/* With a descriptor that is ready each time, as a server that floods us has it, poll never lets a
 * signal in. */
static void let_signals_in(const struct guard *guard)
{
    const struct timespec at_once = {0};

    if (guard->active)
        ppoll(NULL, 0, &at_once, &guard->old_mask);
}

/* The sooner of two timeouts, of which one below 0 is never. */
static int sooner(int a_ms, int b_ms)
{
    return a_ms < 0 || (b_ms >= 0 && b_ms < a_ms) ? b_ms : a_ms;
}

/* Waits until the handle, the subject, or in `other_ms` what is shown, has something to do. */
static void wait_for_news(struct ipclocker *lock, const struct subject *subject, int other_ms,
                          const struct guard *guard)
{
    struct pollfd poll_fds[2] = {{.fd = ipclocker_fd(lock), .events = ipclocker_events(lock)},
                                 {.fd = -1}};
    int timeout_ms = sooner(ipclocker_timeout(lock), other_ms);
    struct timespec timeout;

    if (subject != NULL)
        timeout_ms = sooner(timeout_ms, subject_prepare(subject, &poll_fds[1]));
    timeout = (struct timespec){.tv_sec = timeout_ms / 1000,
                                .tv_nsec = (long)(timeout_ms % 1000) * 1000000};
    if (ppoll(poll_fds, 2, timeout_ms < 0 ? NULL : &timeout,
              guard->active ? &guard->old_mask : NULL) > 0)
        let_signals_in(guard);
}

/* Nobody is there any more to have the lock. */
static int give_up(struct ipclocker *lock, struct progress *progress)
{
    progress_clear(progress);
    ipclocker_cancel(lock);
    errno = ESRCH;
    return -1;
}

int wait_for_lock(struct ipclocker *lock, struct progress *progress,
                  struct conversation *conversation, struct subject *subject, sigset_t *mask)
{
    struct guard guard = {.first_process = getpid() == 1};
    int result, saved_errno;

    sigprocmask(SIG_SETMASK, NULL, mask);
    if (guard.first_process)
        raise_guard(&guard);
    if (ipclocker_lock_start(lock) != 0)
        return -1;
    while ((result = ipclocker_process(lock)) == 0) {
        /* Outside of a queue there is nothing to leave. */
        if (guard.first_process || stands_in_queue(lock))
            raise_guard(&guard);
        else
            lower_guard(&guard);
        wait_for_news(lock, subject,
                      sooner(progress_update(progress, lock), conversation_update(conversation)),
                      &guard);
        if (caught != 0)
            end_by_signal(lock, progress, &guard);
        if (subject != NULL && subject_has_ended(subject)) {
            result = give_up(lock, progress);
            break;
        }
    }
    saved_errno = errno;
    lower_guard(&guard);
    errno = saved_errno;
    return result < 0 ? -1 : 0;
}
