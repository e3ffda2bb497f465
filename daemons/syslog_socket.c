/* Lines for the syslog daemon, as in RFC 3164 and sent as syslog(3) does, but for waiting.
 * Must not wait for the daemon: one that has stopped would stop whoever logs. */
#include "syslog_socket.h"

#include <errno.h>
#include <paths.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/descriptor.h"

enum { LINE_SIZE = 4096 };

/* To /dev/log, however the daemon has been started again since; or -1 with errno. */
static int open_socket(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = _PATH_LOG};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    descriptor_close(fd);
    return -1;
}

void syslog_socket_open(struct syslog_socket *log)
{
    log->fd = open_socket();
}

static int format(char line[LINE_SIZE], const char *ident, int priority, const char *text)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    time_t now = time(NULL);
    struct tm tm;
    int len;

    localtime_r(&now, &tm);
    len = snprintf(line, LINE_SIZE, "<%d>%.3s %2d %02d:%02d:%02d %s[%d]: %s", LOG_DAEMON | priority,
                   months + 3 * (size_t)tm.tm_mon, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
                   ident, (int)getpid(), text);
    return len < LINE_SIZE ? len : LINE_SIZE - 1;
}

bool syslog_socket_send(struct syslog_socket *log, const char *ident, int priority,
                        const char *text)
{
    char line[LINE_SIZE];
    int len = format(line, ident, priority, text);

    if (log->fd >= 0 && send(log->fd, line, (size_t)len, MSG_NOSIGNAL) == len)
        return true;
    /* It has no room: a new socket has none either. */
    if (log->fd >= 0 && errno == EAGAIN)
        return false;
    descriptor_close(log->fd);
    log->fd = open_socket();
    return log->fd >= 0 && send(log->fd, line, (size_t)len, MSG_NOSIGNAL) == len;
}
