/* How a grant or a wait ends, lock by lock.
 * Must not allocate. */
#include "end.h"

#include "grant.h"
#include "keeping.h"
#include "nesting_links.h"
#include "pool_end.h"
#include "pool_seat.h"
#include "pool_standing.h"
#include "request.h"
#include "sharing.h"
#include "spread.h"
#include "table.h"

/* Unties a seat that was given back from its lock, and frees a request that has ended with it. */
static void untie(struct lock_table *table, struct lock_seat *seat, struct pool *pool)
{
    struct lock_request *request = seat->request;

    if (pool == NULL) {
        lock_seat_detach(seat);
    } else {
        seat->lock = NULL;
        seat->state = LOCK_SEAT_NONE;
        pool_discharge(table->pools, pool_tie_of(request, pool), 1);
    }
    seat->is_kept = false;
    if (request->state != LOCK_ENDED)
        return;
    if (request->pooled != NULL)
        pool_forget_request(table, request);
    if (request->keeps)
        lock_keep_forget(table, request);
    lock_request_recycle(table, request);
}

/* Neither process nor job ends it any more, and nothing runs inside of it. */
static void leave_owner(struct lock_table *table, struct lock_request *request)
{
    lock_request_unindex(table, request);
    lock_nesting_forget(request);
}

static void hold_on(struct lock_table *table, struct lock_seat *seat, enum lock_reason reason,
                    int64_t now_ms)
{
    if (seat->is_kept)
        return;
    if (lock_keep_mark(table, seat))
        leave_owner(table, seat->request);
    lock_table_emit_of(table, LOCK_EVENT_KEPT, reason, seat, now_ms);
}

void lock_release_seat(struct lock_table *table, struct lock_seat *seat, enum lock_reason reason,
                       int64_t now_ms)
{
    struct lock_request *request = seat->request;
    struct lock *lock = seat->lock;
    struct pool *pool = lock->pool;

    if (request->keeps && lock_keep_holds_on(table, seat, reason, now_ms)) {
        hold_on(table, seat, reason, now_ms);
        return;
    }
    if (pool == NULL)
        lock_untake(seat);
    else
        pool_release(seat);
    if (table->spread != NULL)
        lock_spread_note(table, lock->name);
    if (request->pooled != NULL)
        pool_standing_drop_heir(table->pools, request->pooled); /* it is charged with the seat */
    lock_group_lose(seat);
    table->held_count--;
    request->held_count--;
    if (request->held_count == 0) {
        request->state = LOCK_ENDED;
        if (!request->is_kept)
            lock_request_unindex(table, request);
        if (request->deadline_ms != INT64_MAX)
            lock_request_limit(table, request, INT64_MAX);
    } else if (request->keeps && lock_keep_on_release(table, seat)) {
        leave_owner(table, request);
    }
    lock_table_emit_of(table, LOCK_EVENT_RELEASED, reason, seat, now_ms);
    untie(table, seat, pool);
    if (pool == NULL)
        lock_pass_on(table, lock, now_ms);
    else
        pool_pass_on(table, pool, lock->number, now_ms);
}

void lock_end_wait(struct lock_table *table, struct lock_request *request, enum lock_reason reason,
                   int64_t now_ms)
{
    request->state = LOCK_ENDED;
    if (request->keeps)
        lock_keep_forget(table, request);
    tree_remove(&table->waiting, &request->ticket_node);
    lock_request_unindex(table, request);
    lock_table_emit(table, LOCK_EVENT_LEFT, reason, request, now_ms);
    if (request->pooled != NULL) {
        pool_end_wait(table, request, now_ms);
        lock_request_destroy(request);
        return;
    }
    for (size_t i = 0; i < request->seat_count; i++)
        lock_seat_let_go(&request->seats[i]);
    for (size_t i = 0; i < request->seat_count; i++) {
        struct lock_seat *seat = &request->seats[i];
        struct lock *lock = seat->lock;

        lock_seat_detach(seat);
        if (lock->taken == NULL || lock_has_readers(lock))
            lock_pass_on(table, lock, now_ms);
    }
    lock_request_destroy(request);
}

void lock_table_end(struct lock_table *table, struct lock_request *request, enum lock_reason reason,
                    int64_t now_ms)
{
    if (request->state == LOCK_WAITING) {
        lock_end_wait(table, request, reason, now_ms);
        return;
    }
    for (size_t i = 0, left = request->held_count; left > 0; i++) {
        if (request->seats[i].state != LOCK_SEAT_HELD)
            continue;
        left--;
        lock_release_seat(table, &request->seats[i], reason, now_ms);
    }
}
