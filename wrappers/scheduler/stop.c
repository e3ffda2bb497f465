/* SIGTERM and SIGINT, seen only where the program waits.
 * Must not interrupt a change that is half done. */
#include "stop.h"

#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <time.h>

static volatile sig_atomic_t wanted;
static sigset_t outside;

static void on_signal(int number)
{
    (void)number;
    wanted = 1;
}

void stop_init(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigset_t both;

    sigemptyset(&both);
    sigaddset(&both, SIGTERM);
    sigaddset(&both, SIGINT);
    sigprocmask(SIG_BLOCK, &both, &outside);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
}

void stop_reset(void)
{
    signal(SIGTERM, SIG_DFL);
    signal(SIGINT, SIG_DFL);
    sigprocmask(SIG_SETMASK, &outside, NULL);
}

bool stop_wanted(void)
{
    return wanted != 0;
}

void stop_accept(void)
{
    wanted = 0;
}

int stop_poll_all(struct pollfd *fds, size_t count, int64_t timeout_ms)
{
    struct timespec timeout = {.tv_sec = timeout_ms / 1000, .tv_nsec = timeout_ms % 1000 * 1000000};
    int result;

    if (timeout_ms < 0)
        timeout = (struct timespec){0};
    result = ppoll(fds, count, &timeout, &outside);
    if (wanted != 0)
        return -1;
    return result > 0;
}

int stop_poll(int fd, int64_t timeout_ms)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

    return stop_poll_all(&poll_fd, fd >= 0, timeout_ms);
}
