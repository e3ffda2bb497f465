/* Seats that an owner had from a table that is no more: by their names, as a job uses them.
 * Must not give anything that asking for any seats of their pools would not. */
#include "pools.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "grant.h"
#include "pool_index.h"
#include "pool_restore.h"
#include "pool_seat.h"
#include "pool_tree.h"
#include "query.h"
#include "renew.h"
#include "request.h"
#include "table.h"

/* Whether all that is asked for is meant, by its name, and any of it is a seat. */
static bool names_seats(const struct pool_index *index, const struct lock_ask *ask)
{
    bool any = false;

    for (size_t g = 0; g < ask->group_count; g++) {
        const struct lock_group *group = &ask->groups[g];

        for (size_t i = 0; i < group->name_count; i++) {
            const struct pool_name *found = pool_index_find(index, group->names[i]);

            if (group->count != group->name_count || (found != NULL && found->seat == POOL_NO_SEAT))
                return false;
            any |= found != NULL;
        }
    }
    return any && !lock_ask_shares(ask);
}

/* Seats with their locks; without one, single locks. */
static void find_seats(const struct pool_index *index, struct lock_want *want)
{
    for (size_t i = 0; i < want->name_count; i++) {
        const struct pool_name *found = pool_index_find(index, want->names[i].name);

        want->names[i].lock = found != NULL ? found->pool->seats[found->seat].lock : NULL;
    }
}

static struct lock_request *own_of(const struct lock_table *table, const struct lock_want *want,
                                   size_t i)
{
    struct lock_request *own = lock_table_find(table, want->ask->owner, want->names[i].name);

    return own != NULL && own->state == LOCK_HELD ? own : NULL;
}

static size_t count_own(const struct lock_table *table, const struct lock_want *want)
{
    size_t count = 0;

    for (size_t i = 0; i < want->name_count; i++)
        count += own_of(table, want, i) != NULL;
    return count;
}

static struct lock_result renew_own(struct lock_table *table, const struct lock_want *want,
                                    int64_t now_ms)
{
    struct lock_result result = {
        .outcome = LOCK_OUTCOME_GRANTED, .request = own_of(table, want, 0), .is_again = true};

    table->renewal++;
    for (size_t i = 0; i < want->name_count; i++) {
        struct lock_request *own = own_of(table, want, i);

        if (own->renewal == table->renewal)
            continue;
        own->renewal = table->renewal;
        if (lock_request_renew(table, own, want->ask, now_ms) != 0)
            return (struct lock_result){.outcome = LOCK_OUTCOME_NO_MEMORY};
    }
    return result;
}

static bool are_free(const struct lock_want *want)
{
    for (size_t i = 0; i < want->name_count; i++) {
        const struct lock *lock = want->names[i].lock;

        if (lock != NULL && !pool_seat_is_free(lock->pool, lock->number))
            return false;
    }
    return true;
}

static void note_grant(void *context, const struct lock_request *request, enum lock_outcome outcome)
{
    bool *is_granted = context;

    /* Not what the owner has already. */
    *is_granted = outcome == LOCK_OUTCOME_GRANTED && request->state == LOCK_WAITING;
}

/* The same as a demand for any seats: a group for each pool, and one of single locks.  `groups` has
 * room for all of them, `names` for all names. */
static size_t make_groups(const struct lock_want *want, struct lock_group *groups,
                          const char **names)
{
    size_t count = 0, singles = 0;

    for (size_t i = 0; i < want->name_count; i++) {
        const struct lock *lock = want->names[i].lock;
        size_t at = 0;

        while (at < count && (lock == NULL || groups[at].names[0] != lock->pool->name))
            at++;
        if (lock == NULL) {
            names[want->name_count - ++singles] = want->names[i].name;
            continue;
        }
        if (at == count) {
            names[at] = lock->pool->name;
            groups[at] = (struct lock_group){.names = &names[at], .name_count = 1};
            count++;
        }
        groups[at].count++;
    }
    if (singles > 0) {
        groups[count] = (struct lock_group){
            .names = &names[want->name_count - singles], .name_count = singles, .count = singles};
        count++;
    }
    return count;
}

/* What would come of asking for any of these seats; GRANTED only where that is something new. */
static struct lock_result foresee(struct lock_table *table, const struct lock_want *want,
                                  int64_t now_ms)
{
    struct lock_group *groups = calloc(want->name_count, sizeof *groups);
    const char **names = calloc(want->name_count, sizeof *names);
    struct lock_result result = {.outcome = LOCK_OUTCOME_NO_MEMORY};
    struct lock_ask ask = *want->ask;
    bool is_granted = false;

    if (groups != NULL && names != NULL) {
        ask.groups = groups;
        ask.group_count = make_groups(want, groups, names);
        result = lock_table_foresee(table, &ask, now_ms, note_grant, &is_granted);
        if (result.outcome == LOCK_OUTCOME_QUEUED ||
            (result.outcome == LOCK_OUTCOME_GRANTED && !is_granted))
            result.outcome = LOCK_OUTCOME_REFUSED;
    }
    free(groups);
    free(names);
    result.name = NULL;
    return result;
}

/* As from a state file, but as something new. */
static struct lock_result take(struct lock_table *table, const struct lock_ask *ask, int64_t now_ms)
{
    struct lock_record record = {.ask = *ask,
                                 .ticket = table->next_ticket,
                                 .token = table->next_token,
                                 .asked_ms = now_ms,
                                 .granted_ms = now_ms,
                                 .deadline_ms = INT64_MAX};
    struct lock_result result = {.outcome = LOCK_OUTCOME_GRANTED};

    result.request = lock_table_restore(table, &record);
    if (result.request == NULL) {
        result.outcome = errno == ENOMEM ? LOCK_OUTCOME_NO_MEMORY : LOCK_OUTCOME_REFUSED;
        return result;
    }
    pool_limit_hold(result.request);
    lock_request_set_deadline(table, result.request, now_ms);
    lock_table_emit(table, LOCK_EVENT_GRANTED, LOCK_REASON_NONE, result.request, now_ms);
    return result;
}

static struct lock_result take_seats(struct lock_table *table, const struct lock_want *want,
                                     int64_t now_ms)
{
    size_t own = count_own(table, want);
    struct lock_result result = {.outcome = LOCK_OUTCOME_REFUSED};

    if (own == want->name_count)
        return renew_own(table, want, now_ms);
    if (own > 0 || !are_free(want))
        return result;
    result = foresee(table, want, now_ms);
    return result.outcome == LOCK_OUTCOME_GRANTED ? take(table, want->ask, now_ms) : result;
}

struct lock_result lock_table_take_again(struct lock_table *table, const struct lock_ask *ask,
                                         int64_t now_ms)
{
    const struct pool_index none = {0};
    const struct pool_index *index = table->pools != NULL ? pool_index_of(table) : &none;
    struct lock_ask impatient = *ask;
    struct lock_result result = {0};
    struct lock_want want;

    impatient.wait = false;
    if (!names_seats(index, ask))
        return lock_table_request(table, &impatient, now_ms);
    result.outcome = lock_want_init(&want, &impatient, &result.name);
    if (result.outcome != LOCK_OUTCOME_GRANTED)
        return result;
    find_seats(index, &want);
    result = take_seats(table, &want, now_ms);
    lock_want_fini(&want);
    return result;
}
