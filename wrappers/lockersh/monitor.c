/* Watches a job by pidfd and gives its lock back.
 * Must not keep anything of the job's open, nor be killed along with it. */
#include "monitor.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "patience.h"
#include "process/double_fork.h"
#include "process/process.h"
#include "process/process_ref.h"

/* How often to look at the job on a kernel without pidfd. */
enum { LOOK_MS = 100 };

/* Waits until the job has ended, and keeps the connection meanwhile. */
static void watch(struct ipclocker *lock, const struct process_ref *job)
{
    bool connected = true;

    while (!process_ref_has_ended(job)) {
        struct pollfd poll_fds[2] = {{.fd = job->fd, .events = POLLIN}, {.fd = -1}};
        int timeout_ms = -1;

        if (connected) {
            poll_fds[1].fd = ipclocker_fd(lock);
            poll_fds[1].events = ipclocker_events(lock);
            timeout_ms = ipclocker_timeout(lock);
        }
        if (job->fd < 0 && (timeout_ms < 0 || timeout_ms > LOOK_MS))
            timeout_ms = LOOK_MS;
        poll(poll_fds, 2, timeout_ms);
        /* What cannot be renewed may be ours in part still: it is given back in the end. */
        if (connected && poll_fds[0].revents == 0 && ipclocker_process(lock) < 0) {
            ipclocker_forget(lock);
            connected = false;
        }
    }
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
static void monitor(struct ipclocker *lock, const struct process_ref *job)
{
    unsigned seconds = patience_s(patience_same_host(ipclocker_fd(lock)),
                                  process_namespace_is_container(process_pid_namespace()));

    prctl(PR_SET_NAME, "lockersh-watch");
    ipclocker_set_verbose(lock, false);
    ipclocker_set_trace(lock, NULL, NULL);
    watch(lock, job);
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

int monitor_start(struct ipclocker *lock)
{
    struct process_ref job;
    int keep[2], result;
    sigset_t old_mask;

    if (process_ref_open(&job, getpid(), 0) != 0)
        return -1;
    keep[0] = ipclocker_fd(lock);
    keep[1] = job.fd;
    block_signals(&old_mask);
    result = double_fork(keep, 2);
    if (result == 0) {
        monitor(lock, &job);
        _exit(0);
    }
    restore_signals(&old_mask);
    process_ref_close(&job);
    return result > 0 ? 0 : -1;
}
