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
    TRY_MS = 150,
    REPEAT_MS = 1000,
    POLL_MS = 50,           /* where the kernel has no pidfd */
    SILENT_AFTER_MS = 3000, /* before it is worth a line to the user */
};

struct watcher {
    const struct pidwatch *watch;
    struct pidstat_asker *asker;
    bool ended;             /* the watched process */
    bool answered;          /* at least once */
    unsigned told;          /* bits of the news that were told */
    int64_t silent_from_ms; /* 0 while the host answers */
};

static void tell(struct watcher *self, enum pidwatch_news news)
{
    if (self->answered || (self->told & 1U << news) || self->watch->news == NULL)
        return;
    self->told |= 1U << news;
    self->watch->news(self->watch->context, news);
}

static void take_silence(struct watcher *self, const struct pidstat_result *result)
{
    if (self->silent_from_ms == 0)
        self->silent_from_ms = result->since_us / 1000;
    if (result->resolve_error != 0)
        tell(self, PIDWATCH_UNRESOLVED);
    else if (clock_now_ms() - self->silent_from_ms >= SILENT_AFTER_MS)
        tell(self, PIDWATCH_SILENT);
}

static void take_result(void *context, const struct pidstat_result *result)
{
    struct watcher *self = context;

    if (!result->answered) {
        take_silence(self, result);
        return;
    }
    self->silent_from_ms = 0;
    tell(self, PIDWATCH_ANSWERED);
    self->answered = true;
    self->ended |= result->state == PIDSTAT_GONE;
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

int pidwatch_run(const struct pidwatch *watch)
{
    const struct pidstat_asker_options options = {
        .port = watch->port,
        .try_ms = TRY_MS,
        .repeat_ms = REPEAT_MS,
        .trace = watch->trace,
        .trace_context = watch->context,
    };
    const struct pidstat_target target = {
        .host = watch->host,
        .pid = watch->pid,
        .start = watch->start,
        .tries = TRIES,
        .flags = ASK_STANDING,
    };
    struct watcher self = {.watch = watch, .asker = pidstat_asker_create(&options)};
    bool ended;

    if (self.asker == NULL)
        return -1;
    if (pidstat_asker_ask(self.asker, &target, take_result, &self) == NULL) {
        pidstat_asker_destroy(self.asker);
        return -1;
    }
    ended = wait_for_either(&self);
    if (ended)
        victim_end(watch);
    pidstat_asker_destroy(self.asker);
    return ended;
}
