/* The model of pools: what is kept though its owner is done with it.
 * Must not know how the table does it. */
#include "pool_model.h"

void pm_begin_keep(struct pm_request *request)
{
    int64_t until_ms = request->granted_ms + request->keep_ms;

    if (request->keeps && until_ms > request->keep_until_ms)
        request->keep_until_ms = until_ms;
}

void pm_ask_to_keep(struct pm_request *request, int64_t keep_ms)
{
    if (!request->keeps) {
        request->keep_until_ms = INT64_MIN;
        request->keep_ms = 0;
    }
    request->keeps |= keep_ms > 0;
    if (keep_ms > request->keep_ms)
        request->keep_ms = keep_ms;
    if (request->state == LOCK_HELD)
        pm_begin_keep(request);
}

static bool holds_on(const struct pool_model *model, const struct pm_request *request)
{
    return request->keeps && request->keep_until_ms > model->now_ms;
}

bool pm_is_done(const struct pool_model *model, const struct pm_request *request)
{
    return pm_next_held(model, request, PM_KEPT) >= 0 &&
           pm_next_held(model, request, PM_NOT_KEPT) < 0;
}

void pm_give_back(struct pool_model *model, int name)
{
    const struct pm_request *request = pm_by_ticket(model, model->locks[name].ticket);

    if (!holds_on(model, request)) {
        pm_release(model, name);
        return;
    }
    model->locks[name].is_kept = true;
    pm_report(model, LOCK_EVENT_KEPT, request, name);
}

void pm_end_by_owner(struct pool_model *model, uint64_t ticket)
{
    const struct pm_request *request = pm_by_ticket(model, ticket);
    int name;

    if (request->state == LOCK_WAITING || !holds_on(model, request)) {
        pm_end(model, ticket);
        return;
    }
    while ((name = pm_next_held(model, request, PM_NOT_KEPT)) >= 0)
        pm_give_back(model, name);
}

struct pm_request *pm_first_kept(struct pool_model *model)
{
    struct pm_request *first = NULL;

    for (int i = 0; i < model->request_count; i++) {
        struct pm_request *request = &model->requests[i];

        if (request->state == LOCK_HELD && request->keeps &&
            request->keep_until_ms <= model->now_ms &&
            (first == NULL || request->keep_until_ms < first->keep_until_ms))
            first = request;
    }
    return first;
}

void pm_end_keep(struct pool_model *model, uint64_t ticket)
{
    struct pm_request *request;
    int name;

    while ((request = pm_by_ticket(model, ticket)) != NULL &&
           (name = pm_next_held(model, request, PM_KEPT)) >= 0)
        pm_release(model, name);
    if (request != NULL)
        request->keeps = false;
}
