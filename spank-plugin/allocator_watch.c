/* Asks about salloc and its command: once while their step runs, and again when its srun is dead.
 * Must not take them for gone whom nobody has seen alive. */
#include "allocator_watch.h"

#include <poll.h>
#include <stddef.h>

#include "base/clock.h"

enum {
    TRY_MS = 1000,
    TRIES = 5,
    REPEAT_MS = 5000,
    SALLOC_MS = 10000,
    SILENT_MS = 120000,
};

static void take_answer(void *context, const struct pidstat_result *result)
{
    struct allocator_witness *of = context;

    *of = (struct allocator_witness){
        .alive = result->answered && !result->foreign && result->state == PIDSTAT_EXISTS,
        .gone = result->answered && !result->foreign && result->state == PIDSTAT_GONE,
    };
}

static void stop_asking(struct allocator_watch *watch)
{
    pidstat_asker_destroy(watch->asker);
    watch->asker = NULL;
}

static bool ask(struct allocator_watch *watch, size_t which, unsigned flags)
{
    const struct allocator_process *process =
        which == 0 ? &watch->allocator.salloc : &watch->allocator.command;
    const struct pidstat_target target = {
        .host = watch->place.host,
        .pid = process->pid,
        .start = process->start,
        .boot = watch->place.boot,
        .tries = TRIES,
        .flags = flags,
    };

    watch->of[which] = (struct allocator_witness){.alive = false};
    return pidstat_asker_ask(watch->asker, &target, take_answer, &watch->of[which]) != NULL;
}

static bool ask_both(struct allocator_watch *watch, unsigned flags)
{
    const struct pidstat_asker_options options = {
        .port = watch->place.port,
        .try_ms = TRY_MS,
        .repeat_ms = REPEAT_MS,
        .max_pending = 2,
    };

    stop_asking(watch);
    watch->asker = pidstat_asker_create(&options);
    if (watch->asker == NULL)
        return false;
    if (ask(watch, 0, flags) && ask(watch, 1, flags))
        return true;
    stop_asking(watch);
    return false;
}

void allocator_watch_open(struct allocator_watch *watch, const struct allocator *allocator,
                          const struct allocator_place *place)
{
    *watch = (struct allocator_watch){.place = *place, .allocator = *allocator};
    if (allocator->salloc.pid != 0)
        ask_both(watch, 0);
}

int allocator_watch_fd(const struct allocator_watch *watch)
{
    return watch->asker != NULL ? pidstat_asker_fd(watch->asker) : -1;
}

void allocator_watch_process(struct allocator_watch *watch)
{
    if (watch->asker == NULL)
        return;
    pidstat_asker_process(watch->asker);
    watch->vouched |= watch->of[0].alive && watch->of[1].alive;
    if (pidstat_asker_pending(watch->asker) == 0)
        stop_asking(watch);
}

static void sleep_until_heard(const struct allocator_watch *watch, int64_t limit_ms)
{
    struct pollfd fd = {.fd = allocator_watch_fd(watch), .events = POLLIN};

    poll(&fd, 1, limit_ms > 0 ? (int)limit_ms : 0);
}

/* For how long whoever is not gone may take to go. */
static int64_t patience_ms(const struct allocator_watch *watch, int64_t command_ms)
{
    if (watch->of[1].alive)
        return command_ms;
    return watch->of[0].alive ? SALLOC_MS : SILENT_MS;
}

bool allocator_watch_wait_until_gone(struct allocator_watch *watch, int64_t command_ms)
{
    int64_t began_ms = clock_now_ms(), left_ms = SILENT_MS;

    if (!watch->vouched || !ask_both(watch, ASK_STANDING))
        return false;
    while (left_ms > 0 && !(watch->of[0].gone && watch->of[1].gone)) {
        sleep_until_heard(watch, left_ms);
        pidstat_asker_process(watch->asker);
        left_ms = began_ms - clock_now_ms() + patience_ms(watch, command_ms);
    }
    stop_asking(watch);
    return watch->of[0].gone && watch->of[1].gone;
}
