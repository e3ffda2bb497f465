/* What an owner has already of what it asks for.
 * Must not change anything. */
#include "pool_own.h"

#include <string.h>

#include "pool_index.h"
#include "pool_seat.h"
#include "query.h"

/* The name by which a group of the demand has a seat. */
static const char *name_of(const struct lock_group *group, const struct lock *lock)
{
    for (size_t i = 0; i < group->name_count; i++) {
        if (strcmp(group->names[i], lock->name) == 0)
            return group->names[i];
    }
    return group->names[0];
}

/* How many seats of a part a tie's request holds; `own` learns of the first. */
static size_t count_held(const struct pool_tie *tie, const struct pool_part *part,
                         const struct lock_group *group, struct lock_own *own)
{
    struct lock_request *request = tie->request;
    size_t held = 0;

    for (size_t i = 0; i < request->seat_count; i++) {
        const struct lock_seat *seat = &request->seats[i];

        if (seat->state != LOCK_SEAT_HELD || seat->is_kept || seat->lock->pool != part->pool ||
            !pool_part_has(part, seat->lock->number))
            continue;
        held++;
        if (own->held == NULL) {
            own->held = request;
            own->held_name = name_of(group, seat->lock);
        }
    }
    return held;
}

static bool wants_any(const struct pool_want *want, const struct pool_part *part)
{
    if (want->is_whole || part->is_whole)
        return true;
    for (uint32_t i = 0; i < part->seat_count; i++) {
        if (pool_want_has(want, part->seats[i]))
            return true;
    }
    return false;
}

static void note_wait(struct lock_own *own, struct lock_request *request, const char *name)
{
    if (own->waiting != NULL)
        return;
    own->waiting = request;
    own->waiting_name = name;
}

static void note_waits(const struct pool_tie *tie, const struct pool_part *part,
                       const struct lock_group *group, struct lock_own *own)
{
    const struct pool_standing *standing = tie->request->pooled;

    for (uint32_t i = 0; i < standing->want_count; i++) {
        if (standing->wants[i].tie == tie && wants_any(&standing->wants[i], part))
            note_wait(own, tie->request, group->names[0]);
    }
}

static size_t look_at_part(const struct pool_part *part, const char *owner,
                           const struct lock_group *group, struct lock_own *own)
{
    struct pool_tie *tie = NULL;
    size_t held = 0;

    while ((tie = pool_next_tie(part->pool, owner, tie)) != NULL) {
        if (tie->request->state == LOCK_HELD)
            held += count_held(tie, part, group, own);
        else
            note_waits(tie, part, group, own);
    }
    return held;
}

static size_t look_at_singles(const struct pool_demand *demand, uint32_t group,
                              struct lock_own *own)
{
    size_t held = 0;

    for (size_t i = 0; i < demand->singles.name_count; i++) {
        const struct lock_want_name *name = &demand->singles.names[i];
        const struct lock_seat *seat =
            name->lock != NULL ? lock_seat_of_owner(name->lock, demand->ask->owner) : NULL;

        if (seat == NULL || name->group != group)
            continue;
        if (seat->state != LOCK_SEAT_HELD) {
            note_wait(own, seat->request, name->name);
            continue;
        }
        held++;
        if (own->held == NULL) {
            own->held = seat->request;
            own->held_name = name->name;
        }
    }
    return held;
}

static bool has_same_seats(const struct pool_want *want, const struct pool_part *part)
{
    if (want == NULL || want->tie->pool != part->pool || want->is_whole != part->is_whole)
        return false;
    if (part->is_whole)
        return true;
    for (uint32_t i = 0; i < part->seat_count; i++) {
        if (!pool_want_has(want, part->seats[i]))
            return false;
    }
    return want->seat_count == part->seat_count;
}

static bool has_same_singles(const struct lock_request *request, const struct pool_demand *demand)
{
    size_t matching = 0, singles = 0;

    for (size_t i = 0; i < demand->singles.name_count; i++) {
        const struct lock_want_name *name = &demand->singles.names[i];
        const struct lock_seat *seat =
            name->lock != NULL ? lock_seat_of_owner(name->lock, request->owner) : NULL;

        matching += seat != NULL && seat->request == request && seat->group == name->group;
    }
    for (size_t i = 0; i < request->seat_count; i++)
        singles += pool_want_of(request, request->seats[i].group) == NULL;
    return matching == singles && matching == demand->singles.name_count;
}

static bool is_same(const struct lock_request *request, const struct pool_demand *demand)
{
    const struct lock_ask *ask = demand->ask;

    if (request->group_count != ask->group_count || request->pooled == NULL ||
        request->pooled->want_count == 0)
        return false;
    for (uint32_t g = 0; g < ask->group_count; g++) {
        if (request->groups[g].needed != ask->groups[g].count)
            return false;
        if (demand->parts[g].pool != NULL &&
            !has_same_seats(pool_want_of(request, g), &demand->parts[g]))
            return false;
    }
    return has_same_singles(request, demand);
}

struct lock_own pool_find_own(const struct pool_demand *demand)
{
    const struct lock_ask *ask = demand->ask;
    struct lock_own own = {.covered = true};

    for (uint32_t g = 0; g < ask->group_count; g++) {
        const struct pool_part *part = &demand->parts[g];
        size_t held = part->pool != NULL ? look_at_part(part, ask->owner, &ask->groups[g], &own)
                                         : look_at_singles(demand, g, &own);

        own.covered &= held >= ask->groups[g].count;
    }
    own.same_wait = own.waiting != NULL && is_same(own.waiting, demand);
    return own;
}

static struct lock_request *next_single(const struct pool_demand *demand,
                                        struct pool_cursor *cursor)
{
    while (cursor->single < demand->singles.name_count) {
        const struct lock_want_name *name = &demand->singles.names[cursor->single];
        const struct lock_seat *seat;

        if (name->group != cursor->group)
            return NULL;
        cursor->single++;
        seat = name->lock != NULL ? lock_seat_of_owner(name->lock, demand->ask->owner) : NULL;
        if (seat != NULL && seat->state == LOCK_SEAT_HELD)
            return seat->request;
    }
    return NULL;
}

static struct lock_request *next_of_part(const struct pool_part *part, const char *owner,
                                         struct pool_cursor *cursor)
{
    struct lock_own own = {0};
    const struct lock_group nameless = {.names = &owner, .name_count = 1};

    while ((cursor->tie = pool_next_tie(part->pool, owner, cursor->tie)) != NULL) {
        if (cursor->tie->request->state == LOCK_HELD &&
            count_held(cursor->tie, part, &nameless, &own) > 0)
            return cursor->tie->request;
    }
    return NULL;
}

struct lock_request *pool_next_held(const struct pool_demand *demand, struct pool_cursor *cursor)
{
    for (; cursor->group < demand->ask->group_count; cursor->group++) {
        const struct pool_part *part = &demand->parts[cursor->group];
        struct lock_request *request = part->pool != NULL
                                           ? next_of_part(part, demand->ask->owner, cursor)
                                           : next_single(demand, cursor);

        if (request != NULL)
            return request;
    }
    return NULL;
}
