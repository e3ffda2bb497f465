/* Watches a job by pidfd and gives its lock back.
 * Must not keep anything of the job's open, nor be killed along with it. */
#include "monitor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process/process.h"

/* How often to look at the job on a kernel without pidfd. */
enum { LOOK_MS = 100 };

/* A server that is away for longer has forgotten the lock, or nobody will start it again. */
enum { UNLOCK_MAX_S = 86400 };

struct job {
    pid_t pid;
    uint64_t start; /* only where there is no pidfd */
    int pidfd;      /* or -1 */
};

static void close_between(int first, int last)
{
    if (first > last)
        return;
#ifdef SYS_close_range
    if (syscall(SYS_close_range, (unsigned)first, (unsigned)last, 0) == 0)
        return;
#endif
    for (int fd = first; fd <= last && fd < 65536; fd++)
        close(fd);
}

/* Closes everything but two descriptors, and points standard input and output to nowhere.  A pipe
 * or a terminal that stayed open here would look to others as if the job went on. */
static void let_go(int keep, int keep_too)
{
    int low = keep < keep_too ? keep : keep_too, high = keep < keep_too ? keep_too : keep;
    int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

    for (int fd = 0; fd <= 2 && null_fd >= 0; fd++)
        dup2(null_fd, fd);
    close_between(3, low - 1);
    close_between(low < 3 ? 3 : low + 1, high - 1);
    close_between(high < 3 ? 3 : high + 1, INT32_MAX);
    /* Staying where we are would at worst keep a file system busy. */
    if (chdir("/") != 0)
        errno = 0;
}

static bool has_ended(const struct job *job)
{
    struct pollfd poll_fd = {.fd = job->pidfd, .events = POLLIN};

    if (job->pidfd >= 0)
        return poll(&poll_fd, 1, 0) > 0;
    return process_lookup(job->pid, job->start) == PROCESS_GONE;
}

/* Waits until the job has ended, and keeps the connection meanwhile. */
static void watch(struct ipclocker *lock, const struct job *job)
{
    bool connected = true;

    while (!has_ended(job)) {
        struct pollfd poll_fds[2] = {{.fd = job->pidfd, .events = POLLIN}, {.fd = -1}};
        int timeout_ms = -1;

        if (connected) {
            poll_fds[1].fd = ipclocker_fd(lock);
            poll_fds[1].events = ipclocker_events(lock);
            timeout_ms = ipclocker_timeout(lock);
        }
        if (job->pidfd < 0 && (timeout_ms < 0 || timeout_ms > LOOK_MS))
            timeout_ms = LOOK_MS;
        poll(poll_fds, 2, timeout_ms);
        /* What cannot be renewed may be ours in part still: it is given back in the end. */
        if (connected && poll_fds[0].revents == 0 && ipclocker_process(lock) < 0) {
            ipclocker_forget(lock);
            connected = false;
        }
    }
}

/* From here on, whoever wants to be rid of us may be: there is no job any more to protect.  What
 * was sent before was for the job. */
static void let_end(void)
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
    alarm(UNLOCK_MAX_S);
}

/* The monitor itself. */
static void monitor(struct ipclocker *lock, const struct job *job)
{
    let_go(ipclocker_fd(lock), job->pidfd);
    prctl(PR_SET_NAME, "lockersh-watch");
    ipclocker_set_verbose(lock, false);
    ipclocker_set_trace(lock, NULL, NULL);
    watch(lock, job);
    /* Whoever ends a job by a signal to all of its processes may come to us a moment after it. */
    ipclocker_set_connect_tries(lock, 1);
    if (ipclocker_unlock(lock) == 0)
        return;
    let_end();
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

/* The process between, which ends at once, so that init inherits the monitor and the job never
 * sees a child that it did not start. */
static void leave_behind(struct ipclocker *lock, const struct job *job)
{
    pid_t child;

    setsid();
    child = fork();
    if (child == 0) {
        monitor(lock, job);
        _exit(0);
    }
    _exit(child < 0 ? errno : 0);
}

static int wait_for(pid_t child)
{
    int status = 0;

    while (waitpid(child, &status, 0) < 0) {
        /* Where SIGCHLD is ignored, children leave no status; it went well as far as we know. */
        if (errno != EINTR)
            return errno == ECHILD ? 0 : -1;
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    errno = WIFEXITED(status) ? WEXITSTATUS(status) : EAGAIN;
    return -1;
}

/* The job must not find a signal pending of a child that it never had. */
static void restore_signals(const sigset_t *old_mask)
{
    const struct timespec at_once = {0};
    sigset_t child_ended;

    if (sigismember(old_mask, SIGCHLD) == 1) {
        sigemptyset(&child_ended);
        sigaddset(&child_ended, SIGCHLD);
        sigtimedwait(&child_ended, NULL, &at_once);
    }
    sigprocmask(SIG_SETMASK, old_mask, NULL);
}

int monitor_start(struct ipclocker *lock)
{
    struct job job = {.pid = getpid()};
    sigset_t old_mask;
    pid_t child;
    int result = -1, saved_errno;

    job.pidfd = process_open(job.pid, 0);
    if (job.pidfd < 0 && errno != ENOSYS)
        return -1;
    if (job.pidfd < 0)
        job.start = process_start_time(job.pid);
    block_signals(&old_mask);
    child = fork();
    if (child == 0)
        leave_behind(lock, &job);
    if (child > 0)
        result = wait_for(child);
    saved_errno = errno;
    restore_signals(&old_mask);
    if (job.pidfd >= 0)
        close(job.pidfd);
    errno = saved_errno;
    return result;
}
