/* The model of the lock table: what is kept.
 * Must not know how the table does it. */
#include "lock_model.h"

static bool is_timed(const struct model_request *request)
{
    return request->state == LOCK_HELD && request->keeps && !request->ask.until_boot;
}

int64_t model_next_keep_end(const struct model *model)
{
    int64_t next = INT64_MAX;

    for (int i = 0; i < model->request_count; i++)
        if (is_timed(&model->requests[i]) && model->requests[i].keep_until_ms < next)
            next = model->requests[i].keep_until_ms;
    return next;
}

uint64_t model_first_kept(const struct model *model)
{
    int i = 0;

    while (!is_timed(&model->requests[i]) ||
           model->requests[i].keep_until_ms != model_next_keep_end(model))
        i++;
    return model->requests[i].ticket;
}

void model_begin_keep(struct model_request *request)
{
    int64_t until_ms = request->granted_ms + request->ask.keep_ms;

    if (request->keeps && request->ask.keep_ms > 0 && until_ms > request->keep_until_ms)
        request->keep_until_ms = until_ms;
}

void model_ask_to_keep(struct model_request *request, const struct model_ask *ask)
{
    if (!request->keeps) {
        request->keep_until_ms = INT64_MIN;
        request->ask.keep_ms = 0;
        request->ask.until_boot = false;
    }
    request->keeps |= ask->keep_ms > 0 || ask->until_boot;
    request->ask.until_boot |= ask->until_boot;
    if (ask->keep_ms > request->ask.keep_ms)
        request->ask.keep_ms = ask->keep_ms;
    if (request->state == LOCK_HELD)
        model_begin_keep(request);
}

bool model_is_kept(const struct model_request *request, int name)
{
    for (int i = 0; i < request->seat_count; i++)
        if (request->seats[i].name == name && request->seats[i].state == LOCK_SEAT_HELD)
            return request->seats[i].is_kept;
    return false;
}

bool model_is_done(const struct model_request *request)
{
    int kept = 0;

    for (int i = 0; i < request->seat_count; i++)
        kept += request->seats[i].state == LOCK_SEAT_HELD && request->seats[i].is_kept;
    return kept > 0 && kept == model_held_seats(request);
}

/* Whether a lock that is to be given back stays; then that is done. */
bool model_keep(struct model *model, struct model_request *request, int name,
                enum lock_reason reason)
{
    if (!request->keeps || (!request->ask.until_boot && request->keep_until_ms <= model->now_ms) ||
        (reason != LOCK_REASON_UNLOCK && reason != LOCK_REASON_DEAD &&
         reason != LOCK_REASON_JOB_END))
        return false;
    for (int i = 0; i < request->seat_count; i++) {
        if (request->seats[i].name != name || request->seats[i].is_kept)
            continue;
        request->seats[i].is_kept = true;
        model_report(model, LOCK_EVENT_KEPT, reason, request, name);
    }
    return true;
}

void model_end_keep(struct model *model, uint64_t ticket)
{
    struct model_request request = *model_by_ticket(model, ticket);

    for (int i = 0; i < request.seat_count; i++)
        if (model_is_kept(&request, request.seats[i].name))
            model_release(model, ticket, request.seats[i].name, LOCK_REASON_KEPT);
    if (!model_is_done(&request))
        model_by_ticket(model, ticket)->keeps = false;
}

void model_booted(struct model *model, uint64_t ticket)
{
    struct model_request *request = model_by_ticket(model, ticket);

    if (!request->keeps || !request->ask.until_boot || request->state != LOCK_HELD)
        return;
    request->ask.until_boot = false;
    if (request->keep_until_ms <= model->now_ms)
        model_end_keep(model, ticket);
    request = model_by_ticket(model, ticket);
    if (request != NULL)
        model_report(model, LOCK_EVENT_RENEWED, LOCK_REASON_NONE, request, MODEL_NOBODY);
}
