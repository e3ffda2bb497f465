/* The model of the lock table: obviously right, however slow.
 * Must not share code or ideas with lib/lock/table.c: arrays and linear scans only. */
#include "lock_model.h"

#include <assert.h>
#include <string.h>

void model_init(struct model *model)
{
    memset(model, 0, sizeof *model);
    model->next_ticket = 1;
    model->next_token = 1;
}

static void report(struct model *model, enum lock_event_kind kind, enum lock_reason reason,
                   const struct model_request *request, int name)
{
    struct model_event *event = &model->events[model->event_count++];

    assert(model->event_count <= MODEL_EVENTS);
    event->kind = kind;
    event->reason = reason;
    event->state = request->state;
    event->ticket = request->ticket;
    event->token = request->token;
    event->name = name;
}

static void set_deadline(const struct model *model, struct model_request *request)
{
    request->deadline_ms = INT64_MAX;
    if (request->ask.hold_ms > 0)
        request->deadline_ms = model->now_ms + request->ask.hold_ms;
}

static bool is_full(const struct model_request *request)
{
    for (int group = 0; group < request->ask.group_count; group++)
        if (model_taken(request, group) < request->ask.groups[group].count)
            return false;
    return true;
}

/* Grants a waiting request that has all it wants and is there to take it. */
static void grant_if_full(struct model *model, struct model_request *request)
{
    if (request->state != LOCK_WAITING || !request->present || !is_full(request))
        return;
    for (int i = 0; i < request->seat_count; i++) {
        if (request->seats[i].state == LOCK_SEAT_PROMISED)
            request->seats[i].state = LOCK_SEAT_HELD;
        else
            request->seats[i].named = false;
    }
    request->state = LOCK_HELD;
    request->token = model->next_token++;
    request->granted_ms = model->now_ms;
    set_deadline(model, request);
    report(model, LOCK_EVENT_GRANTED, LOCK_REASON_NONE, request, MODEL_NOBODY);
}

/* Sets a lock aside for a request; a group that is full leaves its other queues. */
static void promise(struct model_request *request, int name)
{
    int group = 0;

    for (int i = 0; i < request->seat_count; i++) {
        if (request->seats[i].name == name) {
            request->seats[i].state = LOCK_SEAT_PROMISED;
            group = request->seats[i].group;
        }
    }
    if (model_taken(request, group) < request->ask.groups[group].count)
        return;
    for (int i = 0; i < request->seat_count; i++)
        if (request->seats[i].group == group && request->seats[i].state == LOCK_SEAT_QUEUED)
            request->seats[i].state = LOCK_SEAT_NONE;
}

/* A lock has become free: it goes to the lowest ticket that wants it. */
static void hand_over(struct model *model, int name)
{
    for (int i = 0; i < model->request_count; i++) {
        if (model_waits_in(&model->requests[i], name)) {
            promise(&model->requests[i], name);
            grant_if_full(model, &model->requests[i]);
            return;
        }
    }
}

static void forget(struct model *model, uint64_t ticket)
{
    int i = 0;

    while (model->requests[i].ticket != ticket)
        i++;
    model->request_count--;
    memmove(&model->requests[i], &model->requests[i + 1],
            (size_t)(model->request_count - i) * sizeof *model->requests);
}

static void release(struct model *model, uint64_t ticket, int name, enum lock_reason reason)
{
    struct model_request *request = model_by_ticket(model, ticket);

    for (int i = 0; i < request->seat_count; i++) {
        if (request->seats[i].name == name) {
            request->seats[i].state = LOCK_SEAT_NONE;
            request->seats[i].named = false;
        }
    }
    if (model_held_seats(request) == 0)
        request->state = LOCK_ENDED;
    report(model, LOCK_EVENT_RELEASED, reason, request, name);
    if (request->state == LOCK_ENDED)
        forget(model, ticket);
    hand_over(model, name);
}

static void leave(struct model *model, uint64_t ticket, enum lock_reason reason)
{
    struct model_request gone = *model_by_ticket(model, ticket);

    gone.state = LOCK_ENDED;
    report(model, LOCK_EVENT_LEFT, reason, &gone, MODEL_NOBODY);
    forget(model, ticket);
    for (int i = 0; i < gone.seat_count; i++)
        if (gone.seats[i].state == LOCK_SEAT_PROMISED)
            hand_over(model, gone.seats[i].name);
}

void model_end(struct model *model, uint64_t ticket, enum lock_reason reason)
{
    struct model_request gone = *model_by_ticket(model, ticket);

    if (gone.state == LOCK_WAITING) {
        leave(model, ticket, reason);
        return;
    }
    for (int i = 0; i < gone.seat_count; i++)
        if (gone.seats[i].state == LOCK_SEAT_HELD)
            release(model, ticket, gone.seats[i].name, reason);
}

size_t model_unlock(struct model *model, int owner, const int *list, int name_count, size_t *first)
{
    size_t released = 0;

    for (int i = 0; i < name_count; i++) {
        struct model_request *request = model_find(model, owner, list[i]);

        if (request != NULL && request->state == LOCK_WAITING) {
            leave(model, request->ticket, LOCK_REASON_UNLOCK);
        } else if (request != NULL) {
            if (released++ == 0)
                *first = (size_t)i;
            release(model, request->ticket, list[i], LOCK_REASON_UNLOCK);
        }
    }
    return released;
}

bool model_break(struct model *model, int name)
{
    struct model_request *request = model_holder(model, name);

    if (request == NULL)
        return false;
    release(model, request->ticket, name, LOCK_REASON_BREAK);
    return true;
}

/* Ends what the process, or else the job, has at this moment: those that wait before those that
 * hold, the lowest ticket first, and nobody of them is granted anything meanwhile. */
static size_t end_all(struct model *model, int host, int pid, int job, enum lock_reason reason)
{
    uint64_t tickets[MODEL_LIVE];
    size_t count = 0;

    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; i < model->request_count; i++) {
            struct model_request *request = &model->requests[i];
            const struct model_ask *ask = &request->ask;
            bool of_process = pid != 0 && ask->host == host && ask->pid == pid && ask->autounlock;
            bool of_job = job != MODEL_NOBODY && ask->job == job;

            if ((!of_process && !of_job) || (request->state == LOCK_WAITING) != (pass == 0))
                continue;
            tickets[count++] = request->ticket;
            request->present = false;
        }
    }
    for (size_t i = 0; i < count; i++)
        model_end(model, tickets[i], reason);
    return count;
}

size_t model_end_process(struct model *model, int host, int pid)
{
    return end_all(model, host, pid, MODEL_NOBODY, LOCK_REASON_DEAD);
}

size_t model_end_job(struct model *model, int job)
{
    return end_all(model, MODEL_NOBODY, 0, job, LOCK_REASON_JOB_END);
}

void model_expire(struct model *model)
{
    while (model_next_deadline(model) <= model->now_ms) {
        int64_t deadline_ms = model_next_deadline(model);
        int i = 0;

        while (model->requests[i].deadline_ms != deadline_ms)
            i++;
        model_end(model, model->requests[i].ticket, LOCK_REASON_HOLD_LIMIT);
    }
}

/* Who was away queues for all it wants, as it did when it asked. */
static void come_back(struct model *model, struct model_request *request)
{
    request->present = true;
    if (!request->away)
        return;
    request->away = false;
    for (int i = 0; i < request->seat_count; i++)
        request->seats[i].state = LOCK_SEAT_QUEUED;
    for (int i = 0; i < request->seat_count; i++)
        if (request->seats[i].state == LOCK_SEAT_QUEUED &&
            model_taker(model, request->seats[i].name) == NULL)
            promise(request, request->seats[i].name);
}

void model_set_present(struct model *model, uint64_t ticket, bool present)
{
    struct model_request *request = model_by_ticket(model, ticket);

    bool was_away = request->away;

    if (present)
        come_back(model, request);
    else
        request->present = false;
    if (was_away && present)
        report(model, LOCK_EVENT_RENEWED, LOCK_REASON_NONE, request, MODEL_NOBODY);
    grant_if_full(model, request);
}

bool model_set_away(struct model *model, uint64_t ticket)
{
    struct model_request *request = model_by_ticket(model, ticket);
    int promised = MODEL_NOBODY;

    if (request->ask.group_count != 1 || request->ask.groups[0].count != 1)
        return false;
    if (request->away)
        return true;
    request->present = false;
    request->away = true;
    request->was_away = true;
    for (int i = 0; i < request->seat_count; i++) {
        if (request->seats[i].state == LOCK_SEAT_PROMISED)
            promised = request->seats[i].name;
        request->seats[i].state = LOCK_SEAT_NONE;
    }
    report(model, LOCK_EVENT_AWAY, LOCK_REASON_NONE, request, MODEL_NOBODY);
    if (promised != MODEL_NOBODY)
        hand_over(model, promised);
    return true;
}

/* The seats of a demand: each name once, in order.  Fails for a name in two groups. */
static bool take_seats(struct model_request *request, int *fault)
{
    for (int group = 0; group < request->ask.group_count; group++) {
        for (int i = 0; i < request->ask.groups[group].name_count; i++) {
            int name = request->ask.groups[group].names[i], k = 0;

            while (k < request->seat_count && request->seats[k].name != name)
                k++;
            if (k < request->seat_count && request->seats[k].group != group) {
                *fault = name;
                return false;
            }
            if (k == request->seat_count)
                request->seats[request->seat_count++] =
                    (struct model_seat){name, group, LOCK_SEAT_QUEUED, true};
        }
    }
    return true;
}

static bool counts_fit(const struct model_request *request)
{
    for (int group = 0; group < request->ask.group_count; group++) {
        int distinct = 0;

        for (int i = 0; i < request->seat_count; i++)
            distinct += request->seats[i].group == group;
        if (request->ask.groups[group].count < 1 || request->ask.groups[group].count > distinct)
            return false;
    }
    return true;
}

/* Whether the owner holds all that a demand wants, be it by one grant or by several. */
static bool is_covered(struct model *model, const struct model_request *demand)
{
    for (int group = 0; group < demand->ask.group_count; group++) {
        int covered = 0;

        for (int i = 0; i < demand->seat_count; i++) {
            struct model_request *holder = model_holder(model, demand->seats[i].name);

            covered += demand->seats[i].group == group && holder != NULL &&
                       holder->ask.owner == demand->ask.owner;
        }
        if (covered < demand->ask.groups[group].count)
            return false;
    }
    return true;
}

/* The same groups in the same order; the order within a group does not count. */
static bool is_same_demand(const struct model_request *a, const struct model_request *b)
{
    int alike = 0;

    if (a->ask.group_count != b->ask.group_count || a->seat_count != b->seat_count)
        return false;
    for (int group = 0; group < a->ask.group_count; group++)
        if (a->ask.groups[group].count != b->ask.groups[group].count)
            return false;
    for (int i = 0; i < a->seat_count; i++)
        for (int k = 0; k < b->seat_count; k++)
            alike += a->seats[i].name == b->seats[k].name && a->seats[i].group == b->seats[k].group;
    return alike == a->seat_count;
}

static void renew(struct model *model, struct model_request *request, const struct model_ask *ask)
{
    struct model_ask *old = &request->ask;

    old->host = ask->host;
    old->job = ask->job;
    old->pid = ask->pid;
    old->start = ask->start;
    old->boot = ask->boot;
    old->pid_namespace = ask->pid_namespace;
    old->autounlock = ask->autounlock;
    old->hold_ms = ask->hold_ms;
    come_back(model, request);
    if (request->state == LOCK_HELD)
        set_deadline(model, request);
    report(model, LOCK_EVENT_RENEWED, LOCK_REASON_NONE, request, MODEL_NOBODY);
    grant_if_full(model, request);
}

static struct model_result answer(const struct model_request *request)
{
    return (struct model_result){request->state == LOCK_HELD ? LOCK_OUTCOME_GRANTED
                                                             : LOCK_OUTCOME_QUEUED,
                                 request->ticket, MODEL_NOBODY};
}

static struct model_result refuse(enum lock_outcome outcome, int name)
{
    return (struct model_result){outcome, 0, name};
}

/* The first request of the owner, in the given state, that the demand comes upon. */
static struct model_request *first_own(struct model *model, const struct model_request *demand,
                                       enum lock_request_state state, int *name)
{
    for (int i = 0; i < demand->seat_count; i++) {
        struct model_request *own = model_find(model, demand->ask.owner, demand->seats[i].name);

        *name = demand->seats[i].name;
        if (own != NULL && own->state == state)
            return own;
    }
    return NULL;
}

/* All grants that the demand names are renewed once, in the order of the names. */
static struct model_result renew_grants(struct model *model, const struct model_request *demand)
{
    bool renewed[MODEL_LIVE + 1] = {false};
    int name;

    for (int i = 0; i < demand->seat_count; i++) {
        struct model_request *own = model_find(model, demand->ask.owner, demand->seats[i].name);

        if (own == NULL || own->state != LOCK_HELD || renewed[own - model->requests])
            continue;
        renew(model, own, &demand->ask);
        renewed[own - model->requests] = true;
    }
    return answer(first_own(model, demand, LOCK_HELD, &name));
}

static struct model_result enter(struct model *model, struct model_request *request)
{
    for (int i = 0; i < request->seat_count; i++)
        if (request->seats[i].state == LOCK_SEAT_QUEUED &&
            model_taker(model, request->seats[i].name) == NULL)
            promise(request, request->seats[i].name);
    if (!is_full(request) && !request->ask.wait)
        return refuse(LOCK_OUTCOME_REFUSED, MODEL_NOBODY);
    request->ticket = model->next_ticket++;
    model->requests[model->request_count] = *request;
    request = &model->requests[model->request_count++];
    grant_if_full(model, request);
    if (request->state != LOCK_HELD)
        report(model, LOCK_EVENT_QUEUED, LOCK_REASON_NONE, request, MODEL_NOBODY);
    return answer(request);
}

struct model_result model_ask(struct model *model, const struct model_ask *ask)
{
    struct model_request request = {.ask = *ask,
                                    .state = LOCK_WAITING,
                                    .present = true,
                                    .asked_ms = model->now_ms,
                                    .deadline_ms = INT64_MAX};
    struct model_request *own;
    int name;

    if (!take_seats(&request, &name))
        return refuse(LOCK_OUTCOME_OVERLAP, name);
    if (!counts_fit(&request))
        return refuse(LOCK_OUTCOME_BAD_COUNT, MODEL_NOBODY);
    if (is_covered(model, &request))
        return renew_grants(model, &request);
    if (first_own(model, &request, LOCK_HELD, &name) != NULL)
        return refuse(LOCK_OUTCOME_HAS_PART, name);
    own = first_own(model, &request, LOCK_WAITING, &name);
    if (own == NULL)
        return enter(model, &request);
    if (!is_same_demand(own, &request))
        return refuse(LOCK_OUTCOME_WAITS, name);
    if (!ask->wait && !(own->away ? model_has_free(model, own) : is_full(own)))
        return refuse(LOCK_OUTCOME_REFUSED, MODEL_NOBODY);
    renew(model, own, ask);
    return answer(own);
}
