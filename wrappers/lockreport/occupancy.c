/* Goes through the beginnings and ends of a group's holds and waits, back in time.
 * Must not know whose they are. */
#include "occupancy.h"

#include <stdlib.h>

#include "base/array.h"

void occupancy_begin(struct occupancy *occupancy, const struct span *within)
{
    *occupancy = (struct occupancy){.within = *within, .now_ms = within->to_ms};
}

/* There is a level for each number of holds that may be reached. */
static int make_level(struct occupancy *occupancy)
{
    size_t room = occupancy->level_room;
    struct occupancy_level *levels;

    if (occupancy->held.count < room)
        return 0;
    levels = array_grow(occupancy->levels, &occupancy->level_room, room, sizeof *levels);
    if (levels == NULL)
        return -1;
    for (size_t i = room; i < occupancy->level_room; i++)
        levels[i] = (struct occupancy_level){0};
    occupancy->levels = levels;
    return 0;
}

static void go_back(struct occupancy *occupancy, int64_t time_ms)
{
    int64_t passed_ms = occupancy->now_ms - time_ms;
    struct occupancy_level *level = &occupancy->levels[occupancy->held.count];

    if (passed_ms <= 0)
        return;
    level->time_ms += passed_ms;
    if (occupancy->waiting.count > 0)
        level->waiting_ms += passed_ms;
    occupancy->now_ms = time_ms;
}

static int push_wait(struct occupancy *occupancy, int64_t asked_ms)
{
    const struct timed wait = {.from_ms = asked_ms};

    return asked_ms < occupancy->now_ms ? time_heap_push(&occupancy->waiting, &wait) : 0;
}

/* Before its grant it was waited for. */
static int leave_hold(struct occupancy *occupancy)
{
    const struct timed left = time_heap_pop(&occupancy->held);
    const struct hold hold = {
        .span.from_ms = left.from_ms, .asked_ms = left.asked_ms, .token = left.token};

    if (left.asked_ms >= left.from_ms)
        return 0;
    if (occupancy->on_waited != NULL && occupancy->on_waited(occupancy->context, &hold) != 0)
        return -1;
    return push_wait(occupancy, left.asked_ms);
}

/* Leaves what began at that time, or later. */
static int go_back_to(struct occupancy *occupancy, int64_t time_ms)
{
    if (make_level(occupancy) != 0)
        return -1;
    for (;;) {
        int64_t held_ms = time_heap_first_ms(&occupancy->held);
        int64_t waiting_ms = time_heap_first_ms(&occupancy->waiting);

        if (held_ms < time_ms && waiting_ms < time_ms)
            break;
        go_back(occupancy, held_ms > waiting_ms ? held_ms : waiting_ms);
        if (held_ms < waiting_ms)
            time_heap_pop(&occupancy->waiting);
        else if (leave_hold(occupancy) != 0)
            return -1;
    }
    go_back(occupancy, time_ms);
    return 0;
}

int occupancy_add_hold(struct occupancy *occupancy, const struct hold *hold)
{
    const struct span span = span_within(&hold->span, &occupancy->within);
    const struct timed timed = {
        .from_ms = hold->span.from_ms, .asked_ms = hold->asked_ms, .token = hold->token};

    if (go_back_to(occupancy, span.to_ms) != 0 || time_heap_push(&occupancy->held, &timed) != 0)
        return -1;
    if (occupancy->held.count > occupancy->peak)
        occupancy->peak = occupancy->held.count;
    return make_level(occupancy);
}

int occupancy_add_wait(struct occupancy *occupancy, const struct span *wait)
{
    const struct span span = span_within(wait, &occupancy->within);

    return go_back_to(occupancy, span.to_ms) == 0 ? push_wait(occupancy, wait->from_ms) : -1;
}

int occupancy_finish(struct occupancy *occupancy)
{
    return go_back_to(occupancy, occupancy->within.from_ms);
}

struct occupancy_level occupancy_full(const struct occupancy *occupancy, size_t capacity)
{
    struct occupancy_level full = {0};

    for (size_t i = capacity; i < occupancy->level_room; i++) {
        full.time_ms += occupancy->levels[i].time_ms;
        full.waiting_ms += occupancy->levels[i].waiting_ms;
    }
    return full;
}

size_t occupancy_bytes(const struct occupancy *occupancy)
{
    return (occupancy->held.room + occupancy->waiting.room) * sizeof(struct timed) +
           occupancy->level_room * sizeof *occupancy->levels;
}

void occupancy_fini(struct occupancy *occupancy)
{
    time_heap_fini(&occupancy->held);
    time_heap_fini(&occupancy->waiting);
    free(occupancy->levels);
    occupancy->levels = NULL;
}
