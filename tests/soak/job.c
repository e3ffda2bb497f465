/* A job of the soak: says in the log of events that it holds the lock that lockersh got for it,
 * that it still lives, and that it ends. Must not say anything that it has not seen itself: what it
 * did not come to is left out. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* How old the last sign of life is at most when a job is killed. */
enum { ALIVE_MS = 20 };

static int log_fd;
static const char *id;

static long long now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

/* One write, so that lines of several writers do not mix. */
static void say(const char *kind, const char *rest)
{
    char line[256];
    int len = snprintf(line, sizeof line, "%lld %s %s%s\n", now_ns(), kind, id, rest);

    if (len >= (int)sizeof line || write(log_fd, line, (size_t)len) != len)
        _exit(3);
}

static void say_hold(void)
{
    const char *names = getenv("LOCKERSH_LOCK"), *token = getenv("LOCKERSH_TOKEN");
    char rest[192];

    if (names == NULL || token == NULL)
        _exit(4);
    snprintf(rest, sizeof rest, " %s %s", token, names);
    say("hold", rest);
}

int main(int argc, char **argv)
{
    const struct timespec pause = {.tv_nsec = ALIVE_MS * 1000000L};
    long long end_ns;

    if (argc != 4)
        return 64;
    log_fd = open(argv[1], O_WRONLY | O_APPEND | O_CLOEXEC);
    id = argv[2];
    if (log_fd < 0)
        return 2;
    say_hold();
    end_ns = now_ns() + atoll(argv[3]) * 1000000;
    while (now_ns() < end_ns) {
        nanosleep(&pause, NULL);
        say("alive", "");
    }
    say("end", "");
    return 0;
}
