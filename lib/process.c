/* Process identity from pidfd_open(2), kill(2) and /proc.
 * Must not signal anything, and must never take silence or a lack of permission for absence. */
#include "process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "number.h"

/* What /proc/PID/stat says; `state` is 0 where it cannot be read. */
struct proc_stat {
    char state;
    pid_t group;
    int threads;
    uint64_t start;
};

static ssize_t read_small_file(const char *path, char *buf, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t len;

    if (fd < 0)
        return -1;
    do {
        len = read(fd, buf, size - 1);
    } while (len < 0 && errno == EINTR);
    close(fd);
    if (len >= 0)
        buf[len] = '\0';
    return len;
}

/* After unshare(1) --pid without --mount-proc, /proc speaks of another pid namespace's pids:
 * what it says about ours would be about strangers. */
static bool proc_is_ours(void)
{
    char shown[16], own[16];
    ssize_t len = readlink("/proc/self", shown, sizeof shown - 1);

    if (len < 0)
        return false;
    shown[len] = '\0';
    snprintf(own, sizeof own, "%d", (int)getpid());
    return strcmp(shown, own) == 0;
}

/* Takes the fields behind the command name apart, the first of which is the third in proc(5). */
static bool parse_proc_stat(char *text, struct proc_stat *stat)
{
    enum { STATE = 3, GROUP = 5, THREADS = 20, START = 22 };
    uint64_t group = 0, threads = 0;
    char *rest = NULL;

    for (int field = STATE; field <= START; field++) {
        const char *word = strtok_r(field == STATE ? text : NULL, " ", &rest);

        if (word == NULL)
            return false;
        if (field == STATE)
            stat->state = *word;
        else if ((field == GROUP && number_parse(word, INT32_MAX, &group) != 0) ||
                 (field == THREADS && number_parse(word, INT32_MAX, &threads) != 0) ||
                 (field == START && number_parse(word, UINT64_MAX, &stat->start) != 0))
            return false;
    }
    stat->group = (pid_t)group;
    stat->threads = (int)threads;
    return true;
}

static struct proc_stat read_proc_stat(pid_t pid)
{
    struct proc_stat result = {0};
    char path[40], buf[1024];
    char *rest;

    if (!proc_is_ours())
        return result;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    if (read_small_file(path, buf, sizeof buf) <= 0)
        return result;
    /* The command name may hold anything, ')' included: the last one ends it. */
    rest = strrchr(buf, ')');
    if (rest == NULL || !parse_proc_stat(rest + 1, &result))
        result = (struct proc_stat){0};
    return result;
}

/* A zombie; but not a first thread that has ended while others of its process run on. */
static bool is_dead(const struct proc_stat *stat)
{
    return stat->state == 'X' || stat->state == 'x' || (stat->state == 'Z' && stat->threads <= 1);
}

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

static enum process_state judge_start(uint64_t start, uint64_t found)
{
    if (start == 0 || start == found)
        return PROCESS_EXISTS;
    return found == 0 ? PROCESS_UNKNOWN : PROCESS_GONE;
}

/* Judges a process behind a pidfd: the descriptor pins the pid while /proc is read. */
static enum process_state judge_pidfd(int fd, pid_t pid, uint64_t start)
{
    uint64_t found = 0;

    if (start != 0)
        found = read_proc_stat(pid).start;
    if (process_has_ended(fd))
        return PROCESS_GONE;
    return judge_start(start, found);
}

/* For kernels without pidfd, and for the ids of threads, which it refuses. */
static enum process_state lookup_by_signal(pid_t pid, uint64_t start)
{
    struct proc_stat stat;

    if (kill(pid, 0) != 0 && errno == ESRCH)
        return PROCESS_GONE;
    stat = read_proc_stat(pid);
    if (is_dead(&stat))
        return PROCESS_GONE;
    return judge_start(start, stat.start);
}

enum process_state process_lookup(pid_t pid, uint64_t start)
{
    int saved_errno = errno;
    enum process_state result = PROCESS_GONE;

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
    struct proc_stat stat = read_proc_stat(pid);

    return is_dead(&stat) ? 0 : stat.start;
}

int process_open(pid_t pid, uint64_t start)
{
    enum process_state state;
    int fd;

    if (pid <= 0) {
        errno = ESRCH;
        return -1;
    }
    fd = open_pidfd(pid);
    if (fd < 0)
        return -1;
    state = judge_pidfd(fd, pid, start);
    if (state == PROCESS_EXISTS)
        return fd;
    close(fd);
    errno = state == PROCESS_GONE ? ESRCH : EPERM;
    return -1;
}

bool process_group_has_member(pid_t group, uint64_t before)
{
    DIR *folder = opendir("/proc");
    bool found = false;

    if (folder == NULL)
        return false;
    for (const struct dirent *entry; !found && (entry = readdir(folder)) != NULL;) {
        struct proc_stat stat;
        uint64_t pid;

        if (number_parse(entry->d_name, INT32_MAX, &pid) != 0)
            continue;
        stat = read_proc_stat((pid_t)pid);
        found = stat.state != 0 && !is_dead(&stat) && stat.group == group && stat.start < before;
    }
    closedir(folder);
    return found;
}

uint64_t process_clock(void)
{
    uint64_t ticks = (uint64_t)sysconf(_SC_CLK_TCK);
    struct timespec now;

    clock_gettime(CLOCK_BOOTTIME, &now);
    return (uint64_t)now.tv_sec * ticks + (uint64_t)now.tv_nsec * ticks / 1000000000;
}

static char boot_id[37] = "-";

static void read_boot_id(void)
{
    char buf[64];

    if (read_small_file("/proc/sys/kernel/random/boot_id", buf, sizeof buf) >= 36) {
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

uint64_t process_pid_namespace(void)
{
    struct stat st;

    return stat("/proc/self/ns/pid", &st) == 0 ? (uint64_t)st.st_ino : 0;
}
