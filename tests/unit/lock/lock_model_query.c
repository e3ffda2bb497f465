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
        if (model->requests[i].ask.owner == owner && names(&model->requests[i], name))
            return &model->requests[i];
    return NULL;
}

struct model_request *model_taker(struct model *model, int name)
{
    for (int i = 0; i < model->request_count; i++)
        if (model_has(&model->requests[i], name))
            return &model->requests[i];
    return NULL;
}

struct model_request *model_holder(struct model *model, int name)
{
    struct model_request *request = model_taker(model, name);

    return request != NULL && request->state == LOCK_HELD ? request : NULL;
}

bool model_has_free(struct model *model, const struct model_request *request)
{
    for (int i = 0; i < request->seat_count; i++)
        if (model_taker(model, request->seats[i].name) == NULL)
            return true;
    return false;
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
    int64_t next = INT64_MAX;

    for (int i = 0; i < model->request_count; i++)
        if (model->requests[i].deadline_ms < next)
            next = model->requests[i].deadline_ms;
    return next;
}
