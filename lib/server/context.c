/* The time, the log, the error text of the handle, and the name of this host.
 * Must not know what the server is doing. */
#include "context.h"

#include <errno.h>
#include <inttypes.h>
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

void context_log_left_out(void *context, const struct log_quota *quota, uint64_t left_out)
{
    const struct ipclocker_server *server = context;
    char who[ACCOUNT_TEXT_SIZE] = "clients too many to tell apart", text[1024];

    if (server->log == NULL)
        return;
    if (!quota->is_crowd)
        account_key_describe(quota->client, who);
    snprintf(text, sizeof text, "%" PRIu64 " lines more of this kind, by %s: \"%s\"", left_out, who,
             quota->kind);
    server->log(server->log_context, LOG_NOTICE, text);
}

void context_end_quotas(const struct ipclocker_server *server, bool all)
{
    log_quotas_sweep(server->log_quotas, context_monotonic_s() + (all ? LOG_QUOTA_S : 0));
}

static void log_of(const struct ipclocker_server *server, const struct account *client,
                   int priority, const char *format, va_list args)
    __attribute__((format(printf, 4, 0)));

static void log_of(const struct ipclocker_server *server, const struct account *client,
                   int priority, const char *format, va_list args)
{
    char text[1024];

    if (server->log == NULL || (priority == LOG_DEBUG && !server->debug))
        return;
    if (client != NULL && priority != LOG_DEBUG &&
        !log_quotas_take(server->log_quotas, format, client->key, context_monotonic_s()))
        return;
    vsnprintf(text, sizeof text, format, args);
    server->log(server->log_context, priority, text);
}

void context_log(const struct ipclocker_server *server, int priority, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    log_of(server, server->acting, priority, format, args);
    va_end(args);
}

void context_log_of(const struct ipclocker_server *server, const struct account *client,
                    int priority, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    log_of(server, server->acting != NULL ? server->acting : client, priority, format, args);
    va_end(args);
}

void context_log_always(const struct ipclocker_server *server, int priority, const char *format,
                        ...)
{
    va_list args;

    va_start(args, format);
    log_of(server, NULL, priority, format, args);
    va_end(args);
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
