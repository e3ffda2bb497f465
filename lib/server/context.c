/* The time, the log, the error text of the handle, and the name of this host.
 * Must not know what the server is doing, nor call any other file of it. */
#include "context.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <strings.h>
#include <syslog.h>

#include "base/clock.h"

enum { LINES_A_MINUTE = 10, MINUTE_S = 60, PLACES_TRIED = 16 };

int64_t context_now_ms(const struct ipclocker_server *server)
{
    return server->line_base_ms + clock_ms(CLOCK_BOOTTIME);
}

time_t context_monotonic_s(void)
{
    return (time_t)(clock_ms(CLOCK_MONOTONIC_COARSE) / 1000);
}

static void say(const struct ipclocker_server *server, int priority, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void say(const struct ipclocker_server *server, int priority, const char *format, ...)
{
    char text[1024];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    server->log(server->log_context, priority, text);
}

static void end_quota(const struct ipclocker_server *server, const struct log_quota *quota)
{
    if (quota->count > LINES_A_MINUTE)
        say(server, LOG_NOTICE, "%llu lines more of this kind, by one client: \"%s\"",
            (unsigned long long)(quota->count - LINES_A_MINUTE), quota->kind);
}

static bool is_over(const struct log_quota *quota, time_t now_s)
{
    return quota->kind == NULL || now_s - quota->since_s >= MINUTE_S;
}

/* That of a client and kind, or else one that is free.  Where many meet there is none of either,
 * and they have one together, so that who comes from many addresses has no more lines than there
 * are places for. */
static struct log_quota *find_quota(const struct ipclocker_server *server, const char *kind,
                                    const struct account *client, time_t now_s)
{
    uint64_t first = (uintptr_t)kind / 8 + (uintptr_t)client / 64;
    struct log_quota *unused = NULL;

    for (uint64_t i = 0; i < PLACES_TRIED; i++) {
        struct log_quota *quota = &server->log_quotas[(first + i) % LOG_QUOTAS];

        if (quota->kind == kind && quota->client == client)
            return quota;
        if (unused == NULL && is_over(quota, now_s))
            unused = quota;
    }
    return unused != NULL ? unused : &server->log_quotas[first % LOG_QUOTAS];
}

/* Whether a client has had enough of a kind logged. */
static bool is_too_much(const struct ipclocker_server *server, const char *kind,
                        const struct account *client)
{
    time_t now_s = context_monotonic_s();
    struct log_quota *quota = find_quota(server, kind, client, now_s);

    if (is_over(quota, now_s)) {
        end_quota(server, quota);
        *quota = (struct log_quota){.kind = kind, .client = client, .since_s = now_s};
    }
    return ++quota->count > LINES_A_MINUTE;
}

void context_end_quotas(const struct ipclocker_server *server)
{
    time_t now_s = context_monotonic_s();

    for (size_t i = 0; i < LOG_QUOTAS; i++) {
        struct log_quota *quota = &server->log_quotas[i];

        if (quota->kind == NULL || now_s - quota->since_s < MINUTE_S)
            continue;
        end_quota(server, quota);
        quota->kind = NULL;
    }
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
    if (client != NULL && priority != LOG_DEBUG && is_too_much(server, format, client))
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
