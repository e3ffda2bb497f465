/* Putting the requests of an earlier life back into the lock table.
 * Must not tell anybody: what is restored has been told before. */
#include <errno.h>

#include "grant.h"
#include "keeping.h"
#include "pool_restore.h"
#include "query.h"
#include "request.h"
#include "sharing.h"
#include "table.h"

/* Each ticket is one request's; those that wait are found by theirs. */
static bool is_new(const struct lock_table *table, const struct lock_record *record)
{
    const struct lock_request probe = {.ticket = record->ticket};

    return record->ticket > 0 && record->ticket < UINT64_MAX && record->token < UINT64_MAX &&
           tree_find(&table->waiting, &probe.ticket_node) == NULL;
}

/* Only what is held, and is to be kept, can be something that its owner is done with. */
static bool may_be_kept(const struct lock_record *record)
{
    const struct lock_ask *ask = &record->ask;
    bool is_kept = false;

    for (size_t g = 0; g < ask->group_count; g++)
        is_kept |= ask->groups[g].kept;
    return !is_kept || (record->token != 0 && (ask->keep_ms > 0 || ask->until_boot));
}

/* Nobody holds a name of it, if it is to be held, and its owner has no other request for one. */
static bool is_possible(const struct lock_want *want, bool held)
{
    for (size_t i = 0; i < want->name_count; i++) {
        const struct lock_group *group = &want->groups[want->names[i].group];
        const struct lock *lock = want->names[i].lock;

        if (lock == NULL)
            continue;
        if (held && lock->taken != NULL && !(lock->taken->is_shared && group->shared))
            return false;
        if (!group->kept && lock_seat_of_owner(lock, want->ask->owner) != NULL)
            return false;
    }
    return true;
}

static void hold_all(struct lock_table *table, struct lock_request *request,
                     const struct lock_record *record)
{
    for (size_t i = 0; i < request->seat_count; i++) {
        lock_seat_promise(&request->seats[i]);
        lock_hold(&request->seats[i]);
    }
    request->state = LOCK_HELD;
    request->held_count = request->seat_count;
    table->held_count += request->seat_count;
    request->token = record->token;
    request->granted_ms = record->granted_ms;
    request->deadline_ms = record->deadline_ms;
    if (request->deadline_ms != INT64_MAX)
        tree_insert(&table->deadlines, &request->deadline_node);
}

static void wait_absent(struct lock_table *table, struct lock_request *request, bool away)
{
    request->present = false;
    request->away = away && lock_request_needs_one(request);
    tree_insert(&table->waiting, &request->ticket_node);
    if (!request->away)
        lock_request_enter_queues(request);
}

static struct lock_request *restore_checked(struct lock_table *table, const struct lock_want *want,
                                            const struct lock_record *record)
{
    struct lock_request *request = lock_request_create(table, want);

    if (request == NULL || lock_keep_prepare_restored(table, request, &record->ask) != 0 ||
        lock_request_attach(table, request, want) != 0) {
        if (request != NULL) {
            lock_keep_forget(table, request);
            lock_request_destroy(request);
        }
        errno = ENOMEM;
        return NULL;
    }
    request->ticket = record->ticket;
    request->asked_ms = record->asked_ms;
    request->last_asked_ms = record->asked_ms;
    lock_request_index(table, request);
    if (record->token != 0)
        hold_all(table, request, record);
    else
        wait_absent(table, request, record->away);
    if (lock_keep_restore(table, request, record))
        lock_request_unindex(table, request);
    lock_table_count_restored(table, record);
    return request;
}

/* What readers hold stays a single lock beside the seat of a pool that has its name now, which
 * nobody is given meanwhile. */
static void leave_seats_alone(struct lock_table *table, struct lock_want *want)
{
    for (size_t i = 0; i < want->name_count; i++) {
        struct lock *lock = want->names[i].lock;

        if (lock == NULL || lock->pool == NULL)
            continue;
        pool_keep_from_all(lock);
        table->pools->has_apart = true;
        want->names[i].lock = NULL;
    }
}

struct lock_request *lock_table_restore(struct lock_table *table, const struct lock_record *record)
{
    struct lock_request *request = NULL;
    struct lock_want want;
    const char *culprit;
    enum lock_outcome outcome;

    if (!may_be_kept(record)) {
        errno = EINVAL;
        return NULL;
    }
    if (is_new(table, record) && pool_restore(table, record, &request))
        return request;
    outcome = lock_want_init(&want, &record->ask, &culprit);
    if (outcome != LOCK_OUTCOME_GRANTED) {
        errno = outcome == LOCK_OUTCOME_NO_MEMORY ? ENOMEM : EINVAL;
        return NULL;
    }
    lock_want_find_locks(&want, table);
    if (record->token != 0 && lock_ask_shares(&record->ask))
        leave_seats_alone(table, &want);
    if (is_new(table, record) && is_possible(&want, record->token != 0))
        request = restore_checked(table, &want, record);
    else
        errno = EINVAL;
    lock_want_fini(&want);
    return request;
}
