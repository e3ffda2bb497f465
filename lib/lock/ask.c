/* Asking the lock table: what an owner has already, renewal, a new request.
 * Must not release anything. */
#include "grant.h"
#include "query.h"
#include "request.h"
#include "table.h"

/* What the owner has to do with the demanded names before the request is made. */
struct standing {
    bool covered;                 /* it holds enough of every group */
    const char *held_name;        /* the first name that it holds */
    const char *waiting_name;     /* the first name that it waits for */
    struct lock_request *held;    /* which request holds that */
    struct lock_request *waiting; /* which request waits for that */
    bool same_wait;               /* that request has just this demand */
};

static bool has_same_groups(const struct lock_request *request, const struct lock_ask *ask)
{
    if (request->group_count != ask->group_count)
        return false;
    for (size_t g = 0; g < ask->group_count; g++) {
        if (request->groups[g].needed != ask->groups[g].count)
            return false;
    }
    return true;
}

static struct standing find_standing(const struct lock_want *want)
{
    const struct lock_ask *ask = want->ask;
    struct standing result = {.covered = true};
    size_t matching = 0, at = 0;

    for (size_t g = 0; g < ask->group_count; g++) {
        size_t held = 0;

        for (; at < want->name_count && want->names[at].group == g; at++) {
            const char *name = want->names[at].name;
            const struct lock *lock = want->names[at].lock;
            const struct lock_seat *seat =
                lock != NULL ? lock_seat_of_owner(lock, ask->owner) : NULL;

            if (seat == NULL)
                continue;
            if (seat->state == LOCK_SEAT_HELD) {
                held++;
                if (result.held == NULL) {
                    result.held = seat->request;
                    result.held_name = name;
                }
                continue;
            }
            if (result.waiting == NULL) {
                result.waiting = seat->request;
                result.waiting_name = name;
            }
            matching += result.waiting == seat->request && seat->group == g;
        }
        result.covered &= held >= ask->groups[g].count;
    }
    result.same_wait = result.waiting != NULL && matching == want->name_count &&
                       matching == result.waiting->seat_count &&
                       has_same_groups(result.waiting, ask);
    return result;
}

static int renew(struct lock_table *table, struct lock_request *request, const struct lock_ask *ask,
                 int64_t now_ms)
{
    int result;

    lock_request_unindex(table, request);
    result = lock_request_adopt(request, ask);
    lock_request_index(table, request);
    if (result != 0)
        return -1;
    lock_request_come_back(request);
    request->last_asked_ms = now_ms;
    if (request->state == LOCK_HELD)
        lock_request_set_deadline(table, request, now_ms);
    lock_table_emit(table, LOCK_EVENT_RENEWED, LOCK_REASON_NONE, request, NULL, now_ms);
    lock_request_grant_if_ready(table, request, now_ms);
    return 0;
}

/* The locks of one demand may have come from several requests: all of them are meant. */
static struct lock_result renew_held(struct lock_table *table, const struct lock_want *want,
                                     struct lock_request *first, int64_t now_ms)
{
    struct lock_result result = {.outcome = LOCK_OUTCOME_GRANTED, .request = first};

    table->renewal++;
    for (size_t i = 0; i < want->name_count; i++) {
        struct lock_request *held = lock_table_find(table, want->ask->owner, want->names[i].name);

        if (held == NULL || held->renewal == table->renewal || held->state != LOCK_HELD)
            continue;
        if (renew(table, held, want->ask, now_ms) != 0)
            return (struct lock_result){.outcome = LOCK_OUTCOME_NO_MEMORY};
        held->renewal = table->renewal;
    }
    return result;
}

/* A lock that nobody has has no queue either, so it is there for whoever asks. */
static bool can_be_granted_now(const struct lock_want *want)
{
    size_t at = 0;

    for (size_t g = 0; g < want->ask->group_count; g++) {
        size_t available = 0;

        for (; at < want->name_count && want->names[at].group == g; at++) {
            const struct lock *lock = want->names[at].lock;

            available += lock == NULL || lock->taken == NULL;
        }
        if (available < want->ask->groups[g].count)
            return false;
    }
    return true;
}

static struct lock_result renew_waiting(struct lock_table *table, const struct lock_want *want,
                                        struct lock_request *request, int64_t now_ms)
{
    struct lock_result result = {.outcome = LOCK_OUTCOME_REFUSED};
    bool is_there = request->away ? can_be_granted_now(want) : lock_request_is_complete(request);

    if (!want->ask->wait && !is_there)
        return result;
    if (renew(table, request, want->ask, now_ms) != 0) {
        result.outcome = LOCK_OUTCOME_NO_MEMORY;
        return result;
    }
    result.request = request;
    result.outcome = request->state == LOCK_HELD ? LOCK_OUTCOME_GRANTED : LOCK_OUTCOME_QUEUED;
    return result;
}

static struct lock_result add_request(struct lock_table *table, const struct lock_want *want,
                                      int64_t now_ms)
{
    struct lock_request *request = lock_request_create(want);

    if (request == NULL || lock_request_attach(table, request, want) != 0) {
        if (request != NULL)
            lock_request_destroy(request);
        return (struct lock_result){.outcome = LOCK_OUTCOME_NO_MEMORY};
    }
    request->ticket = table->next_ticket++;
    request->asked_ms = now_ms;
    request->last_asked_ms = now_ms;
    lock_request_index(table, request);
    lock_request_enter_queues(request);
    if (!lock_request_is_complete(request)) {
        tree_insert(&table->waiting, &request->ticket_node);
        lock_table_emit(table, LOCK_EVENT_QUEUED, LOCK_REASON_NONE, request, NULL, now_ms);
        return (struct lock_result){.outcome = LOCK_OUTCOME_QUEUED, .request = request};
    }
    lock_request_grant(table, request, now_ms);
    return (struct lock_result){.outcome = LOCK_OUTCOME_GRANTED, .request = request};
}

static struct lock_result request_checked(struct lock_table *table, struct lock_want *want,
                                          int64_t now_ms)
{
    struct standing standing;

    lock_want_find_locks(want, table);
    standing = find_standing(want);
    if (standing.covered)
        return renew_held(table, want, standing.held, now_ms);
    if (standing.held != NULL)
        return (struct lock_result){.outcome = LOCK_OUTCOME_HAS_PART, .name = standing.held_name};
    if (standing.same_wait)
        return renew_waiting(table, want, standing.waiting, now_ms);
    if (standing.waiting != NULL)
        return (struct lock_result){.outcome = LOCK_OUTCOME_WAITS, .name = standing.waiting_name};
    if (!want->ask->wait && !can_be_granted_now(want))
        return (struct lock_result){.outcome = LOCK_OUTCOME_REFUSED};
    return add_request(table, want, now_ms);
}

struct lock_result lock_table_request(struct lock_table *table, const struct lock_ask *ask,
                                      int64_t now_ms)
{
    struct lock_result result = {0};
    struct lock_want want;

    result.outcome = lock_want_init(&want, ask, &result.name);
    if (result.outcome != LOCK_OUTCOME_GRANTED)
        return result;
    result = request_checked(table, &want, now_ms);
    lock_want_fini(&want);
    return result;
}
