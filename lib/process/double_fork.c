/* A double fork, and letting go of all that was inherited.
 * Must not touch the caller's own descriptors. */
#include "double_fork.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/descriptor.h"

/* What cannot be let go of nicely is let go of all the same: nobody waits for this process. */
static int let_go(int *keep, size_t keep_count)
{
    for (size_t i = 0; i < keep_count; i++) {
        if (keep[i] >= 0 && keep[i] <= STDERR_FILENO &&
            (keep[i] = fcntl(keep[i], F_DUPFD_CLOEXEC, STDERR_FILENO + 1)) < 0)
            return -1;
    }
    descriptor_close_all_but(keep, keep_count);
    if (descriptor_streams_to_null(true) != 0) {
        for (int fd = 0; fd <= STDERR_FILENO; fd++)
            close(fd);
    }
    /* Staying where we are would at worst keep a file system busy. */
    if (chdir("/") != 0)
        errno = 0;
    return 0;
}

/* Waits for the process between us and the helper, whose status is the errno that it met. */
static int wait_for(pid_t pid)
{
    int status = 0;

    while (waitpid(pid, &status, 0) < 0) {
        /* With SIGCHLD ignored there is no status; it went well as far as we know. */
        if (errno != EINTR)
            return errno == ECHILD ? 0 : -1;
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    errno = WIFEXITED(status) ? WEXITSTATUS(status) : EAGAIN;
    return -1;
}

/* What the process in between does.  Returns in the helper alone. */
static void leave_helper(int *keep, size_t keep_count)
{
    pid_t pid;

    setsid();
    /* Before the caller goes on: a copy of a connection that it closes next would keep that open,
     * or reset it. */
    if (let_go(keep, keep_count) != 0)
        _exit(errno);
    pid = fork();
    if (pid != 0)
        _exit(pid < 0 ? errno : 0);
}

int double_fork(int *keep, size_t keep_count)
{
    sigset_t all, mask;
    pid_t pid;
    int result;

    /* While the process in between runs we do not: what stopped it alone would stop us unseen. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &mask);
    /* It has no memory of its own: what we have is copied once, for the helper, and we go on when
     * it has ended.  Until then it stands on our stack, below this frame, and the helper returns
     * from there on its copy. */
    pid = vfork(); /* NOLINT(clang-analyzer-security.insecureAPI.vfork) */
    if (pid == 0) {
        leave_helper(keep, keep_count); /* NOLINT(clang-analyzer-unix.Vfork) */
        result = 0;
    } else {
        result = pid > 0 && wait_for(pid) == 0 ? 1 : -1;
    }
    pthread_sigmask(SIG_SETMASK, &mask, NULL);
    return result;
}
