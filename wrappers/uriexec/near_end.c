/* Looks for the end of a tie in what the far end has anyway: its streams, its parent, and the near
 * process where that is on this host.
 * Must not read from a stream, nor take the end of the input, or of one reader, for the end. */
#include "near_end.h"

#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/keepalive.h"

enum { NO_INPUT_MS = 2000 };

/* A stream that is the connection itself, as rshd has it: the network, or the host there, has to be
 * away for a minute and a half. */
static const struct keepalive keepalive = {.idle_s = 30, .interval_s = 15, .probes = 4};

static bool is_tcp(int fd)
{
    struct sockaddr_storage address = {.ss_family = AF_UNSPEC};
    socklen_t len = sizeof address;

    return getsockname(fd, (struct sockaddr *)&address, &len) == 0 &&
           (address.ss_family == AF_INET || address.ss_family == AF_INET6);
}

/* What a stream can tell.  A file or /dev/null tells nothing. */
static void init_stream(struct near_end *near, int fd, const struct stat *stats)
{
    const struct stat *st = &stats[fd];
    bool is_socket = S_ISSOCK(st->st_mode);

    near->tells[fd] = is_socket || S_ISFIFO(st->st_mode) || isatty(fd);
    if (is_socket && is_tcp(fd)) {
        keepalive_set(fd, &keepalive);
        /* rsh shuts its side of the first connection at the end of the input, but never that of
         * the second, for errors and signals. */
        near->half_tells[fd] = fd == STDERR_FILENO && st->st_ino != stats[STDIN_FILENO].st_ino;
    }
    if (near->tells[fd])
        near->watched[fd].fd = fd;
    if (near->half_tells[fd] || (fd == STDIN_FILENO && near->held && is_socket))
        near->watched[fd].events = POLLRDHUP;
}

static void init_streams(struct near_end *near)
{
    struct stat stats[NEAR_STREAMS];

    memset(stats, 0, sizeof stats);
    for (int fd = 0; fd < NEAR_STREAMS; fd++)
        fstat(fd, &stats[fd]);
    near->held = near->held && (S_ISSOCK(stats[0].st_mode) || S_ISFIFO(stats[0].st_mode));
    for (int fd = 0; fd < NEAR_STREAMS; fd++)
        init_stream(near, fd, stats);
}

void near_end_init(struct near_end *near, const struct tie_word *word)
{
    memset(near, 0, sizeof *near);
    near->process.fd = -1;
    for (int i = 0; i < NEAR_WATCHED; i++)
        near->watched[i].fd = -1;
    near->parent = getppid();
    near->begun_ms = clock_now_ms();
    prctl(PR_SET_PDEATHSIG, SIGCHLD);
    if (word == NULL)
        return;
    near->held = word->held;
    init_streams(near);
    near->has_process = word->pid != 0;
    if (near->has_process && process_ref_open(&near->process, word->pid, word->start) == 0) {
        near->watched[NEAR_STREAMS] = (struct pollfd){.fd = near->process.fd, .events = POLLIN};
        near->needs_polling = near->process.fd < 0;
    } else {
        near->process.pid = 0;
    }
}

/* A launcher that passes no input on, such as ssh -n, ends it at the beginning: before this process
 * has begun, or a little later where sshd, or the network, has much to do. */
static bool ends_as_without_input(const struct near_end *near)
{
    return clock_now_ms() - near->begun_ms < NO_INPUT_MS;
}

/* A hangup that was seen is not polled for again, as it would come at once. */
static void look_at_streams(struct near_end *near)
{
    struct pollfd now[NEAR_STREAMS];

    memcpy(now, near->watched, sizeof now);
    if (poll(now, NEAR_STREAMS, 0) <= 0)
        return;
    for (int fd = 0; fd < NEAR_STREAMS; fd++) {
        bool ends = fd == STDIN_FILENO && near->held;

        if (now[fd].revents == 0)
            continue;
        near->gone[fd] = (now[fd].revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;
        if ((now[fd].revents & POLLRDHUP) != 0 && (ends || near->half_tells[fd]))
            near->gone[fd] = true;
        if (near->gone[fd])
            near->watched[fd].fd = -1;
        if (near->gone[fd] && ends && ends_as_without_input(near))
            near->held = false;
    }
}

static bool any_proves(const struct near_end *near)
{
    for (int fd = 0; fd < NEAR_STREAMS; fd++) {
        if (near->gone[fd] && (near->half_tells[fd] || (fd == STDIN_FILENO && near->held)))
            return true;
    }
    return false;
}

/* The reader of one stream may leave, and the input may end: the connection has gone only when all
 * streams say so that can, one for output among them. */
static bool all_agree(const struct near_end *near)
{
    for (int fd = 0; fd < NEAR_STREAMS; fd++) {
        if (near->tells[fd] && !near->gone[fd])
            return false;
    }
    return near->gone[STDOUT_FILENO] || near->gone[STDERR_FILENO];
}

bool near_end_is_gone(struct near_end *near)
{
    if (getppid() != near->parent)
        return true;
    look_at_streams(near);
    if (near->has_process) /* it is what the others only hint at */
        return near->process.pid == 0 || process_ref_has_ended(&near->process);
    return any_proves(near) || all_agree(near);
}

void near_end_fini(struct near_end *near)
{
    process_ref_close(&near->process);
}
