/* Process identity from pidfd_open(2), kill(2) and /proc.
 * Must never take silence or a lack of permission for absence. */
#include "process.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "proc_file.h"
#include "proc_stat.h"
#include "time_namespace.h"

static int open_pidfd(pid_t pid)
{
#ifdef SYS_pidfd_open
    return (int)syscall(SYS_pidfd_open, pid, 0);
#else
    errno = ENOSYS;
    return -1;
#endif
}

/* A pidfd is readable when every thread has ended; the leader alone may be a zombie before. */
bool process_has_ended(int fd)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

    return poll(&poll_fd, 1, 0) > 0;
}

static enum pidstat_state judge_start(uint64_t start, uint64_t found)
{
    if (start == 0 || start == found)
        return PIDSTAT_EXISTS;
    return found == 0 ? PIDSTAT_UNKNOWN : PIDSTAT_GONE;
}

/* Judges a process behind a pidfd: the descriptor pins the pid while /proc is read. */
static enum pidstat_state judge_pidfd(int fd, pid_t pid, uint64_t start)
{
    uint64_t found = 0;

    if (start != 0)
        found = proc_stat_read(pid).start;
    if (process_has_ended(fd))
        return PIDSTAT_GONE;
    return judge_start(start, found);
}

/* For kernels without pidfd, and for the ids of threads, which it refuses. */
static enum pidstat_state lookup_by_signal(pid_t pid, uint64_t start)
{
    struct proc_stat stat;

    if (kill(pid, 0) != 0 && errno == ESRCH)
        return PIDSTAT_GONE;
    stat = proc_stat_read(pid);
    if (proc_stat_is_dead(&stat))
        return PIDSTAT_GONE;
    return judge_start(start, stat.start);
}

enum pidstat_state process_lookup(pid_t pid, uint64_t start)
{
    int saved_errno = errno;
    enum pidstat_state result = PIDSTAT_GONE;

    if (pid > 0) {
        int fd = open_pidfd(pid);

        if (fd >= 0) {
            result = judge_pidfd(fd, pid, start);
            close(fd);
        } else if (errno != ESRCH) {
            result = lookup_by_signal(pid, start);
        }
    }
    errno = saved_errno;
    return result;
}

uint64_t process_start_time(pid_t pid)
{
    struct proc_stat stat = proc_stat_read(pid);

    return proc_stat_is_dead(&stat) ? 0 : stat.start;
}

int process_open(pid_t pid, uint64_t start)
{
    enum pidstat_state state;
    int fd;

    if (pid <= 0) {
        errno = ESRCH;
        return -1;
    }
    fd = open_pidfd(pid);
    if (fd < 0)
        return -1;
    state = judge_pidfd(fd, pid, start);
    if (state == PIDSTAT_EXISTS)
        return fd;
    close(fd);
    errno = state == PIDSTAT_GONE ? ESRCH : EPERM;
    return -1;
}

struct group_search {
    pid_t group;
    uint64_t before;
    bool found;
};

static bool look_for_group(void *context, const struct proc_stat *stat)
{
    struct group_search *search = context;

    search->found = stat->group == search->group && stat->start < search->before;
    return !search->found;
}

bool process_group_has_member(pid_t group, uint64_t before)
{
    struct group_search search = {.group = group, .before = before};

    proc_stat_walk(look_for_group, &search);
    return search.found;
}

uint64_t process_clock(void)
{
    const int64_t second_ns = 1000000000, ticks = sysconf(_SC_CLK_TCK);
    struct timespec now;

    int64_t now_ns;

    clock_gettime(CLOCK_BOOTTIME, &now);
    now_ns = now.tv_sec * second_ns + now.tv_nsec - time_namespace_boot_offset_ns();
    return (uint64_t)(now_ns / (second_ns / ticks));
}

/* PROC_PID_INIT_INO of the kernel. */
static const uint64_t initial_pid_namespace = 0xeffffffc;

static char boot_id[37] = "-";

static void read_boot_id(void)
{
    char buf[64];

    if (proc_file_read("/proc/sys/kernel/random/boot_id", buf, sizeof buf) >= 36) {
        memcpy(boot_id, buf, 36);
        boot_id[36] = '\0';
    }
}

const char *process_boot_id(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, read_boot_id);
    return boot_id;
}

bool process_ended_with_boot(pid_t pid, uint64_t start, const char *boot)
{
    if (strlen(process_boot_id()) <= 1 || strcmp(boot, process_boot_id()) == 0)
        return false;
    return start == 0 || process_lookup(pid, start) != PIDSTAT_EXISTS;
}

/* That of a process never changes, but a child may be in another one: as pid 1, often. */
uint64_t process_pid_namespace(void)
{
    static _Thread_local pid_t known_of;
    static _Thread_local uint64_t known;
    struct stat st;

    if (known_of > 1 && known_of == getpid())
        return known;
    if (stat("/proc/self/ns/pid", &st) != 0)
        return 0;
    known = (uint64_t)st.st_ino;
    known_of = getpid();
    return known;
}

bool process_namespace_is_container(uint64_t pid_namespace)
{
    return pid_namespace != 0 && pid_namespace != initial_pid_namespace;
}
