/* Asking the lock table: what an owner has already, renewal, a new request.
 * Must not release anything. */
#include "collect.h"
#include "foresee.h"
#include "grant.h"
#include "keeping.h"
#include "overlap.h"
#include "pool_ask.h"
#include "query.h"
#include "renew.h"
#include "request.h"
#include "sharing.h"
#include "spread.h"
#include "table.h"

static bool has_same_groups(const struct lock_request *request, const struct lock_want *want)
{
    if (request->group_count != want->group_count || !lock_overlap_is_of(request, want))
        return false;
    for (size_t g = 0; g < want->group_count; g++) {
        if (request->groups[g].needed != want->groups[g].count ||
            request->groups[g].shared != want->groups[g].shared)
            return false;
    }
    return true;
}

static struct lock_own find_own(struct lock_want *want)
{
    struct lock_own result = {.covered = true};
    size_t matching = 0, at = 0;

    lock_want_begin_counting(want);
    for (size_t g = 0; g < want->group_count; g++) {
        size_t held = 0;

        for (; at < want->name_count && want->names[at].group == g; at++) {
            const char *name = want->names[at].name;
            const struct lock *lock = want->names[at].lock;
            const struct lock_seat *seat =
                lock != NULL ? lock_seat_of_owner(lock, want->ask->owner) : NULL;

            if (seat == NULL)
                continue;
            if (seat->state == LOCK_SEAT_HELD) {
                /* Who writes may read; but a reader would wait for itself to write. */
                held += (!seat->is_shared || want->groups[g].shared) && lock_want_counts(want, at);
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
            matching += result.waiting == seat->request && seat->group == g &&
                        lock_overlap_names(seat, want, at);
        }
        result.covered &= held >= want->groups[g].count;
    }
    result.same_wait = result.waiting != NULL && matching == want->name_count &&
                       matching == result.waiting->seat_count &&
                       has_same_groups(result.waiting, want);
    return result;
}

/* The locks of one demand may have come from several requests: all of them are meant. */
static struct lock_result renew_held(struct lock_table *table, const struct lock_want *want,
                                     struct lock_request *first, int64_t now_ms)
{
    struct lock_result result = {
        .outcome = LOCK_OUTCOME_GRANTED, .request = first, .is_again = true};

    if (table->foresee != NULL)
        return lock_foresee_tell(table, first, LOCK_OUTCOME_GRANTED);
    table->renewal++;
    for (size_t i = 0; i < want->name_count; i++) {
        struct lock_request *held = lock_table_find(table, want->ask->owner, want->names[i].name);

        if (held == NULL || held->renewal == table->renewal || held->state != LOCK_HELD)
            continue;
        if (lock_request_renew(table, held, want->ask, now_ms) != 0)
            return (struct lock_result){.outcome = LOCK_OUTCOME_NO_MEMORY};
        held->renewal = table->renewal;
    }
    return result;
}

/* A lock that nobody has has no queue either, so it is there for whoever asks; one of readers is
 * for one more, if nobody waits for it who has asked before. */
static bool can_be_granted_now(struct lock_want *want, uint64_t ticket)
{
    size_t at = 0;

    lock_want_begin_counting(want);
    for (size_t g = 0; g < want->group_count; g++) {
        size_t available = 0;

        for (; at < want->name_count && want->names[at].group == g; at++) {
            const struct lock *lock = want->names[at].lock;

            available +=
                (lock == NULL || lock_is_there_for(lock, want->groups[g].shared, ticket)) &&
                lock_want_counts(want, at);
        }
        if (available < want->groups[g].count)
            return false;
    }
    return true;
}

static struct lock_result renew_waiting(struct lock_table *table, const struct lock_want *want,
                                        struct lock_request *request, int64_t now_ms)
{
    struct lock_result result = {.outcome = LOCK_OUTCOME_REFUSED};
    bool is_there =
        request->away ? lock_can_collect_one(request) : lock_request_is_complete(request);

    if (table->foresee != NULL)
        return lock_foresee_tell(table, request,
                                 is_there ? LOCK_OUTCOME_GRANTED : LOCK_OUTCOME_QUEUED);
    if (!want->ask->wait && !is_there)
        return result;
    if (lock_request_renew(table, request, want->ask, now_ms) != 0) {
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
    struct lock_request *request = lock_request_create(table, want);

    if (request == NULL ||
        (lock_ask_keeps(want->ask) && lock_keep_prepare(table, request, want->ask) != 0) ||
        lock_request_attach(table, request, want) != 0) {
        if (request != NULL) {
            lock_keep_forget(table, request);
            lock_request_destroy(request);
        }
        return (struct lock_result){.outcome = LOCK_OUTCOME_NO_MEMORY};
    }
    if (table->foresee != NULL)
        return lock_foresee(table, request, now_ms);
    if (request->keeps)
        lock_keep_adopt(table, request, want->ask);
    request->ticket = table->next_ticket++;
    request->asked_ms = now_ms;
    request->last_asked_ms = now_ms;
    lock_request_index(table, request);
    lock_request_enter_queues(request);
    if (!lock_request_is_complete(request)) {
        tree_insert(&table->waiting, &request->ticket_node);
        lock_table_emit(table, LOCK_EVENT_QUEUED, LOCK_REASON_NONE, request, now_ms);
        return (struct lock_result){.outcome = LOCK_OUTCOME_QUEUED, .request = request};
    }
    lock_request_grant(table, request, now_ms);
    return (struct lock_result){.outcome = LOCK_OUTCOME_GRANTED, .request = request};
}

static struct lock_result request_checked(struct lock_table *table, struct lock_want *want,
                                          int64_t now_ms)
{
    struct lock_own own;

    if (want->is_spread)
        lock_spread_sort(table, want);
    /* What nobody has nor waits for is there for whoever asks. */
    if (!lock_want_find_locks(want, table))
        return add_request(table, want, now_ms);
    own = find_own(want);
    if (own.covered)
        return renew_held(table, want, own.held, now_ms);
    if (own.held != NULL)
        return (struct lock_result){.outcome = LOCK_OUTCOME_HAS_PART, .name = own.held_name};
    if (own.same_wait)
        return renew_waiting(table, want, own.waiting, now_ms);
    if (own.waiting != NULL)
        return (struct lock_result){.outcome = LOCK_OUTCOME_WAITS, .name = own.waiting_name};
    if (!want->ask->wait && !can_be_granted_now(want, table->next_ticket))
        return (struct lock_result){.outcome = LOCK_OUTCOME_REFUSED};
    return add_request(table, want, now_ms);
}

struct lock_result lock_table_request(struct lock_table *table, const struct lock_ask *ask,
                                      int64_t now_ms)
{
    struct lock_result result = {0};
    struct lock_want want;

    if (table->pools != NULL && pool_ask(table, ask, now_ms, &result))
        return result;
    result.outcome = lock_want_init(&want, ask, &result.name);
    if (result.outcome != LOCK_OUTCOME_GRANTED)
        return result;
    result = request_checked(table, &want, now_ms);
    lock_want_fini(&want);
    return result;
}

struct lock_result lock_table_foresee(struct lock_table *table, const struct lock_ask *ask,
                                      int64_t now_ms, lock_foresee_fn *see, void *context)
{
    struct lock_ask patient = *ask;
    struct lock_result result;

    patient.wait = true;
    table->foresee = see;
    table->foresee_context = context;
    result = lock_table_request(table, &patient, now_ms);
    table->foresee = NULL;
    return result;
}
