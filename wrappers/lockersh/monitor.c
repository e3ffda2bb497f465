/* Watches a process by pidfd and gives its lock back.
 * Must not keep anything of the job's open, nor be killed along with it. */
#include "monitor.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/resident.h"
#include "patience.h"
#include "process/double_fork.h"
#include "process/process.h"

enum {
    FILE_WAIT_MS = 10000, /* for a daemon to write its pid, from the end of its command on */
    FILE_LOOK_MS = 50,
    SHORT_JOB_MS = 10000,
    LONG_SLEEP_MS = 60000,
};

/* What the monitor goes by. */
struct keeper {
    struct ipclocker *lock;
    struct subject *subject;
    struct loss loss;
    int64_t settles_ms; /* when the job is none of the short ones */
};

/* Sleeps with as little memory as it can where that may be for long.  A short job does not pay for
 * it: what was let go of has to be had back at its end. */
static void sleep_until_news(const struct keeper *keeper, struct pollfd poll_fds[2], int timeout_ms)
{
    if (timeout_ms < 0 || timeout_ms >= LONG_SLEEP_MS) {
        int64_t left_ms = keeper->settles_ms - clock_now_ms();

        if (left_ms > 0 && poll(poll_fds, 2, (int)left_ms) != 0)
            return;
        resident_let_go();
        if (left_ms > 0 && timeout_ms > 0)
            timeout_ms -= (int)left_ms;
    }
    poll(poll_fds, 2, timeout_ms);
}

/* Looks after the lock until something may have happened to the process, if it is to be watched, or
 * for so long. */
static void wait_for_news(struct keeper *keeper, const struct subject *subject, int limit_ms)
{
    struct pollfd poll_fds[2] = {{.fd = -1}, {.fd = -1}};
    int own_ms = subject != NULL ? subject_prepare(subject, &poll_fds[0]) : limit_ms;
    int timeout_ms = loss_prepare(&keeper->loss, keeper->lock, &poll_fds[1]);

    if (own_ms >= 0 && (timeout_ms < 0 || timeout_ms > own_ms))
        timeout_ms = own_ms;
    sleep_until_news(keeper, poll_fds, timeout_ms);
    if (poll_fds[0].revents == 0)
        loss_work(&keeper->loss, keeper->lock);
}

/* Waits until the process has ended, or somebody else has given the lock back, and keeps it
 * meanwhile. */
static void watch(struct keeper *keeper)
{
    while (!keeper->loss.given_back && !subject_has_ended(keeper->subject))
        wait_for_news(keeper, keeper->subject, -1);
}

/* Goes on for another process.  Where the server cannot note it, we are still there to give the
 * lock back in time. */
static void go_on_for(const struct keeper *keeper, const struct process_ref *next, uint64_t start)
{
    process_ref_close(&keeper->subject->here);
    keeper->subject->here = *next;
    ipclocker_follow(keeper->lock, next->pid, start);
}

/* Goes on for what is left of the family; NULL is none. */
static bool inherit(const struct keeper *keeper, const struct family *family)
{
    struct process_ref next;

    if (family == NULL || keeper->loss.given_back || !family_next(family, &next))
        return false;
    go_on_for(keeper, &next, process_start_time(next.pid));
    return true;
}

/* Waits for the process that the file names; NULL is no file. */
static bool follow(struct keeper *keeper, const struct pid_file *file, int patience_ms)
{
    int64_t deadline_ms = clock_now_ms() + patience_ms;
    struct process_ref next;
    uint64_t start = 0;
    pid_t pid;

    if (file == NULL || keeper->loss.given_back)
        return false;
    while ((pid = pid_file_read(file, &start)) == 0 || process_ref_open(&next, pid, start) != 0) {
        if (clock_now_ms() >= deadline_ms || keeper->loss.given_back)
            return false;
        wait_for_news(keeper, NULL, FILE_LOOK_MS);
    }
    go_on_for(keeper, &next, start);
    return true;
}

/* Keeps the lock for the process, and for those that it names in turn.  Returns whether there is
 * something to give back: what the owner has given back it may have got again meanwhile. */
static bool keep(struct ipclocker *lock, struct subject *subject, const struct monitor_plan *plan)
{
    struct keeper keeper = {
        .lock = lock, .subject = subject, .settles_ms = clock_now_ms() + SHORT_JOB_MS};
    int patience_ms = FILE_WAIT_MS;

    loss_init(&keeper.loss, plan->loss, subject_here(subject));
    do {
        watch(&keeper);
    } while (inherit(&keeper, plan->family) ||
             (follow(&keeper, plan->file, patience_ms) && (patience_ms = 0) == 0));
    return !keeper.loss.given_back;
}

/* From here on it is over after some time, and whoever wants to be rid of us may be: there is no
 * job any more to protect.  What was sent before was for the job. */
static void let_end(unsigned seconds)
{
    static const int numbers[] = {SIGTERM, SIGINT, SIGALRM};
    sigset_t set;

    sigemptyset(&set);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        signal(numbers[i], SIG_IGN);
        signal(numbers[i], SIG_DFL);
        sigaddset(&set, numbers[i]);
    }
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    alarm(seconds);
}

/* The monitor itself.  It holds on to the connection and the pidfd alone: a pipe or a terminal that
 * stayed open here would look to others as if the job went on. */
static void monitor(struct ipclocker *lock, struct subject *subject,
                    const struct monitor_plan *plan)
{
    unsigned seconds = patience_s(patience_same_host(ipclocker_fd(lock)),
                                  process_namespace_is_container(process_pid_namespace()));
    bool is_ours;

    if (plan->family != NULL)
        family_leave(plan->family);
    prctl(PR_SET_NAME, "lockersh-watch");
    ipclocker_set_verbose(lock, false);
    ipclocker_set_trace(lock, NULL, NULL);
    is_ours = keep(lock, subject, plan);
    if (plan->family != NULL)
        family_forget(plan->family);
    if (!is_ours)
        return;
    /* Whoever ends a job by a signal to all of its processes may come to us a moment after it. */
    ipclocker_set_connect_tries(lock, 1);
    if (ipclocker_unlock(lock) == 0)
        return;
    let_end(seconds);
    ipclocker_set_connect_tries(lock, 0);
    ipclocker_unlock(lock);
}

/* Signals to the job's process group or control group are for the job. */
static void block_signals(sigset_t *old)
{
    sigset_t all;

    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, old);
}

/* The job must not find a signal pending of a child that it never had.  Keeps errno. */
static void restore_signals(const sigset_t *old_mask)
{
    const struct timespec at_once = {0};
    int saved_errno = errno;
    sigset_t child_ended;

    if (sigismember(old_mask, SIGCHLD) == 1) {
        sigemptyset(&child_ended);
        sigaddset(&child_ended, SIGCHLD);
        sigtimedwait(&child_ended, NULL, &at_once);
    }
    sigprocmask(SIG_SETMASK, old_mask, NULL);
    errno = saved_errno;
}

int monitor_start(struct ipclocker *lock, const struct subject *subject,
                  const struct monitor_plan *plan)
{
    struct subject own = *subject;
    int keep_open[2] = {ipclocker_fd(lock), subject->here.fd}, result;
    sigset_t old_mask;

    block_signals(&old_mask);
    result = double_fork(keep_open, 2);
    if (result == 0) {
        own.here.fd = subject->here.pid != 0 ? keep_open[1] : -1;
        if (subject_watch(&own) == 0)
            monitor(lock, &own, plan);
        _exit(0);
    }
    restore_signals(&old_mask);
    return result > 0 ? 0 : -1;
}
