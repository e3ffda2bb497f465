/* The model of the lock table: promises, and how who comes back takes those of later tickets.
 * Must not share code or ideas with lib/lock: arrays and linear scans only. */
#include "lock_model.h"

int model_promise(struct model_request *request, int name)
{
    int group = 0;

    for (int i = 0; i < request->seat_count; i++) {
        if (request->seats[i].name == name) {
            request->seats[i].state = LOCK_SEAT_PROMISED;
            group = request->seats[i].group;
        }
    }
    for (int i = 0; i < request->seat_count; i++)
        if (request->seats[i].group == group && request->seats[i].state == LOCK_SEAT_QUEUED &&
            (model_taken(request, group) == request->ask.groups[group].count ||
             !model_is_of_use(request, request->seats[i].name)))
            request->seats[i].state = LOCK_SEAT_NONE;
    return group;
}

static bool is_later_promise(const struct model_request *other, const struct model_request *request,
                             int name)
{
    return other->state == LOCK_WAITING && other->ticket > request->ticket &&
           model_has(other, name) && !(model_shares(other, name) && model_shares(request, name));
}

/* The first lock of a group that is there for the request; else the one that was promised to the
 * highest later ticket; MODEL_NOBODY for none. */
static int find(struct model *model, const struct model_request *request, int group)
{
    uint64_t last = request->ticket;
    int best = MODEL_NOBODY;

    for (int i = 0; i < request->seat_count; i++)
        if (request->seats[i].group == group && request->seats[i].state != LOCK_SEAT_PROMISED &&
            model_is_of_use(request, request->seats[i].name) &&
            model_is_there(model, request, request->seats[i].name))
            return request->seats[i].name;
    for (int i = 0; i < request->seat_count; i++) {
        const struct model_request *taker = model_taker(model, request->seats[i].name);

        if (request->seats[i].group != group || taker == NULL || taker->ticket <= last ||
            !model_is_of_use(request, request->seats[i].name) ||
            !is_later_promise(taker, request, request->seats[i].name))
            continue;
        last = taker->ticket;
        best = request->seats[i].name;
    }
    return best;
}

/* Who has a later promise of the lock, and cannot share it, has it no more, and looks again. */
static void end_later_promises(struct model *model, const struct model_request *request, int name)
{
    for (int i = 0; i < model->request_count; i++) {
        struct model_request *other = &model->requests[i];

        if (!is_later_promise(other, request, name))
            continue;
        for (int k = 0; k < other->seat_count; k++)
            if (other->seats[k].name == name)
                other->seats[k].state = LOCK_SEAT_NONE;
        other->looks = other->missed_some = true;
    }
}

/* What is set aside of a lock is so no more, and whoever it was looks for another. */
void model_end_promises(struct model *model, int name)
{
    for (int i = 0; i < model->request_count; i++) {
        struct model_request *other = &model->requests[i];

        if (other->state != LOCK_WAITING || !model_has(other, name))
            continue;
        for (int k = 0; k < other->seat_count; k++)
            if (other->seats[k].name == name)
                other->seats[k].state = LOCK_SEAT_NONE;
        other->looks = other->missed_some = true;
    }
}

/* The first that queues for a lock that readers have may be one more of them. */
static void let_reader_look(struct model *model, int name)
{
    const struct model_request *taker = model_taker(model, name);
    int i = 0;

    while (i < model->request_count && !model_waits_in(&model->requests[i], name))
        i++;
    if (i < model->request_count && taker != NULL && model_shares(taker, name) &&
        model_shares(&model->requests[i], name))
        model->requests[i].looks = true;
}

static void collect_group(struct model *model, struct model_request *request, int group)
{
    int name;

    while (model_taken(request, group) < request->ask.groups[group].count &&
           (name = find(model, request, group)) != MODEL_NOBODY) {
        end_later_promises(model, request, name);
        model_promise(request, name);
        for (int i = 0; i < request->seat_count; i++)
            if (request->seats[i].group == group)
                let_reader_look(model, request->seats[i].name);
    }
    if (model_taken(request, group) == request->ask.groups[group].count)
        return;
    for (int i = 0; i < request->seat_count; i++) {
        if (request->seats[i].group != group || request->seats[i].state == LOCK_SEAT_PROMISED ||
            !model_is_of_use(request, request->seats[i].name))
            continue;
        end_later_promises(model, request, request->seats[i].name);
        request->seats[i].state = LOCK_SEAT_QUEUED;
    }
}

void model_collect(struct model *model, struct model_request *request)
{
    for (int group = 0; group < request->ask.group_count; group++)
        collect_group(model, request, group);
}

bool model_could_collect(struct model *model, const struct model_request *request)
{
    return find(model, request, 0) != MODEL_NOBODY;
}

void model_settle(struct model *model)
{
    for (int i = 0; i < model->request_count; i++) {
        if (!model->requests[i].looks)
            continue;
        model->requests[i].looks = false;
        model_collect(model, &model->requests[i]);
        model_grant_if_full(model, &model->requests[i]);
        i = -1; /* from the lowest ticket again */
    }
}
