/* Stays beside the job where the end of this process would be the end of everything.
 * Must not end before the job has, nor leave zombies. */
#include "first_process.h"

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

struct wait {
    pid_t job; /* 0: it has ended */
    int status;
    bool has_others;
};

/* Reaps what has ended. */
static void reap(struct wait *wait)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (pid != wait->job)
            continue;
        wait->status = status;
        wait->job = 0;
    }
    /* All whose parents have ended are ours. */
    wait->has_others = pid == 0;
}

static bool is_over(struct wait *wait, bool for_all)
{
    reap(wait);
    return wait->job == 0 && !(for_all && wait->has_others);
}

/* Passes a signal on; those of a terminal the job has got itself. */
static void pass_on(int signal_fd, pid_t job)
{
    struct signalfd_siginfo info;

    while (read(signal_fd, &info, sizeof info) == sizeof info) {
        if (job != 0 && info.ssi_signo != SIGCHLD && info.ssi_code != SI_KERNEL)
            kill(job, (int)info.ssi_signo);
    }
}

/* Waits for the end of the job, and works meanwhile. */
static int wait_for_job(const struct first_process_work *work, int signal_fd, pid_t job)
{
    struct wait wait = {.job = job};

    while (!is_over(&wait, work != NULL && work->for_all)) {
        struct pollfd poll_fds[2] = {{.fd = signal_fd, .events = POLLIN}, {.fd = -1}};

        poll(poll_fds, 2, work != NULL ? work->prepare(work->context, &poll_fds[1]) : -1);
        pass_on(signal_fd, wait.job);
        if (work != NULL)
            work->work(work->context);
    }
    return wait.status;
}

int first_process_fork_job(const struct first_process_work *work, const sigset_t *mask, int *status)
{
    sigset_t all;
    int signal_fd;
    pid_t job;

    sigfillset(&all);
    signal_fd = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
    if (signal_fd < 0)
        return -1;
    sigprocmask(SIG_SETMASK, &all, NULL);
    job = fork();
    if (job > 0) {
        int ended = wait_for_job(work, signal_fd, job);

        *status = WIFSIGNALED(ended) ? 128 + WTERMSIG(ended) : WEXITSTATUS(ended);
        close(signal_fd);
        return 1;
    }
    sigprocmask(SIG_SETMASK, mask, NULL);
    close(signal_fd);
    return job;
}
