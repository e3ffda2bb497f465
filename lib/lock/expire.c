/* What ends by itself: hold limits, and times for which locks were to be kept.
 * Must not read a clock. */
#include "end.h"
#include "grant.h"
#include "keeping.h"
#include "table.h"

static int64_t next_limit(const struct lock_table *table)
{
    const struct tree_node *first = tree_first(&table->deadlines);

    return first != NULL ? tree_entry(first, const struct lock_request, deadline_node)->deadline_ms
                         : INT64_MAX;
}

int64_t lock_table_next_deadline(const struct lock_table *table)
{
    int64_t limit_ms = next_limit(table), keep_ms;

    if (table->keep_ends.root == NULL)
        return limit_ms;
    keep_ms = lock_keep_next_end(table);
    return limit_ms <= keep_ms ? limit_ms : keep_ms;
}

/* What its owner is done with comes free; the rest is held as if it had never been kept.  Returns
 * that this was all. */
static bool end_keep(struct lock_table *table, struct lock_request *request, int64_t now_ms)
{
    uint32_t left = request->keeps ? lock_keep_of(table, request)->kept_count : 0;
    bool ends = left == request->held_count;

    for (uint32_t i = 0; left > 0; i++) {
        if (!request->seats[i].is_kept)
            continue;
        left--;
        lock_release_seat(table, &request->seats[i], LOCK_REASON_KEPT, now_ms);
    }
    if (!ends)
        lock_keep_forget(table, request);
    return ends;
}

/* INT64_MAX as a time would find nothing that is over. */
void lock_table_expire_some(struct lock_table *table, int64_t now_ms, size_t most)
{
    int64_t next_ms;

    while (most > 0 && (next_ms = lock_table_next_deadline(table)) <= now_ms &&
           next_ms != INT64_MAX) {
        bool is_limit = next_limit(table) == next_ms;
        struct lock_request *request =
            is_limit ? tree_entry(tree_first(&table->deadlines), struct lock_request, deadline_node)
                     : lock_keep_first(table);
        size_t locks = request->held_count;

        most -= locks < most ? locks : most;
        if (is_limit)
            lock_table_end(table, request, LOCK_REASON_HOLD_LIMIT, now_ms);
        else
            end_keep(table, request, now_ms);
    }
}

void lock_table_expire(struct lock_table *table, int64_t now_ms)
{
    lock_table_expire_some(table, now_ms, SIZE_MAX);
}

bool lock_table_booted(struct lock_table *table, struct lock_request *request, int64_t now_ms)
{
    struct lock_keep_state keep;

    if (request->state != LOCK_HELD || !lock_table_keep(table, request, &keep) || !keep.until_boot)
        return false;
    if (lock_keep_end_boot(table, request, now_ms) && end_keep(table, request, now_ms))
        return true;
    lock_table_emit(table, LOCK_EVENT_RENEWED, LOCK_REASON_NONE, request, now_ms);
    return false;
}
