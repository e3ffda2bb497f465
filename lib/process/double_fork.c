/* A double fork, and letting go of all that was inherited.
 * Must not touch the caller's own descriptors. */
#include "double_fork.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FDS_AT_MOST = 65536 };

/* For kernels without close_range(2), 5.9. */
static void close_one_by_one(int first)
{
    struct rlimit limit = {.rlim_cur = FDS_AT_MOST};

    getrlimit(RLIMIT_NOFILE, &limit);
    for (int fd = first; fd < FDS_AT_MOST && (rlim_t)fd < limit.rlim_cur; fd++)
        close(fd);
}

static void close_from(int first)
{
#ifdef SYS_close_range
    if (syscall(SYS_close_range, (unsigned)first, ~0U, 0) == 0)
        return;
#endif
    close_one_by_one(first);
}

/* Moves what is kept out of the way first: it may sit on the numbers that it is to get. */
static int let_go(int *keep, size_t keep_count)
{
    int next = STDERR_FILENO + 1, highest = next + (int)keep_count;
    int null_fd;

    for (size_t i = 0; i < keep_count; i++) {
        if (keep[i] >= 0 && (keep[i] = fcntl(keep[i], F_DUPFD_CLOEXEC, highest)) < 0)
            return -1;
    }
    for (size_t i = 0; i < keep_count; i++) {
        if (keep[i] >= 0)
            keep[i] = dup3(keep[i], next++, O_CLOEXEC);
    }
    close_from(next);
    null_fd = open("/dev/null", O_RDWR);
    if (null_fd < 0)
        return -1;
    dup2(null_fd, STDIN_FILENO);
    dup2(null_fd, STDOUT_FILENO);
    dup2(null_fd, STDERR_FILENO);
    if (null_fd > STDERR_FILENO)
        close(null_fd);
    return chdir("/");
}

/* The status of the process between us and the helper: did it manage its own fork? */
static int wait_for(pid_t pid)
{
    int status = 0;

    while (waitpid(pid, &status, 0) < 0) {
        /* With SIGCHLD ignored there is nothing to wait for. */
        if (errno != EINTR)
            return 0;
    }
    return status;
}

int detach_fork(int *keep, size_t keep_count)
{
    pid_t pid = fork();

    if (pid < 0)
        return -1;
    if (pid > 0) {
        if (wait_for(pid) == 0)
            return 1;
        errno = EAGAIN;
        return -1;
    }
    setsid();
    /* Before the caller goes on: a copy of a connection that it closes next would keep that open,
     * or reset it. */
    if (let_go(keep, keep_count) != 0)
        _exit(1);
    pid = fork();
    if (pid != 0)
        _exit(pid < 0);
    return 0;
}
