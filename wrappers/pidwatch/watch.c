/* Waits for either of two processes, and ends the second when the first has ended.
 * Must not take silence for an end unless it was told to. */
#include "watch.h"

#include <limits.h>
#include <poll.h>
#include <stddef.h>

#include "base/clock.h"
#include "pidstat/asker.h"
#include "target.h"

enum {
    TRIES = 5,
    REPEAT_MS = 1000,
    POLL_MS = 50,           /* where the kernel has no pidfd */
    SILENT_AFTER_MS = 3000, /* before it is worth a line to the user */
};

struct watcher {
    const struct pidwatch *watch;
    struct pidstat_asker *asker;
    bool ended;              /* the watched process */
    bool seen;               /* it has been seen to exist, or something that may be it */
    bool answered;           /* at least once */
    unsigned told;           /* bits of the news that were told */
    int64_t silent_from_ms;  /* 0 while the host answers, if only to refuse */
    int64_t unheard_from_ms; /* 0 while a daemon answers */
};

static void tell(struct watcher *self, const struct pidwatch_news *news)
{
    if (self->told & 1U << news->kind)
        return;
    self->told |= 1U << news->kind;
    if (self->watch->news != NULL)
        self->watch->news(self->watch->context, news);
}

/* A host that refuses is not silent; a daemon that is just started again refuses, too. */
static void take_silence(struct watcher *self, const struct pidstat_result *result)
{
    const struct pidwatch_news news = {.kind = result->resolve_error != 0 ? PIDWATCH_UNRESOLVED
                                               : result->refused          ? PIDWATCH_REFUSED
                                                                          : PIDWATCH_SILENT};

    if (self->unheard_from_ms == 0)
        self->unheard_from_ms = result->since_us / 1000;
    if (self->silent_from_ms == 0)
        self->silent_from_ms = result->since_us / 1000;
    if (result->refused)
        self->silent_from_ms = 0;
    if (!self->answered &&
        (result->resolve_error != 0 || clock_now_ms() - self->unheard_from_ms >= SILENT_AFTER_MS))
        tell(self, &news);
}

static void take_result(void *context, const struct pidstat_result *result)
{
    struct watcher *self = context;
    const struct pidwatch_news useless = {.kind =
                                              result->classic ? PIDWATCH_CLASSIC : PIDWATCH_FOREIGN,
                                          .pid_namespace = result->pid_namespace};
    const struct pidwatch_news answered = {.kind = PIDWATCH_ANSWERED};

    if (!result->answered) {
        take_silence(self, result);
        return;
    }
    self->silent_from_ms = self->unheard_from_ms = 0;
    if (result->foreign || result->classic) {
        tell(self, &useless);
        return;
    }
    tell(self, &answered);
    self->ended |= result->state == PIDSTAT_GONE;
    self->seen |= result->state != PIDSTAT_GONE;
    self->answered = true;
}

/* Milliseconds until the silent host counts as dead; -1 for never. */
static int64_t host_down_in(const struct watcher *self)
{
    int64_t left;

    if (self->watch->host_down_ms < 0 || self->silent_from_ms == 0)
        return -1;
    left = self->silent_from_ms + self->watch->host_down_ms - clock_now_ms();
    return left > 0 ? left : 0;
}

/* Waits for a change on either side, but for at most `limit_ms`; below 0 is for ever. */
static void wait_for_change(const struct watcher *self, int64_t limit_ms)
{
    struct pollfd fds[2] = {
        {.fd = pidstat_asker_fd(self->asker), .events = POLLIN},
        {.fd = self->watch->victim.fd, .events = POLLIN},
    };

    if (self->watch->victim.fd < 0 && (limit_ms < 0 || limit_ms > POLL_MS))
        limit_ms = POLL_MS;
    poll(fds, 2, limit_ms > INT_MAX ? INT_MAX : (int)limit_ms);
}

/* Returns true when the watched side has ended, false when the victim has. */
static bool wait_for_either(struct watcher *self)
{
    while (!process_ref_has_ended(&self->watch->victim)) {
        if (self->ended || host_down_in(self) == 0)
            return true;
        wait_for_change(self, host_down_in(self));
        pidstat_asker_process(self->asker);
    }
    return false;
}

static void end_victim(struct watcher *self)
{
    const struct pidwatch_news why = {.kind = !self->ended ? PIDWATCH_HOST_DOWN
                                              : self->seen ? PIDWATCH_ENDED
                                                           : PIDWATCH_NEVER_SEEN};

    tell(self, &why);
    victim_end(self->watch);
}

int pidwatch_run(const struct pidwatch *watch)
{
    const struct pidstat_asker_options options = {
        .port = watch->port,
        .try_ms = WATCH_TRY_MS,
        .repeat_ms = REPEAT_MS,
        .no_classic = watch->no_classic,
        .trace = watch->trace,
        .trace_context = watch->context,
    };
    const struct pidstat_target target = {
        .host = watch->host,
        .pid = watch->pid,
        .start = watch->start,
        .tries = TRIES,
        .pid_namespace = watch->pid_namespace,
        .flags = ASK_STANDING | (watch->any_namespace ? ASK_ANY_NAMESPACE : 0),
    };
    struct watcher self = {
        .watch = watch, .seen = watch->seen, .asker = pidstat_asker_create(&options)};
    bool ended;

    if (self.asker == NULL)
        return -1;
    if (pidstat_asker_ask(self.asker, &target, take_result, &self) == NULL) {
        pidstat_asker_destroy(self.asker);
        return -1;
    }
    ended = wait_for_either(&self);
    if (ended)
        end_victim(&self);
    pidstat_asker_destroy(self.asker);
    return ended;
}
