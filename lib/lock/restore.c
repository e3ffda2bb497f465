/* Putting the requests of an earlier life back into the lock table.
 * Must not tell anybody: what is restored has been told before. */
#include <errno.h>

#include "grant.h"
#include "query.h"
#include "request.h"
#include "table.h"

/* Nobody holds a name of it, if it is to be held, and its owner has no other request for one. */
static bool is_possible(const struct lock_want *want, bool held)
{
    for (size_t i = 0; i < want->name_count; i++) {
        const struct lock *lock = want->names[i].lock;

        if (lock == NULL)
            continue;
        if (held && lock->taken != NULL)
            return false;
        if (lock_seat_of_owner(lock, want->ask->owner) != NULL)
            return false;
    }
    return true;
}

static void hold_all(struct lock_table *table, struct lock_request *request,
                     const struct lock_record *record)
{
    for (size_t i = 0; i < request->seat_count; i++) {
        lock_seat_promise(&request->seats[i]);
        request->seats[i].state = LOCK_SEAT_HELD;
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
    struct lock_request *request = lock_request_create(want);

    if (request == NULL || lock_request_attach(table, request, want) != 0) {
        if (request != NULL)
            lock_request_destroy(request);
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
    if (table->next_ticket <= record->ticket)
        table->next_ticket = record->ticket + 1;
    if (table->next_token <= record->token)
        table->next_token = record->token + 1;
    return request;
}

struct lock_request *lock_table_restore(struct lock_table *table, const struct lock_record *record)
{
    struct lock_request *request = NULL;
    struct lock_want want;
    const char *culprit;
    enum lock_outcome outcome = lock_want_init(&want, &record->ask, &culprit);

    if (outcome != LOCK_OUTCOME_GRANTED) {
        errno = outcome == LOCK_OUTCOME_NO_MEMORY ? ENOMEM : EINVAL;
        return NULL;
    }
    lock_want_find_locks(&want, table);
    if (is_possible(&want, record->token != 0))
        request = restore_checked(table, &want, record);
    else
        errno = EINVAL;
    lock_want_fini(&want);
    return request;
}
