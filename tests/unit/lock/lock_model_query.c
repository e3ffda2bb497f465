/* Questions to the model of the lock table.
 * Must not change it, nor share code or ideas with lib/: linear scans only. */
#include "lock_model.h"

bool model_waits_in(const struct model_request *request, int name)
{
    for (int i = 0; i < request->seat_count; i++)
        if (request->seats[i].name == name && request->seats[i].state == LOCK_SEAT_QUEUED)
            return true;
    return false;
}

/* Whether it does, or would if it were not away. */
bool model_wants(const struct model_request *request, int name)
{
    for (int i = 0; request->away && i < request->seat_count; i++)
        if (request->seats[i].name == name)
            return true;
    return model_waits_in(request, name);
}

/* Whether the request has the lock, be it held or set aside. */
bool model_has(const struct model_request *request, int name)
{
    for (int i = 0; i < request->seat_count; i++)
        if (request->seats[i].name == name && (request->seats[i].state == LOCK_SEAT_PROMISED ||
                                               request->seats[i].state == LOCK_SEAT_HELD))
            return true;
    return false;
}

static bool names(const struct model_request *request, int name)
{
    for (int i = 0; i < request->seat_count; i++)
        if (request->seats[i].name == name && request->seats[i].named)
            return true;
    return false;
}

struct model_request *model_by_ticket(struct model *model, uint64_t ticket)
{
    for (int i = 0; i < model->request_count; i++)
        if (model->requests[i].ticket == ticket)
            return &model->requests[i];
    return NULL;
}

struct model_request *model_find(struct model *model, int owner, int name)
{
    for (int i = 0; i < model->request_count; i++)
        if (model->requests[i].ask.owner == owner && names(&model->requests[i], name) &&
            !model_is_kept(&model->requests[i], name))
            return &model->requests[i];
    return NULL;
}

bool model_shares(const struct model_request *request, int name)
{
    for (int i = 0; i < request->seat_count; i++)
        if (request->seats[i].name == name)
            return request->ask.groups[request->seats[i].group].shared;
    return false;
}

/* Of several the first that holds it, else the first that it was promised to. */
struct model_request *model_taker(struct model *model, int name)
{
    struct model_request *first = NULL;

    for (int i = 0; i < model->request_count; i++) {
        struct model_request *request = &model->requests[i];

        if (model_has(request, name) &&
            (first == NULL || (first->state != LOCK_HELD && request->state == LOCK_HELD)))
            first = request;
    }
    return first;
}

/* Whether a request could have a lock now, as far as those that have it and those that have asked
 * before it and wait go. */
bool model_is_there(struct model *model, const struct model_request *request, int name)
{
    if (model->offline[name])
        return false;
    for (int i = 0; i < model->request_count; i++) {
        const struct model_request *other = &model->requests[i];

        if (other->ticket == request->ticket)
            continue;
        if (model_has(other, name) && !(model_shares(request, name) && model_shares(other, name)))
            return false;
        if (model_waits_in(other, name) &&
            (request->ticket == 0 || other->ticket < request->ticket))
            return false;
    }
    return true;
}

struct model_request *model_holder(struct model *model, int name)
{
    struct model_request *request = model_taker(model, name);

    return request != NULL && request->state == LOCK_HELD ? request : NULL;
}

int model_taken(const struct model_request *request, int group)
{
    int taken = 0;

    for (int i = 0; i < request->seat_count; i++)
        if (request->seats[i].group == group && model_has(request, request->seats[i].name))
            taken++;
    return taken;
}

int model_held_seats(const struct model_request *request)
{
    int held = 0;

    for (int i = 0; i < request->seat_count; i++)
        held += request->seats[i].state == LOCK_SEAT_HELD;
    return held;
}

struct model_request *model_blocker(struct model *model, const struct model_request *request,
                                    int *name)
{
    if (request->state != LOCK_WAITING)
        return NULL;
    for (int i = 0; i < request->seat_count; i++) {
        struct model_request *taker = model_taker(model, request->seats[i].name);

        if (model_wants(request, request->seats[i].name) && taker != NULL) {
            *name = request->seats[i].name;
            return taker;
        }
    }
    return NULL;
}

size_t model_queue_length(const struct model *model, int name)
{
    size_t length = 0;

    for (int i = 0; i < model->request_count; i++)
        length += model_waits_in(&model->requests[i], name);
    return length;
}

static size_t place_in(const struct model *model, const struct model_request *request, int name)
{
    size_t place = 1;

    for (int i = 0; i < model->request_count; i++)
        if (model->requests[i].ticket < request->ticket)
            place += model_waits_in(&model->requests[i], name);
    return place;
}

size_t model_position(const struct model *model, const struct model_request *request)
{
    size_t longest = 1;

    if (request->state != LOCK_WAITING)
        return 0;
    for (int group = 0; group < request->ask.group_count; group++) {
        size_t shortest = SIZE_MAX;

        for (int i = 0; i < request->seat_count; i++) {
            const struct model_seat *seat = &request->seats[i];

            if (seat->group == group && model_wants(request, seat->name) &&
                place_in(model, request, seat->name) < shortest)
                shortest = place_in(model, request, seat->name);
        }
        if (shortest != SIZE_MAX && shortest > longest)
            longest = shortest;
    }
    return longest;
}

int64_t model_next_deadline(const struct model *model)
{
    int64_t next = model_next_keep_end(model);

    for (int i = 0; i < model->request_count; i++)
        if (model->requests[i].deadline_ms < next)
            next = model->requests[i].deadline_ms;
    return next;
}

static int most_of_group(const struct model_request *request, int group)
{
    bool all[MODEL_NAMES] = {false};
    int distinct = 0;

    for (int i = 0; i < request->seat_count; i++) {
        all[request->seats[i].name] |= request->seats[i].group == group;
        distinct += request->seats[i].group == group;
    }
    return request->parts.count > 0 && group == request->parts.group ? model_matched(request, all)
                                                                     : distinct;
}

bool model_counts_fit(const struct model_request *request)
{
    for (int p = 0; p < request->parts.count; p++)
        if (request->parts.groups[p].count < 1)
            return false;
    for (int group = 0; group < request->ask.group_count; group++)
        if (request->ask.groups[group].count < 1 ||
            request->ask.groups[group].count > most_of_group(request, group))
            return false;
    return true;
}

static bool has_name(const struct model_group *group, int name)
{
    for (int i = 0; i < group->name_count; i++)
        if (group->names[i] == name)
            return true;
    return false;
}

static bool has_same_parts(const struct model_parts *a, const struct model_parts *b)
{
    if (a->count != b->count || (a->count > 0 && a->group != b->group))
        return false;
    for (int p = 0; p < a->count; p++) {
        if (a->groups[p].count != b->groups[p].count)
            return false;
        for (int name = 0; name < MODEL_NAMES; name++)
            if (has_name(&a->groups[p], name) != has_name(&b->groups[p], name))
                return false;
    }
    return true;
}

/* The same groups in the same order; the order within a group does not count. */
bool model_is_same_demand(const struct model_request *a, const struct model_request *b)
{
    int alike = 0;

    if (a->ask.group_count != b->ask.group_count || a->seat_count != b->seat_count)
        return false;
    for (int group = 0; group < a->ask.group_count; group++)
        if (a->ask.groups[group].count != b->ask.groups[group].count ||
            a->ask.groups[group].shared != b->ask.groups[group].shared)
            return false;
    for (int i = 0; i < a->seat_count; i++)
        for (int k = 0; k < b->seat_count; k++)
            alike += a->seats[i].name == b->seats[k].name && a->seats[i].group == b->seats[k].group;
    return alike == a->seat_count && has_same_parts(&a->parts, &b->parts);
}
