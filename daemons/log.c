/* The daemons' log.
 * Must not let one event become two lines: everything passes text_clean(). */
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "syslog_socket.h"

/* A whole line goes into a pipe in one piece: PIPE_BUF is 4096. */
enum { RAW_SIZE = 2048, CLEAN_SIZE = RAW_SIZE + 256, LINE_SIZE = CLEAN_SIZE + 128 };

static struct {
    const char *ident;
    const char *path; /* NULL unless the log is a file */
    int fd;           /* -1: syslog */
    struct syslog_socket syslog;
    uid_t owner;
    bool debug;
    unsigned long lost; /* lines that there was no room for */
} logger = {.ident = "farmlock", .fd = STDERR_FILENO};

static int open_file(const char *path, char why[OWN_FILE_WHY_SIZE])
{
    const struct own_file file = {.flags = O_WRONLY | O_APPEND | O_CREAT,
                                  .mode = 0640,
                                  .not_by = S_IWOTH,
                                  .owner = logger.owner,
                                  .device = 1};

    return own_file_open(path, &file, why);
}

int log_open(const char *ident, const char *target, bool debug, const struct privileges *owner,
             char why[OWN_FILE_WHY_SIZE])
{
    logger.ident = ident;
    logger.debug = debug;
    logger.path = NULL;
    logger.owner = owner->user != NULL ? owner->uid : geteuid();
    if (target == NULL) {
        logger.fd = STDERR_FILENO;
    } else if (strcmp(target, "syslog") == 0) {
        syslog_socket_open(&logger.syslog);
        logger.fd = -1;
    } else {
        struct stat st;
        int fd = open_file(target, why);

        if (fd < 0)
            return -1;
        /* Or it could not be opened anew; who may not give it away will see then. */
        if (owner->user != NULL && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
            st.st_uid != owner->uid && fchown(fd, owner->uid, (gid_t)-1) != 0)
            errno = 0;
        logger.fd = fd;
        logger.path = target;
    }
    return 0;
}

void log_set_debug(bool debug)
{
    logger.debug = debug;
}

void log_reopen(void)
{
    char why[OWN_FILE_WHY_SIZE];
    int fd;

    if (logger.path == NULL)
        return;
    fd = open_file(logger.path, why);
    if (fd < 0) {
        log_line(LOG_ERR, "cannot reopen the log %s, so it goes on in the old file: %s",
                 logger.path, why);
        return;
    }
    close(logger.fd);
    logger.fd = fd;
    log_line(LOG_INFO, "log reopened");
}

/* Writes one line with the time and the program's name before it; false where it was lost.  What
 * reads a pipe or shows a terminal may have stopped: nobody waits for that. */
static bool write_line(const char *text)
{
    char line[LINE_SIZE], stamp[40];
    struct pollfd room = {.fd = logger.fd, .events = POLLOUT};
    struct timespec now;
    struct tm tm;
    int len;

    /* Nor is one written to that nobody has open any more: that would be a SIGPIPE. */
    if (poll(&room, 1, 0) != 1 || (room.revents & (POLLOUT | POLLERR)) != POLLOUT)
        return false;
    clock_gettime(CLOCK_REALTIME, &now);
    localtime_r(&now.tv_sec, &tm);
    strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &tm);
    len = snprintf(line, sizeof line, "%s.%03ld %s[%d]: %s\n", stamp, now.tv_nsec / 1000000,
                   logger.ident, (int)getpid(), text);
    return write(logger.fd, line, (size_t)len) == len;
}

static bool take_line(int priority, const char *text)
{
    return logger.fd < 0 ? syslog_socket_send(&logger.syslog, logger.ident, priority, text)
                         : write_line(text);
}

/* A log that cannot be written must not stop the service; it says so when it can. */
static void write_or_lose(int priority, const char *text)
{
    char told[80];

    if (logger.lost > 0) {
        snprintf(told, sizeof told, "%lu lines were lost for want of room in the log", logger.lost);
        if (take_line(LOG_WARNING, told))
            logger.lost = 0;
    }
    if (logger.lost > 0 || !take_line(priority, text))
        logger.lost++;
}

void log_vline(int priority, const char *format, va_list args)
{
    char raw[RAW_SIZE], clean[CLEAN_SIZE];
    int saved_errno = errno;

    if (priority == LOG_DEBUG && !logger.debug)
        return;
    vsnprintf(raw, sizeof raw, format, args);
    text_clean(clean, sizeof clean, raw, strlen(raw));
    write_or_lose(priority, clean);
    errno = saved_errno;
}

void log_line(int priority, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    log_vline(priority, format, args);
    va_end(args);
}
