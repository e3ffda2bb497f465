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

void model_report(struct model *model, enum lock_event_kind kind, enum lock_reason reason,
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
void model_grant_if_full(struct model *model, struct model_request *request)
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
    model_begin_keep(request);
    model_report(model, LOCK_EVENT_GRANTED, LOCK_REASON_NONE, request, MODEL_NOBODY);
}

static void hand_over(struct model *model, int name);

/* Who has left queues may have stood before readers. */
static void let_readers_in(struct model *model, uint64_t ticket, int group)
{
    struct model_request copy = *model_by_ticket(model, ticket);

    for (int i = 0; i < copy.seat_count; i++)
        if (copy.seats[i].group == group && copy.seats[i].state == LOCK_SEAT_NONE &&
            model_taker(model, copy.seats[i].name) != NULL)
            hand_over(model, copy.seats[i].name);
}

/* A lock has become free, or who waited for it has gone: it goes to the lowest ticket that wants
 * it, and with a reader to those behind him, up to the first that is none. */
static void hand_over(struct model *model, int name)
{
    for (int i = 0; i < model->request_count; i++) {
        uint64_t ticket = model->requests[i].ticket;
        int group;

        if (!model_waits_in(&model->requests[i], name))
            continue;
        if (!model_is_there(model, &model->requests[i], name))
            return;
        group = model_promise(&model->requests[i], name);
        /* A reader never stands before readers that could go on. */
        if (!model_by_ticket(model, ticket)->ask.groups[group].shared)
            let_readers_in(model, ticket, group);
        model_grant_if_full(model, model_by_ticket(model, ticket));
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

void model_release(struct model *model, uint64_t ticket, int name, enum lock_reason reason)
{
    struct model_request *request = model_by_ticket(model, ticket);

    if (model_keep(model, request, name, reason))
        return;
    for (int i = 0; i < request->seat_count; i++) {
        if (request->seats[i].name == name) {
            request->seats[i].state = LOCK_SEAT_NONE;
            request->seats[i].named = false;
            request->seats[i].is_kept = false;
        }
    }
    if (model_held_seats(request) == 0)
        request->state = LOCK_ENDED;
    model_report(model, LOCK_EVENT_RELEASED, reason, request, name);
    if (request->state == LOCK_ENDED)
        forget(model, ticket);
    hand_over(model, name);
}

static void leave(struct model *model, uint64_t ticket, enum lock_reason reason)
{
    struct model_request gone = *model_by_ticket(model, ticket);

    gone.state = LOCK_ENDED;
    model_report(model, LOCK_EVENT_LEFT, reason, &gone, MODEL_NOBODY);
    forget(model, ticket);
    for (int i = 0; i < gone.seat_count; i++)
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
            model_release(model, ticket, gone.seats[i].name, reason);
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
            model_release(model, request->ticket, list[i], LOCK_REASON_UNLOCK);
        }
    }
    return released;
}

bool model_break(struct model *model, int name)
{
    uint64_t tickets[MODEL_LIVE];
    int count = 0;

    for (int i = 0; i < model->request_count; i++)
        if (model->requests[i].state == LOCK_HELD && model_has(&model->requests[i], name))
            tickets[count++] = model->requests[i].ticket;
    for (int i = 0; i < count; i++)
        model_release(model, tickets[i], name, LOCK_REASON_BREAK);
    return count > 0;
}

/* One that is to end, in its place: processes of one pid have their turns by their start, and what
 * one of them has by its ticket. */
static void file_end(uint64_t tickets[], int starts[], size_t first, size_t count,
                     const struct model_request *request, int start)
{
    size_t at = count;

    for (; at > first && starts[at - 1] > start; at--) {
        tickets[at] = tickets[at - 1];
        starts[at] = starts[at - 1];
    }
    tickets[at] = request->ticket;
    starts[at] = start;
}

/* Ends what the process, or else the job, has at this moment: those that wait before those that
 * hold, the lowest ticket first, and nobody of them is granted anything meanwhile. */
static size_t end_all(struct model *model, int host, int pid, int job, enum lock_reason reason)
{
    uint64_t tickets[MODEL_LIVE];
    int starts[MODEL_LIVE];
    size_t count = 0;

    for (int pass = 0; pass < 2; pass++) {
        size_t first = count;

        for (int i = 0; i < model->request_count; i++) {
            struct model_request *request = &model->requests[i];
            const struct model_ask *ask = &request->ask;
            bool of_process = pid != 0 && ask->host == host && ask->pid == pid && ask->autounlock;
            bool of_job = job != MODEL_NOBODY && ask->job == job;

            if ((!of_process && !of_job) || model_is_done(request) ||
                (request->state == LOCK_WAITING) != (pass == 0))
                continue;
            file_end(tickets, starts, first, count++, request, of_process ? ask->start : 0);
            request->present &= pass != 0;
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
    int64_t next_ms;

    while ((next_ms = model_next_deadline(model)) <= model->now_ms) {
        int i = 0;

        while (i < model->request_count && model->requests[i].deadline_ms != next_ms)
            i++;
        if (i < model->request_count)
            model_end(model, model->requests[i].ticket, LOCK_REASON_HOLD_LIMIT);
        else
            model_end_keep(model, model_first_kept(model));
    }
}

void model_set_present(struct model *model, uint64_t ticket, bool present)
{
    struct model_request *request = model_by_ticket(model, ticket);
    bool was_away = request->away;

    request->present = present;
    request->away &= !present;
    if (was_away && present)
        model_report(model, LOCK_EVENT_RENEWED, LOCK_REASON_NONE, request, MODEL_NOBODY);
    if (was_away && present)
        model_collect(model, request);
    model_grant_if_full(model, request);
    model_settle(model);
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
    request->missed_some = true;
    for (int i = 0; i < request->seat_count; i++) {
        if (request->seats[i].state == LOCK_SEAT_PROMISED)
            promised = request->seats[i].name;
        request->seats[i].state = LOCK_SEAT_NONE;
    }
    model_report(model, LOCK_EVENT_AWAY, LOCK_REASON_NONE, request, MODEL_NOBODY);
    if (promised != MODEL_NOBODY)
        hand_over(model, promised);
    for (int i = 0; i < request->seat_count; i++)
        hand_over(model, model_by_ticket(model, ticket)->seats[i].name);
    return true;
}

void model_set_offline(struct model *model, int name, bool offline)
{
    bool was_offline = model->offline[name];

    model->offline[name] = offline;
    if (!offline && was_offline)
        hand_over(model, name);
    if (offline)
        model_end_promises(model, name);
    model_settle(model);
}

/* Whether the owner holds all that a demand wants, be it by one grant or by several. */
static bool is_covered(struct model *model, const struct model_request *demand)
{
    for (int group = 0; group < demand->ask.group_count; group++) {
        bool has[MODEL_NAMES] = {false};
        int covered = 0;

        for (int i = 0; i < demand->seat_count; i++) {
            int name = demand->seats[i].name;
            struct model_request *own = model_find(model, demand->ask.owner, name);

            has[name] = demand->seats[i].group == group && own != NULL && own->state == LOCK_HELD &&
                        (demand->ask.groups[group].shared || !model_shares(own, name));
            covered += has[name];
        }
        if (demand->parts.count > 0 && group == demand->parts.group)
            covered = model_matched(demand, has);
        if (covered < demand->ask.groups[group].count)
            return false;
    }
    return true;
}

static void renew(struct model *model, struct model_request *request, const struct model_ask *ask)
{
    struct model_ask *old = &request->ask;
    bool was_away = request->away;

    old->host = ask->host;
    old->job = ask->job;
    old->pid = ask->pid;
    old->start = ask->start;
    old->boot = ask->boot;
    old->pid_namespace = ask->pid_namespace;
    old->autounlock = ask->autounlock;
    old->hold_ms = ask->hold_ms;
    model_ask_to_keep(request, ask);
    request->present = true;
    request->away = false;
    if (request->state == LOCK_HELD)
        set_deadline(model, request);
    if (request->state == LOCK_HELD && ask->most_ms > 0 &&
        request->deadline_ms > request->granted_ms + ask->most_ms)
        request->deadline_ms = request->granted_ms + ask->most_ms;
    model_report(model, LOCK_EVENT_RENEWED, LOCK_REASON_NONE, request, MODEL_NOBODY);
    if (was_away)
        model_collect(model, request);
    model_grant_if_full(model, request);
    model_settle(model);
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
            model_is_there(model, request, request->seats[i].name))
            model_promise(request, request->seats[i].name); /* which takes others out of queues */
    if (!is_full(request) && !request->ask.wait)
        return refuse(LOCK_OUTCOME_REFUSED, MODEL_NOBODY);
    request->ticket = model->next_ticket++;
    model->requests[model->request_count] = *request;
    request = &model->requests[model->request_count++];
    model_grant_if_full(model, request);
    if (request->state != LOCK_HELD)
        model_report(model, LOCK_EVENT_QUEUED, LOCK_REASON_NONE, request, MODEL_NOBODY);
    return answer(request);
}

struct model_result model_ask(struct model *model, const struct model_ask *ask)
{
    struct model_request request = {.ask = *ask,
                                    .said = *ask,
                                    .state = LOCK_WAITING,
                                    .present = true,
                                    .asked_ms = model->now_ms,
                                    .deadline_ms = INT64_MAX};
    struct model_request *own;
    int name;

    model_ask_to_keep(&request, ask);
    if (!model_merge(&request, &name))
        return refuse(LOCK_OUTCOME_OVERLAP, name);
    if (!model_counts_fit(&request))
        return refuse(LOCK_OUTCOME_BAD_COUNT, MODEL_NOBODY);
    if (is_covered(model, &request))
        return renew_grants(model, &request);
    if (first_own(model, &request, LOCK_HELD, &name) != NULL)
        return refuse(LOCK_OUTCOME_HAS_PART, name);
    own = first_own(model, &request, LOCK_WAITING, &name);
    if (own == NULL)
        return enter(model, &request);
    if (!model_is_same_demand(own, &request))
        return refuse(LOCK_OUTCOME_WAITS, name);
    if (!ask->wait && !(own->away ? model_could_collect(model, own) : is_full(own)))
        return refuse(LOCK_OUTCOME_REFUSED, MODEL_NOBODY);
    renew(model, own, ask);
    return answer(own);
}
