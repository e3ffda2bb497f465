/* The time, the log, the error text of the handle, and the name of this host.
 * Must not know what the server is doing, nor call any other file of it. */
#include "context.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <strings.h>
#include <syslog.h>

#include "base/clock.h"

int64_t context_now_ms(const struct ipclocker_server *server)
{
    return server->line_base_ms + clock_ms(CLOCK_BOOTTIME);
}

time_t context_monotonic_s(void)
{
    return (time_t)(clock_ms(CLOCK_MONOTONIC_COARSE) / 1000);
}

void context_log(const struct ipclocker_server *server, int priority, const char *format, ...)
{
    char text[1024];
    va_list args;

    if (server->log == NULL || (priority == LOG_DEBUG && !server->debug))
        return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    server->log(server->log_context, priority, text);
}

int context_fail(struct ipclocker_server *server, const char *format, ...)
{
    int saved_errno = errno;
    va_list args;

    va_start(args, format);
    vsnprintf(server->error, sizeof server->error, format, args);
    va_end(args);
    errno = saved_errno;
    return -1;
}

bool context_is_own_host(const struct ipclocker_server *server, const char *host)
{
    return strcasecmp(host, server->own_hostname) == 0;
}
