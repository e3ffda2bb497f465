/* A job that tells when it ends, in nanoseconds of CLOCK_MONOTONIC: at the end of its standard
 * input, or at the first signal that asks it to end.  Must not do anything between that and
 * telling.
 */
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "meter.h"

int main(void)
{
    struct pollfd fds[2] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.events = POLLIN}};
    struct timespec now;
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, SIGHUP);
    sigaddset(&signals, SIGTERM);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    fds[1].fd = signalfd(-1, &signals, SFD_CLOEXEC);
    if (fds[1].fd < 0)
        die("signalfd");
    puts("ready");
    fflush(stdout);
    while (poll(fds, 2, -1) <= 0)
        continue;
    clock_gettime(CLOCK_MONOTONIC, &now);
    printf("%" PRId64 "\n", (int64_t)now.tv_sec * 1000000000 + now.tv_nsec);
    fflush(stdout);
    _exit(0);
}
