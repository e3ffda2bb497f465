/* Putting requests that have to do with pools back after a restart.
 * Must not tell anybody, nor let anybody move on. */
#include "pool_restore.h"

#include <errno.h>
#include <stdlib.h>

#include "grant.h"
#include "keeping.h"
#include "pool_ask.h"
#include "pool_create.h"
#include "pool_demand.h"
#include "pool_grant.h"
#include "pool_hold.h"
#include "pool_index.h"
#include "pool_own.h"
#include "pool_standing.h"
#include "pool_tree.h"
#include "pool_unknown.h"
#include "query.h"
#include "request.h"

/* The pool seats among a grant's names, which nobody may have: counts them by pool.  Returns how
 * many pools, or SIZE_MAX where somebody has one. */
static size_t find_holdings(const struct pool_index *index, struct lock_want *want,
                            struct pool_holding *holdings)
{
    size_t count = 0;

    for (size_t i = 0; i < want->name_count; i++) {
        const struct pool_name *found = pool_index_find(index, want->names[i].name);
        size_t at = 0;

        if (found == NULL || found->seat == POOL_NO_SEAT)
            continue;
        want->names[i].lock = found->pool->seats[found->seat].lock;
        if (want->names[i].lock->taken != NULL)
            return SIZE_MAX;
        while (at < count && holdings[at].pool != found->pool)
            at++;
        if (at == count)
            holdings[count++] = (struct pool_holding){.pool = found->pool};
        holdings[at].seats++;
    }
    return count;
}

/* Single locks of a grant: nobody has them, and the owner has no other request for one. */
static bool singles_are_possible(const struct lock_table *table, const struct lock_want *want)
{
    for (size_t i = 0; i < want->name_count; i++) {
        const struct lock *lock = want->names[i].lock;

        if (lock != NULL && lock->pool != NULL)
            continue;
        lock = lock_find(table, want->names[i].name);
        if (lock != NULL &&
            (lock->taken != NULL || lock_seat_of_owner(lock, want->ask->owner) != NULL))
            return false;
    }
    return true;
}

/* Ties each seat to its lock.  Returns -1 when there is no memory; then none is tied. */
static int attach(struct lock_table *table, struct lock_request *request,
                  const struct lock_want *want)
{
    for (size_t i = 0; i < want->name_count; i++) {
        struct lock *lock = want->names[i].lock;

        if (lock != NULL && lock->pool != NULL)
            continue;
        lock = lock_find(table, want->names[i].name);
        if (lock == NULL)
            lock = lock_create(table, want->names[i].name);
        if (lock == NULL) {
            while (i-- > 0) {
                lock = request->seats[i].lock;
                if (lock == NULL)
                    continue;
                lock_seat_detach(&request->seats[i]);
                lock_forget_if_unused(table, lock);
            }
            return -1;
        }
        lock_seat_attach(&request->seats[i], lock);
    }
    return 0;
}

static void take_seats(struct lock_table *table, struct lock_request *request,
                       const struct lock_want *want)
{
    for (size_t i = 0; i < want->name_count; i++) {
        struct lock_seat *seat = &request->seats[i];
        struct lock_group_progress *group = &request->groups[seat->group];

        if (seat->lock == NULL)
            seat->lock = want->names[i].lock;
        seat->lock->taken = seat; /* NOLINT(clang-analyzer-core.NullDereference): see attach() */
        seat->state = LOCK_SEAT_HELD;
        group->taken++;
        request->full_groups += group->taken == group->needed;
        if (seat->lock->pool != NULL) {
            seat->lock->pool->free -= !seat->lock->is_offline;
            pool_tree_update(seat->lock->pool, seat->lock->number);
        }
    }
    request->state = LOCK_HELD;
    request->held_count = request->seat_count;
    table->held_count += request->seat_count;
}

static void set_times(struct lock_request *request, const struct lock_record *record)
{
    request->ticket = record->ticket;
    request->token = record->token;
    request->asked_ms = record->asked_ms;
    request->last_asked_ms = record->asked_ms;
    request->granted_ms = record->token != 0 ? record->granted_ms : 0;
}

static void free_request(struct lock_table *table, struct lock_request *request)
{
    if (request == NULL)
        return;
    lock_keep_forget(table, request);
    pool_standing_destroy(table->pools, request->pooled);
    lock_request_destroy(request);
}

static struct lock_request *hold(struct lock_table *table, const struct lock_record *record,
                                 const struct lock_want *want, const struct pool_holding *holdings,
                                 size_t count)
{
    struct pool_asker asker = pool_asker_of_ask(&record->ask);
    struct lock_request *request = lock_request_create(table, want);

    if (request != NULL)
        request->pooled = pool_hold_create(table->pools, request, holdings, count, &asker);
    if (request == NULL || request->pooled == NULL ||
        lock_keep_prepare_restored(table, request, &record->ask) != 0 ||
        attach(table, request, want) != 0) {
        free_request(table, request);
        errno = ENOMEM;
        return NULL;
    }
    set_times(request, record);
    lock_request_index(table, request);
    take_seats(table, request, want);
    request->deadline_ms = record->deadline_ms;
    if (request->deadline_ms != INT64_MAX)
        tree_insert(&table->deadlines, &request->deadline_node);
    pool_hold_enter(table->pools, request);
    if (lock_keep_restore(table, request, record))
        lock_request_unindex(table, request);
    return request;
}

static bool restore_held(struct lock_table *table, const struct lock_record *record,
                         struct lock_request **request)
{
    const struct pool_index *index = pool_index_of(table);
    struct pool_holding *holdings;
    struct lock_want want;
    const char *culprit;
    size_t count;

    if (lock_want_init(&want, &record->ask, &culprit) != LOCK_OUTCOME_GRANTED)
        return false;
    for (size_t i = 0; i < want.name_count; i++)
        want.names[i].lock = NULL;
    holdings = calloc(want.name_count + 1, sizeof *holdings);
    count = holdings != NULL ? find_holdings(index, &want, holdings) : 0;
    errno = holdings != NULL ? EINVAL : ENOMEM;
    *request = NULL;
    if (count > 0 && count != SIZE_MAX && singles_are_possible(table, &want))
        *request = hold(table, record, &want, holdings, count);
    free(holdings);
    lock_want_fini(&want);
    return count > 0 || holdings == NULL;
}

/* A waiting request stands nowhere yet. */
static void wait_absent(struct lock_table *table, struct lock_request *request,
                        const struct lock_record *record)
{
    set_times(request, record);
    request->present = false;
    request->away = record->away && lock_request_needs_one(request);
    lock_request_index(table, request);
    tree_insert(&table->waiting, &request->ticket_node);
    pool_standing_tie(table->pools, request->pooled);
    table->pools->is_restoring = true;
    if (!request->away)
        pool_enter(table, request);
}

static struct lock_request *wait_unknown(struct lock_table *table, const struct lock_record *record,
                                         enum lock_rule rule)
{
    struct lock_request *request = lock_request_create_for(table->pools, &record->ask, 0);

    if (request != NULL)
        request->pooled = pool_unknown_create(request, &record->ask, rule);
    if (request == NULL || request->pooled == NULL ||
        lock_keep_prepare_restored(table, request, &record->ask) != 0) {
        free_request(table, request);
        errno = ENOMEM;
        return NULL;
    }
    pool_set_order(request->pooled, pool_clamp_asked(table->pools, record->asked_ms));
    wait_absent(table, request, record);
    return request;
}

static struct lock_request *wait_known(struct lock_table *table, const struct lock_record *record,
                                       struct pool_demand *demand)
{
    struct pool_asker asker = pool_asker_of_ask(&record->ask);
    struct lock_request *request;
    struct lock_own own;

    lock_want_find_locks(&demand->singles, table);
    own = pool_find_own(demand);
    errno = EINVAL;
    if (own.held != NULL || own.waiting != NULL)
        return NULL;
    pool_demand_judge(demand, &asker);
    request = pool_request_create(table, demand);
    if (request == NULL) {
        errno = ENOMEM;
        return NULL;
    }
    if (lock_keep_prepare_restored(table, request, &record->ask) != 0) {
        pool_request_destroy(table, request);
        errno = ENOMEM;
        return NULL;
    }
    pool_set_order(request->pooled, pool_clamp_asked(table->pools, record->asked_ms));
    wait_absent(table, request, record);
    return request;
}

static bool restore_waiting(struct lock_table *table, const struct lock_record *record,
                            struct lock_request **request)
{
    const struct pool_index *index = pool_index_of(table);
    struct pool_demand demand;
    enum lock_outcome outcome;
    const char *name;

    if (!pool_demand_is_one(index, &record->ask, &name))
        return false;
    outcome = pool_demand_init(&demand, index, &record->ask, &name);
    *request = NULL;
    errno = ENOMEM;
    if (outcome == LOCK_OUTCOME_NO_MEMORY)
        return true;
    if (outcome != LOCK_OUTCOME_GRANTED) {
        *request = wait_unknown(table, record, pool_unknown_rule(outcome));
        return true;
    }
    *request = wait_known(table, record, &demand);
    pool_demand_fini(&demand);
    return true;
}

/* Only of a pool can more be wanted than there are names. */
static bool wants_more_than_names(const struct lock_ask *ask)
{
    bool more = false;

    for (size_t g = 0; g < ask->group_count; g++) {
        if (ask->groups[g].name_count == 0 || ask->groups[g].count == 0)
            return false;
        more |= ask->groups[g].count > ask->groups[g].name_count;
    }
    return more;
}

void lock_table_count_restored(struct lock_table *table, const struct lock_record *record)
{
    if (table->next_ticket <= record->ticket)
        table->next_ticket = record->ticket + 1;
    if (table->next_token <= record->token)
        table->next_token = record->token + 1;
}

void pool_keep_from_all(struct lock *seat)
{
    struct pool *pool = seat->pool;

    if (seat->taken != NULL || seat->is_offline)
        return;
    seat->is_offline = true;
    pool->offline_count++;
    pool->free--;
    pool_tree_update(pool, seat->number);
}

bool pool_restore(struct lock_table *table, const struct lock_record *record,
                  struct lock_request **request)
{
    bool is_unknown = record->token == 0 && wants_more_than_names(&record->ask);
    bool is_done = false;

    if (table->pools == NULL && is_unknown) {
        table->pools = pool_set_create();
        errno = ENOMEM;
        *request = NULL;
        if (table->pools == NULL)
            return true;
    }
    if (table->pools == NULL || (record->token != 0 && lock_ask_shares(&record->ask)))
        return false;
    is_done = record->token != 0 ? restore_held(table, record, request)
                                 : restore_waiting(table, record, request);
    if (!is_done && is_unknown) {
        *request = wait_unknown(table, record, LOCK_RULE_GONE);
        is_done = true;
    }
    if (is_done && *request != NULL)
        lock_table_count_restored(table, record);
    return is_done;
}
