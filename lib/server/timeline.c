/* The time line of the table, and how it goes on from one life of the server to the next.
 * Must not believe the wall clock more than that it is what people read. */
#include "timeline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "base/clock.h"
#include "base/duration.h"
#include "context.h"
#include "process/process.h"
#include "state_note.h"

enum {
    AHEAD_MS = 2000,   /* a clock that is so little ahead was not set, or by a leap second */
    BEHIND_MS = 60000, /* so little behind, the line waits for it: the history has one order */
    NOTE_S = 60,       /* while there are hold limits; also what a boot may add to one */
    NOTE_IDLE_S = 3600,
};

static const int64_t DAY_MS = INT64_C(24) * 3600 * 1000;

void timeline_start(struct ipclocker_server *server)
{
    struct timeline *line = &server->timeline;
    int64_t wall_ms = clock_wall_ms(), boot_ms = clock_ms(CLOCK_BOOTTIME);

    line->boot_offset_ms = boot_clock_offset_ms();
    line->is_settled = false;
    line->keep_until_ms = 0;
    server->started_ms = wall_ms;
    /* A table that outlives a stop is of the line that there is. */
    if (server->state.path != NULL || server->line_base_ms == 0)
        server->line_base_ms = wall_ms - boot_ms;
}

static int64_t base_of_boot_ms(const struct ipclocker_server *server)
{
    return server->line_base_ms + server->timeline.boot_offset_ms;
}

/* A virtual machine that was set back to an earlier state has one boot, and two pasts. */
static bool is_this_boot(const struct store_clock *clock, int64_t boot_ms)
{
    return strlen(clock->boot) > 1 && strcmp(clock->boot, process_boot_id()) == 0 &&
           clock->base_ms + boot_ms >= clock->seen_ms;
}

static void tell_of_clock(const struct ipclocker_server *server, int64_t ahead_ms)
{
    char by[DURATION_TEXT_SIZE];

    duration_format(by, (llabs(ahead_ms) + 500) / 1000, DURATION_SHORT);
    context_log(server, LOG_NOTICE,
                "the clock was set %s by %s since the state was written: hold limits go on by the "
                "time that has passed",
                ahead_ms > 0 ? "forward" : "back", by);
}

/* A machine that was off for long cannot be told from one whose clock is wrong, and what was
 * trimmed is gone: the history of before is kept once more as long. */
static int64_t keep_until(const struct ipclocker_server *server, const struct store_clock *clock,
                          int64_t ahead_ms)
{
    int64_t now_ms = context_now_ms(server), most_ms = now_ms + server->state.history_ms;

    if (ahead_ms > DAY_MS)
        return most_ms;
    return clock->keep_until_ms <= most_ms ? clock->keep_until_ms : 0;
}

/* Chooses the line of this life, which can go on with the last one's where that is near. */
static void settle(struct ipclocker_server *server, const struct store_clock *clock)
{
    struct timeline *line = &server->timeline;
    int64_t now_ms = context_now_ms(server);
    int64_t then_ms =
        line->same_boot ? clock->base_ms + now_ms - base_of_boot_ms(server) : clock->seen_ms;
    int64_t ahead_ms = now_ms - then_ms;

    line->is_settled = true;
    if (clock->seen_ms == 0)
        return;
    if (clock->never_back && ahead_ms < 0) {
        server->line_base_ms -= ahead_ms;
        if (ahead_ms < -AHEAD_MS)
            context_log(server, LOG_WARNING,
                        "the clock here is %lld ms behind that of the lockerd that has led before: "
                        "times go on from there",
                        (long long)-ahead_ms);
        return;
    }
    if (ahead_ms >= -BEHIND_MS && ahead_ms <= (line->same_boot ? AHEAD_MS : 0)) {
        server->line_base_ms -= ahead_ms;
        ahead_ms = 0;
    }
    if (ahead_ms < 0 || (line->same_boot && ahead_ms > 0))
        tell_of_clock(server, ahead_ms);
    line->keep_until_ms = keep_until(server, clock, ahead_ms);
}

void timeline_take_up(struct ipclocker_server *server, const struct store_clock *clock)
{
    struct timeline *line = &server->timeline;

    line->same_boot = is_this_boot(clock, boot_clock_ms());
    line->has_moved = false;
    line->seen_ms = clock->seen_ms;
    if (!line->is_settled)
        settle(server, clock);
    line->shift_ms = line->same_boot ? base_of_boot_ms(server) - clock->base_ms : 0;
}

/* So many milliseconds of a time are left that was `all_ms` long, as far as anybody has seen; all
 * of them where nobody has. */
static int64_t left_ms(const struct timeline *line, int64_t end_ms, int64_t all_ms)
{
    int64_t left = line->seen_ms > 0 ? end_ms - line->seen_ms : all_ms;

    if (left > all_ms)
        return all_ms;
    return left > 0 ? left : 0;
}

/* A time that another clock told: it was before now, and before it was last seen. */
static int64_t not_later(const struct timeline *line, int64_t time_ms, int64_t now_ms)
{
    if (time_ms <= now_ms)
        return time_ms;
    return line->seen_ms > time_ms ? now_ms - (line->seen_ms - time_ms) : now_ms;
}

static void translate_over_boot(const struct ipclocker_server *server, struct lock_record *record)
{
    const struct timeline *line = &server->timeline;
    int64_t now_ms = context_now_ms(server);

    if (record->deadline_ms != INT64_MAX)
        record->deadline_ms = now_ms + left_ms(line, record->deadline_ms, record->ask.hold_ms);
    if (record->keep_until_ms != 0)
        record->keep_until_ms = now_ms + left_ms(line, record->keep_until_ms, record->ask.keep_ms);
    record->asked_ms = not_later(line, record->asked_ms, now_ms);
    record->granted_ms = not_later(line, record->granted_ms, now_ms);
}

static void translate_within_boot(const struct timeline *line, struct lock_record *record)
{
    record->asked_ms += line->shift_ms;
    if (record->token != 0)
        record->granted_ms += line->shift_ms;
    if (record->deadline_ms != INT64_MAX)
        record->deadline_ms += line->shift_ms;
    if (record->keep_until_ms != 0)
        record->keep_until_ms += line->shift_ms;
}

void timeline_translate(struct ipclocker_server *server, struct lock_record *record)
{
    struct timeline *line = &server->timeline;
    const struct lock_record before = *record;

    if (line->same_boot)
        translate_within_boot(line, record);
    else
        translate_over_boot(server, record);
    line->has_moved |=
        record->asked_ms != before.asked_ms || record->granted_ms != before.granted_ms ||
        record->deadline_ms != before.deadline_ms || record->keep_until_ms != before.keep_until_ms;
}

int64_t timeline_translate_time(const struct ipclocker_server *server, int64_t time_ms)
{
    const struct timeline *line = &server->timeline;
    int64_t left;

    if (time_ms == INT64_MAX)
        return time_ms;
    if (line->same_boot)
        return time_ms + line->shift_ms;
    left = line->seen_ms > 0 && time_ms > line->seen_ms ? time_ms - line->seen_ms : 0;
    return context_now_ms(server) + left;
}

static void note(struct ipclocker_server *server, struct store_batch *batch)
{
    struct store_clock clock = {
        .base_ms = base_of_boot_ms(server),
        .seen_ms = context_now_ms(server),
        .keep_until_ms = server->timeline.keep_until_ms,
    };

    snprintf(clock.boot, sizeof clock.boot, "%s", process_boot_id());
    store_batch_clock(batch, &clock);
    server->timeline.noted_s = context_monotonic_s();
}

static void note_request(struct ipclocker_server *server, const struct lock_request *request)
{
    struct store_batch *batch = state_note_batch(server);

    if (batch != NULL)
        store_batch_put(batch, server->table, request, NULL);
}

/* The time comes last: where that is not kept any more, what was moved goes by the old one. */
int timeline_note_all(struct ipclocker_server *server)
{
    const struct lock_seat *seat = NULL;
    const struct lock_request *last = NULL;
    struct lock_request *waiter = NULL;
    struct store_batch *batch;

    while (server->timeline.has_moved &&
           (seat = lock_table_next_held(server->table, seat)) != NULL) {
        if (seat->request != last)
            note_request(server, seat->request);
        last = seat->request;
    }
    while (server->timeline.has_moved &&
           (waiter = lock_table_next_waiter(server->table, waiter)) != NULL)
        note_request(server, waiter);
    batch = state_note_batch(server);
    if (batch == NULL)
        return -1;
    note(server, batch);
    return 0;
}

void timeline_note_now(struct ipclocker_server *server)
{
    struct store_batch *batch = NULL;

    if (server->state.store != NULL && server->state.phase == STATE_SERVING)
        batch = state_note_batch(server);
    if (batch != NULL)
        note(server, batch);
}

void timeline_note_sometimes(struct ipclocker_server *server)
{
    bool has_limits = lock_table_next_deadline(server->table) != INT64_MAX;

    if (context_monotonic_s() - server->timeline.noted_s >= (has_limits ? NOTE_S : NOTE_IDLE_S))
        timeline_note_now(server);
}
