/* Asking again for what is held or waited for.
 * Must not release anything. */
#include "renew.h"

#include "come_back.h"
#include "extend.h"
#include "grant.h"
#include "keeping.h"
#include "pool_seat.h"
#include "pool_standing.h"
#include "request.h"

/* The limit counts from now, but what bounds all that it is held counts from the grant. */
static void begin_limit_anew(struct lock_table *table, struct lock_request *request,
                             const struct lock_ask *ask, int64_t now_ms)
{
    int64_t most_ms = lock_request_most_ms(request, ask->most_ms), end_ms;

    lock_request_set_deadline(table, request, now_ms);
    if (most_ms > 0 && !__builtin_add_overflow(request->granted_ms, most_ms, &end_ms) &&
        request->deadline_ms > end_ms)
        lock_request_limit(table, request, end_ms);
}

int lock_request_renew(struct lock_table *table, struct lock_request *request,
                       const struct lock_ask *ask, int64_t now_ms)
{
    int result;

    if (lock_keep_prepare(table, request, ask) != 0)
        return -1;
    lock_request_unindex(table, request);
    result = lock_request_adopt(table->pools, request, ask);
    lock_request_index(table, request);
    if (result != 0)
        return -1;
    lock_keep_adopt(table, request, ask);
    if (request->pooled != NULL) {
        pool_standing_drop_heir(table->pools, request->pooled);
        pool_limit_hold(request);
    }
    request->last_asked_ms = now_ms;
    if (request->state == LOCK_HELD)
        begin_limit_anew(table, request, ask, now_ms);
    lock_request_come_back(table, request, true, now_ms);
    return 0;
}

void lock_table_follow(struct lock_table *table, struct lock_request *request, uint64_t pid,
                       uint64_t start, int64_t now_ms)
{
    /* What says nothing is shared by all that do not. */
    if (request->process->host == NULL || request->is_kept)
        return;
    lock_request_unindex(table, request);
    request->process->pid = pid;
    request->process->start = start;
    request->process->is_found = false;
    lock_request_index(table, request);
    lock_table_emit(table, LOCK_EVENT_RENEWED, LOCK_REASON_NONE, request, now_ms);
}
