/* Closing and redirecting descriptors.
 * Must not know what they are. */
#include "descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { FDS_AT_MOST = 65536 };

void descriptor_close(int fd)
{
    int saved_errno = errno;

    if (fd >= 0)
        close(fd);
    errno = saved_errno;
}

/* For kernels without close_range(2), 5.9. */
static void close_one_by_one(int first, int last)
{
    struct rlimit limit = {.rlim_cur = FDS_AT_MOST};

    getrlimit(RLIMIT_NOFILE, &limit);
    for (int fd = first; fd <= last && fd < FDS_AT_MOST && (rlim_t)fd < limit.rlim_cur; fd++)
        close(fd);
}

static void close_between(int first, int last)
{
    if (first > last)
        return;
#ifdef SYS_close_range
    if (syscall(SYS_close_range, (unsigned)first, (unsigned)last, 0) == 0)
        return;
#endif
    close_one_by_one(first, last);
}

/* The lowest that is to be kept and not below `first`; INT_MAX when there is none. */
static int next_kept(const int *keep, size_t keep_count, int first)
{
    int next = INT_MAX;

    for (size_t i = 0; i < keep_count; i++) {
        if (keep[i] >= first && keep[i] < next)
            next = keep[i];
    }
    return next;
}

ssize_t descriptor_read(int fd, char *buf, size_t size)
{
    size_t len = 0;
    ssize_t got = 1;

    while (got != 0 && len < size) {
        got = read(fd, buf + len, size - len);
        if (got < 0 && errno != EINTR)
            return -1;
        if (got > 0)
            len += (size_t)got;
    }
    return (ssize_t)len;
}

void descriptor_notify(int fd)
{
    const uint64_t one = 1;

    if (write(fd, &one, sizeof one) != sizeof one)
        return;
}

void descriptor_close_all_but(const int *keep, size_t keep_count)
{
    int first = STDERR_FILENO + 1, kept;

    while ((kept = next_kept(keep, keep_count, first)) != INT_MAX) {
        close_between(first, kept - 1);
        first = kept + 1;
    }
    close_between(first, INT_MAX);
}

int descriptor_streams_to_null(bool with_stderr)
{
    int fd = open("/dev/null", O_RDWR);

    if (fd < 0)
        return -1;
    dup2(fd, STDIN_FILENO);
    dup2(fd, STDOUT_FILENO);
    if (with_stderr)
        dup2(fd, STDERR_FILENO);
    if (fd > STDERR_FILENO)
        close(fd);
    return 0;
}

void descriptor_occupy_streams(int flags)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        /* What is written to a stream that was closed must not seem to have arrived. */
        int mode = fd == STDIN_FILENO ? O_RDWR : O_RDONLY;

        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", mode | flags) < 0)
            return;
    }
}

int descriptor_spare(unsigned count)
{
    int fds[8], result = 0;
    unsigned opened = 0;

    while (opened < count && opened < sizeof fds / sizeof *fds && result == 0) {
        fds[opened] = eventfd(0, EFD_CLOEXEC);
        if (fds[opened] < 0)
            result = -1;
        else
            opened++;
    }
    while (opened > 0)
        descriptor_close(fds[--opened]);
    return result;
}

void descriptor_raise_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}
