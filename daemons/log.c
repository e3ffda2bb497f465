/* The daemons' log.
 * Must not let one event become two lines: everything passes text_clean(). */
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/error_text.h"
#include "base/text.h"

static struct {
    const char *ident;
    const char *path; /* NULL unless the log is a file */
    int fd;           /* -1: syslog */
    bool debug;
} logger = {.ident = "farmlock", .fd = STDERR_FILENO};

static int open_file(const char *path)
{
    return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
}

int log_open(const char *ident, const char *target, bool debug)
{
    logger.ident = ident;
    logger.debug = debug;
    logger.path = NULL;
    if (target == NULL) {
        logger.fd = STDERR_FILENO;
    } else if (strcmp(target, "syslog") == 0) {
        openlog(ident, LOG_PID | LOG_NDELAY, LOG_DAEMON);
        logger.fd = -1;
    } else {
        int fd = open_file(target);

        if (fd < 0)
            return -1;
        logger.fd = fd;
        logger.path = target;
    }
    return 0;
}

void log_reopen(void)
{
    int fd;

    if (logger.path == NULL)
        return;
    fd = open_file(logger.path);
    if (fd < 0) {
        log_line(LOG_ERR, "cannot reopen the log %s: %s", logger.path, error_text(errno));
        return;
    }
    close(logger.fd);
    logger.fd = fd;
}

void log_vline(int priority, const char *format, va_list args)
{
    char raw[2048], clean[sizeof raw + 256], line[sizeof clean + 128], stamp[40];
    struct timespec now;
    struct tm tm;
    int len, saved_errno = errno;
    ssize_t written;

    if (priority == LOG_DEBUG && !logger.debug)
        return;
    vsnprintf(raw, sizeof raw, format, args);
    text_clean(clean, sizeof clean, raw, strlen(raw));
    if (logger.fd < 0) {
        syslog(priority, "%s", clean);
    } else {
        clock_gettime(CLOCK_REALTIME, &now);
        localtime_r(&now.tv_sec, &tm);
        strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &tm);
        len = snprintf(line, sizeof line, "%s.%03ld %s[%d]: %s\n", stamp, now.tv_nsec / 1000000,
                       logger.ident, (int)getpid(), clean);
        /* A log that cannot be written must not stop the service. */
        written = write(logger.fd, line, (size_t)len);
        (void)written;
    }
    errno = saved_errno;
}

void log_line(int priority, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    log_vline(priority, format, args);
    va_end(args);
}
