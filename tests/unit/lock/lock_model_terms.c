/* The model of the lock table: what changes of a grant while it is held.
 * Must not know how the table does it. */
#include "lock_model.h"

void model_follow(struct model *model, uint64_t ticket, int pid, int start)
{
    struct model_request *request = model_by_ticket(model, ticket);

    if (request->ask.host == MODEL_NOBODY || model_is_done(request))
        return;
    request->ask.pid = pid;
    request->ask.start = start;
    model_report(model, LOCK_EVENT_RENEWED, LOCK_REASON_NONE, request, MODEL_NOBODY);
}

bool model_extend(struct model *model, uint64_t ticket, int64_t add_ms, int64_t most_ms)
{
    struct model_request *request = model_by_ticket(model, ticket);

    if (request->deadline_ms == INT64_MAX)
        return true;
    if (most_ms > 0 && request->deadline_ms + add_ms > request->granted_ms + most_ms)
        return false;
    request->deadline_ms += add_ms;
    request->ask.hold_ms += add_ms;
    model_report(model, LOCK_EVENT_RENEWED, LOCK_REASON_NONE, request, MODEL_NOBODY);
    return true;
}
