/* The process that a lock is for, on this host or on another.
 * Must not take silence for its end. */
#include "subject.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>

#include "pidstat/asker.h"

enum {
    LOOK_MS = 100, /* how often to look at a process on a kernel without pidfd */
    TRIES = 5,
    REPEAT_MS = 5000, /* of what pidstatd tells by itself, if it watches */
};

int subject_open_here(struct subject *subject, pid_t pid)
{
    *subject = (struct subject){.here.fd = -1};
    return process_ref_open(&subject->here, pid, 0);
}

static void on_result(void *context, const struct pidstat_result *result)
{
    struct subject *subject = context;

    subject->resolve_error = result->resolve_error;
    subject->refused = result->refused;
    if (!result->answered || result->foreign || result->classic)
        return;
    subject->has_answered |= result->state != PIDSTAT_UNKNOWN;
    subject->has_ended |= result->state == PIDSTAT_GONE;
    if (subject->start != 0 || result->state != PIDSTAT_EXISTS)
        return;
    subject->start = result->start;
    subject->pid_namespace = result->pid_namespace;
    snprintf(subject->boot, sizeof subject->boot, "%s", result->boot != NULL ? result->boot : "");
}

static int ask(struct subject *subject, unsigned flags)
{
    const struct pidstat_asker_options options = {.port = subject->port, .repeat_ms = REPEAT_MS};
    const struct pidstat_target target = {
        .host = subject->host,
        .pid = subject->pid,
        .start = subject->start,
        .boot = subject->boot[0] != '\0' ? subject->boot : NULL,
        .pid_namespace = subject->pid_namespace,
        .tries = TRIES,
        .flags = flags,
    };

    subject->asker = pidstat_asker_create(&options);
    if (subject->asker == NULL)
        return -1;
    return pidstat_asker_ask(subject->asker, &target, on_result, subject) != NULL ? 0 : -1;
}

static void stop_asking(struct subject *subject)
{
    pidstat_asker_destroy(subject->asker);
    subject->asker = NULL;
}

int subject_open_elsewhere(struct subject *subject, const char *host, pid_t pid, uint16_t port)
{
    *subject = (struct subject){.here.fd = -1, .host = host, .pid = pid, .port = port};
    if (ask(subject, 0) != 0) {
        stop_asking(subject);
        return -1;
    }
    while (pidstat_asker_pending(subject->asker) > 0) {
        struct pollfd poll_fd = {.fd = pidstat_asker_fd(subject->asker), .events = POLLIN};

        poll(&poll_fd, 1, -1);
        pidstat_asker_process(subject->asker);
    }
    stop_asking(subject);
    if (subject->has_answered && !subject->has_ended)
        return 0;
    errno = subject->has_ended ? ESRCH : ETIMEDOUT;
    return -1;
}

int subject_watch(struct subject *subject)
{
    return subject->here.pid != 0 ? 0 : ask(subject, ASK_STANDING);
}

int subject_prepare(const struct subject *subject, struct pollfd *poll_fd)
{
    poll_fd->events = POLLIN;
    poll_fd->fd = subject->asker != NULL ? pidstat_asker_fd(subject->asker) : subject->here.fd;
    return subject->here.pid != 0 && subject->here.fd < 0 ? LOOK_MS : -1;
}

bool subject_has_ended(struct subject *subject)
{
    if (subject->here.pid != 0)
        return process_ref_has_ended(&subject->here);
    if (subject->asker != NULL)
        pidstat_asker_process(subject->asker);
    return subject->has_ended;
}

const struct process_ref *subject_here(const struct subject *subject)
{
    return subject->here.pid != 0 ? &subject->here : NULL;
}

void subject_close(struct subject *subject)
{
    int saved_errno = errno;

    if (subject->here.pid != 0)
        process_ref_close(&subject->here);
    stop_asking(subject);
    errno = saved_errno;
}
