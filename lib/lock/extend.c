/* A hold limit that is put off.
 * Must not end one, nor begin one. */
#include "extend.h"

#include "grant.h"
#include "pool_types.h"
#include "table.h"

int64_t lock_request_most_ms(const struct lock_request *request, int64_t most_ms)
{
    const struct pool_standing *standing = request->pooled;

    for (uint32_t i = 0; standing != NULL && i < standing->tie_count; i++) {
        int64_t limit_ms = standing->ties[i].pool->config->hold_limit_ms;

        if (limit_ms > 0 && (most_ms <= 0 || limit_ms < most_ms))
            most_ms = limit_ms;
    }
    return most_ms;
}

enum lock_extension lock_table_extend(struct lock_table *table, struct lock_request *request,
                                      int64_t add_ms, int64_t *most_ms, int64_t now_ms)
{
    int64_t most = lock_request_most_ms(request, *most_ms), deadline_ms;

    if (request->deadline_ms == INT64_MAX)
        return LOCK_EXTENDED;
    if (__builtin_add_overflow(request->deadline_ms, add_ms, &deadline_ms))
        deadline_ms = INT64_MAX - 1;
    if (most > 0 && deadline_ms - request->granted_ms > most) {
        *most_ms = most;
        return LOCK_EXTENSION_TOO_LONG;
    }
    lock_request_put_off(table, request, deadline_ms);
    lock_table_emit(table, LOCK_EVENT_RENEWED, LOCK_REASON_NONE, request, now_ms);
    return LOCK_EXTENDED;
}
