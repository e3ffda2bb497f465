/* What would come of a request for single locks.
 * Must not leave anything as it was not before. */
#include "foresee.h"

#include "grant.h"
#include "keeping.h"
#include "request.h"

struct lock_result lock_foresee_tell(const struct lock_table *table,
                                     const struct lock_request *request, enum lock_outcome outcome)
{
    table->foresee(table->foresee_context, request, outcome);
    return (struct lock_result){.outcome = outcome};
}

/* A lock that was free is so again: whoever had wanted it would have had it. */
static void leave(struct lock_table *table, struct lock_request *request)
{
    tree_remove(&table->waiting, &request->ticket_node);
    for (uint32_t i = 0; i < request->seat_count; i++) {
        struct lock_seat *seat = &request->seats[i];
        struct lock *lock = seat->lock;

        lock_seat_withdraw(seat);
        lock_forget_if_unused(table, lock);
    }
    lock_keep_forget(table, request);
    lock_request_destroy(request);
}

struct lock_result lock_foresee(struct lock_table *table, struct lock_request *request,
                                int64_t now_ms)
{
    struct lock_result result;
    bool is_complete;

    request->ticket = table->next_ticket;
    request->asked_ms = now_ms;
    lock_request_enter_queues(request);
    tree_insert(&table->waiting, &request->ticket_node);
    is_complete = lock_request_is_complete(request);
    result =
        lock_foresee_tell(table, request, is_complete ? LOCK_OUTCOME_GRANTED : LOCK_OUTCOME_QUEUED);
    leave(table, request);
    return result;
}
