/* References by pidfd, or by pid and start time where the kernel has none.
 * Must not signal what may be another process. */
#include "process_ref.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "process.h"

/* Without a descriptor only the start time tells a process from the next with its pid. */
static int refer_by_start(struct process_ref *ref)
{
    enum pidstat_state state;

    if (ref->start == 0)
        ref->start = process_start_time(ref->pid);
    state = process_lookup(ref->pid, ref->start);
    if (state == PIDSTAT_EXISTS)
        return 0;
    errno = state == PIDSTAT_GONE ? ESRCH : EPERM;
    return -1;
}

int process_ref_open(struct process_ref *ref, pid_t pid, uint64_t start)
{
    struct process_ref found = {.pid = pid, .start = start, .fd = process_open(pid, start)};

    /* Some containers forbid pidfd_open(2): EPERM may mean that, too. */
    if (found.fd < 0 && (errno == ESRCH || refer_by_start(&found) != 0))
        return -1;
    *ref = found;
    return 0;
}

bool process_ref_has_ended(const struct process_ref *ref)
{
    if (ref->fd >= 0)
        return process_has_ended(ref->fd);
    return process_lookup(ref->pid, ref->start) == PIDSTAT_GONE;
}

static int send_by_pidfd(int fd, int number)
{
#ifdef SYS_pidfd_send_signal
    return (int)syscall(SYS_pidfd_send_signal, fd, number, NULL, 0);
#else
    (void)fd;
    (void)number;
    errno = ENOSYS;
    return -1;
#endif
}

/* While the process lives, a descriptor of it keeps its pid from being another's. */
static bool owns_pid(const struct process_ref *ref)
{
    if (ref->fd >= 0)
        return !process_has_ended(ref->fd);
    return process_lookup(ref->pid, ref->start) == PIDSTAT_EXISTS;
}

int process_ref_signal(const struct process_ref *ref, int number)
{
    if (ref->fd >= 0) {
        int result = send_by_pidfd(ref->fd, number);

        if (result == 0 || errno != ENOSYS)
            return result;
    }
    if (owns_pid(ref))
        return kill(ref->pid, number);
    errno = ESRCH;
    return -1;
}

void process_ref_close(struct process_ref *ref)
{
    descriptor_close(ref->fd);
    ref->fd = -1;
}
