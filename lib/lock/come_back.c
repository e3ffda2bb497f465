/* Waiters that come back.
 * Must not release anything. */
#include "come_back.h"

#include "collect.h"
#include "grant.h"
#include "pool_grant.h"

/* It queues by its old ticket, and takes what it missed, where that is only promised. */
static void enter_again(struct lock_table *table, struct lock_request *request)
{
    if (request->pooled != NULL)
        pool_enter(table, request);
    else
        lock_collect(table, request);
}

void lock_request_come_back(struct lock_table *table, struct lock_request *request, bool is_renewed,
                            int64_t now_ms)
{
    bool was_away = request->away;

    request->present = true;
    request->away = false;
    if (is_renewed || was_away)
        lock_table_emit(table, LOCK_EVENT_RENEWED, LOCK_REASON_NONE, request, now_ms);
    if (was_away)
        enter_again(table, request);
    lock_request_grant_if_ready(table, request, now_ms);
    if (was_away && table->pools != NULL)
        pool_settle(table, now_ms);
    else if (was_away)
        lock_settle(table, now_ms);
}
