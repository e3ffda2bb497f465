/* What of the table's locks is kept, and for how long.
 * Must not give a lock back: it says who is to. */
#include "keeping.h"

#include <stdlib.h>

static int compare_requests(const struct tree_node *a, const struct tree_node *b)
{
    const struct lock_keep *left = tree_entry(a, const struct lock_keep, request_node);
    const struct lock_keep *right = tree_entry(b, const struct lock_keep, request_node);

    return lock_compare_numbers((uintptr_t)left->request, (uintptr_t)right->request);
}

static int compare_ends(const struct tree_node *a, const struct tree_node *b)
{
    const struct lock_keep *left = tree_entry(a, const struct lock_keep, end_node);
    const struct lock_keep *right = tree_entry(b, const struct lock_keep, end_node);

    if (left->until_ms != right->until_ms)
        return left->until_ms < right->until_ms ? -1 : 1;
    return lock_compare_numbers(left->request->ticket, right->request->ticket);
}

void lock_keep_init(struct lock_table *table)
{
    table->keeps.compare = compare_requests;
    table->keep_ends.compare = compare_ends;
}

struct lock_keep *lock_keep_of(const struct lock_table *table, const struct lock_request *request)
{
    const struct lock_keep probe = {.request = (struct lock_request *)request};
    struct tree_node *node = request->keeps ? tree_find(&table->keeps, &probe.request_node) : NULL;

    return node != NULL ? tree_entry(node, struct lock_keep, request_node) : NULL;
}

int lock_keep_prepare(struct lock_table *table, struct lock_request *request,
                      const struct lock_ask *ask)
{
    struct lock_keep *keep;

    if (request->keeps || !lock_ask_keeps(ask))
        return 0;
    keep = malloc(sizeof *keep);
    if (keep == NULL)
        return -1;
    *keep = (struct lock_keep){.request = request, .until_ms = INT64_MIN};
    tree_insert(&table->keeps, &keep->request_node);
    request->keeps = true;
    return 0;
}

static void stop_timing(struct lock_table *table, struct lock_keep *keep)
{
    if (keep->is_timed)
        tree_remove(&table->keep_ends, &keep->end_node);
    keep->is_timed = false;
}

/* Who waits for a boot has no time to look at before. */
static void set_time(struct lock_table *table, struct lock_keep *keep, int64_t until_ms)
{
    stop_timing(table, keep);
    keep->until_ms = until_ms;
    keep->is_timed = !keep->until_boot;
    if (keep->is_timed)
        tree_insert(&table->keep_ends, &keep->end_node);
}

void lock_keep_begin(struct lock_table *table, struct lock_request *request)
{
    struct lock_keep *keep = lock_keep_of(table, request);
    int64_t until_ms = INT64_MIN;

    if (keep == NULL)
        return;
    if (keep->keep_ms > 0 && __builtin_add_overflow(request->granted_ms, keep->keep_ms, &until_ms))
        until_ms = INT64_MAX;
    set_time(table, keep, until_ms > keep->until_ms ? until_ms : keep->until_ms);
}

void lock_keep_adopt(struct lock_table *table, struct lock_request *request,
                     const struct lock_ask *ask)
{
    struct lock_keep *keep = lock_keep_of(table, request);

    if (keep == NULL)
        return;
    keep->until_boot |= ask->until_boot;
    if (ask->keep_ms > keep->keep_ms)
        keep->keep_ms = ask->keep_ms;
    if (request->state == LOCK_HELD)
        lock_keep_begin(table, request);
}

static bool see_if_done(struct lock_request *request, const struct lock_keep *keep)
{
    if (request->is_kept || keep->kept_count == 0 || keep->kept_count < request->held_count)
        return false;
    request->is_kept = true;
    return true;
}

int lock_keep_prepare_restored(struct lock_table *table, struct lock_request *request,
                               const struct lock_ask *ask)
{
    if (lock_keep_prepare(table, request, ask) != 0)
        return -1;
    lock_keep_adopt(table, request, ask);
    for (uint32_t i = 0; request->keeps && i < request->seat_count; i++)
        request->seats[i].is_kept = ask->groups[request->seats[i].group].kept;
    return 0;
}

bool lock_keep_restore(struct lock_table *table, struct lock_request *request,
                       const struct lock_record *record)
{
    struct lock_keep *keep = lock_keep_of(table, request);

    if (keep == NULL)
        return false;
    for (uint32_t i = 0; i < request->seat_count; i++)
        keep->kept_count += request->seats[i].is_kept;
    if (request->state == LOCK_HELD)
        set_time(table, keep, keep->keep_ms > 0 ? record->keep_until_ms : INT64_MIN);
    return see_if_done(request, keep);
}

static bool is_over(const struct lock_keep *keep, int64_t now_ms)
{
    return !keep->until_boot && keep->until_ms <= now_ms;
}

bool lock_keep_holds_on(const struct lock_table *table, const struct lock_seat *seat,
                        enum lock_reason reason, int64_t now_ms)
{
    const struct lock_keep *keep = lock_keep_of(table, seat->request);

    return keep != NULL && !is_over(keep, now_ms) &&
           (reason == LOCK_REASON_UNLOCK || reason == LOCK_REASON_DEAD ||
            reason == LOCK_REASON_JOB_END);
}

bool lock_keep_mark(struct lock_table *table, struct lock_seat *seat)
{
    struct lock_keep *keep = lock_keep_of(table, seat->request);
    struct tree *owners = seat->lock->pool == NULL ? &seat->lock->by_owner : NULL;

    if (owners != NULL)
        tree_remove(owners, &seat->owner_node);
    seat->is_kept = true;
    if (owners != NULL)
        tree_insert(owners, &seat->owner_node);
    keep->kept_count++;
    return see_if_done(seat->request, keep);
}

bool lock_keep_on_release(struct lock_table *table, const struct lock_seat *seat)
{
    struct lock_keep *keep = lock_keep_of(table, seat->request);

    if (keep == NULL)
        return false;
    keep->kept_count -= seat->is_kept;
    return see_if_done(seat->request, keep);
}

static void destroy(struct lock_table *table, struct lock_keep *keep)
{
    stop_timing(table, keep);
    tree_remove(&table->keeps, &keep->request_node);
    keep->request->keeps = false;
    free(keep);
}

void lock_keep_forget(struct lock_table *table, struct lock_request *request)
{
    struct lock_keep *keep = lock_keep_of(table, request);

    if (keep != NULL)
        destroy(table, keep);
}

void lock_keep_forget_all(struct lock_table *table)
{
    struct tree_node *first;

    while ((first = tree_first(&table->keeps)) != NULL)
        destroy(table, tree_entry(first, struct lock_keep, request_node));
}

int64_t lock_keep_next_end(const struct lock_table *table)
{
    const struct tree_node *first = tree_first(&table->keep_ends);

    return first != NULL ? tree_entry(first, const struct lock_keep, end_node)->until_ms
                         : INT64_MAX;
}

struct lock_request *lock_keep_first(const struct lock_table *table)
{
    const struct tree_node *first = tree_first(&table->keep_ends);

    return tree_entry(first, const struct lock_keep, end_node)->request;
}

bool lock_keep_end_boot(struct lock_table *table, struct lock_request *request, int64_t now_ms)
{
    struct lock_keep *keep = lock_keep_of(table, request);

    if (keep == NULL || !keep->until_boot)
        return false;
    keep->until_boot = false;
    if (is_over(keep, now_ms))
        return true;
    set_time(table, keep, keep->until_ms);
    return false;
}

bool lock_table_keep(const struct lock_table *table, const struct lock_request *request,
                     struct lock_keep_state *state)
{
    const struct lock_keep *keep = lock_keep_of(table, request);

    if (keep == NULL)
        return false;
    *state = (struct lock_keep_state){
        .keep_ms = keep->keep_ms, .until_ms = keep->until_ms, .until_boot = keep->until_boot};
    return true;
}
