/* The entries of the JSON list of a server's locks and waiters.
 * Must not change the table, nor go through it: listing.c does.  Must not tell a token: lists are
 * shared by all who ask. */
#include "reply_json.h"

#include <stdlib.h>
#include <string.h>

#include "auth_login.h"
#include "context.h"
#include "history_text.h"
#include "lock/keep.h"
#include "lock/pools.h"
#include "lock/request_demand.h"
#include "reply_why.h"
#include "silence.h"
#include "unusable.h"

/* The owner of what is nobody's business. */
static const char hidden[] = "-";

static struct list_json_proof proof_of(struct ipclocker_server *server,
                                       const struct lock_request *request)
{
    const struct lock_asker *asker = &request->asker;

    return (struct list_json_proof){
        .is_told = true,
        .how = (enum proof)asker->proof,
        .uid = asker->uid,
        .login = asker->proof != LOCK_CLAIMED ? auth_login_of(server, asker->uid) : NULL,
    };
}

/* What its owner is done with is of no process or job any more. */
static void add_keep(struct list_json_lock *entry, const struct ipclocker_server *server,
                     const struct lock_seat *seat)
{
    struct lock_keep_state keep;

    if (!lock_table_keep(server->table, seat->request, &keep))
        return;
    entry->kept = seat->is_kept;
    entry->until_boot = keep.until_boot;
    entry->kept_until_ms = keep.until_ms > 0 ? keep.until_ms : 0;
    if (!seat->is_kept)
        return;
    entry->pid = 0;
    entry->job = NULL;
}

void reply_json_add_held(struct lock_json *json, struct ipclocker_server *server,
                         const struct store_view *view, const struct lock_seat *seat)
{
    const struct lock_request *request = seat->request;
    const char *name = lock_seat_name(seat);
    const struct pool_config *pool = lock_seat_pool(seat);
    struct list_json_lock entry = {
        .name = name,
        .owner = request->owner,
        .proof = proof_of(server, request),
        .host = request->process->host,
        .pid = request->process->pid,
        .job = request->process->job,
        .held_since_ms = request->granted_ms,
        .hold_limit_s = (request->hold_ms + 999) / 1000,
        .autounlock = request->autounlock ? LIST_JSON_YES : LIST_JSON_NO,
        .connected = silence_is_connected(request) ? LIST_JSON_YES : LIST_JSON_NO,
        .silent_ms = silence_ms(server, request),
        .offline = lock_table_is_offline(server->table, name),
        .shared = seat->is_shared,
        .waiting = (int64_t)lock_table_queue_length(server->table, name),
        .pool = pool != NULL ? pool->name : NULL,
        .project = pool_project(pool, request->process->project),
    };

    add_keep(&entry, server, seat);
    if (!history_text_shows(view, &request->asker)) {
        entry.owner = hidden;
        entry.proof = (struct list_json_proof){0};
        entry.host = entry.job = entry.project = NULL;
        entry.pid = 0;
    }
    list_json_add_lock(json, &entry);
}

/* Without pools it is always that others are before it, unless something is offline or it is away.
 */
static void add_reason(struct list_json_waiter *entry, const struct ipclocker_server *server,
                       const struct lock_request *request)
{
    struct lock_reason_to_wait reason;

    if (request->pooled == NULL && !request->away && LIST_EMPTY(&server->unusable))
        return;
    lock_table_explain(server->table, request, &reason);
    if (request->pooled == NULL && reason.why != LOCK_WHY_OFFLINE && reason.why != LOCK_WHY_AWAY)
        return;
    entry->reason = reply_why_word(reason.why);
    entry->of = reason.of;
}

/* Whose seats each group names; NULL without memory, or where nothing is of any pool. */
static const char **find_pools(const struct lock_table *table, const struct lock_request *request,
                               const struct lock_demand *wants)
{
    const char **pools =
        lock_request_pool(request) != NULL ? calloc(wants->group_count, sizeof *pools) : NULL;

    for (size_t i = 0; pools != NULL && i < wants->group_count; i++) {
        const char *name = wants->groups[i].names[0];
        const struct pool_config *pool = lock_table_pool_of(table, name);

        pools[i] = pool != NULL && strcmp(pool->name, name) != 0 ? pool->name : NULL;
    }
    return pools;
}

bool reply_json_add_waiter(struct lock_json *json, struct ipclocker_server *server,
                           const struct store_view *view, const struct lock_request *request)
{
    struct lock_demand wants;
    const char **pools;
    struct list_json_waiter entry = {
        .owner = request->owner,
        .proof = proof_of(server, request),
        .host = request->process->host,
        .pid = request->process->pid,
        .job = request->process->job,
        .wants = &wants,
        .position = lock_table_position(server->table, request),
        .waiting_since_ms = request->asked_ms,
        .project = pool_project(lock_request_pool(request), request->process->project),
        .priority = request->process->priority,
    };

    if (lock_demand_of_request(&wants, request) != 0)
        return false;
    if (!history_text_shows(view, &request->asker)) {
        entry.owner = hidden;
        entry.proof = (struct list_json_proof){0};
        entry.host = entry.job = entry.project = NULL;
        entry.pid = 0;
    }
    add_reason(&entry, server, request);
    pools = find_pools(server->table, request, &wants);
    entry.pools = pools;
    list_json_add_waiter(json, &entry);
    free(pools);
    lock_demand_fini(&wants);
    return true;
}

struct lock_json *reply_json_begin(const struct ipclocker_server *server, bool only_pools)
{
    const struct list_json_server about = {
        .version = FARMLOCK_VERSION, .started_s = server->started_ms / 1000, .protocol = 2};
    int64_t now_ms = context_now_ms(server);

    return only_pools ? list_json_begin_pools(&about, now_ms) : list_json_begin(&about, now_ms);
}

static void add_classes(struct lock_json *json, const struct lock_table *table, const char *pool)
{
    struct pool_class_state state = {0};

    while (lock_table_next_class(table, pool, state.value, &state)) {
        const struct list_json_class share = {.name = state.value,
                                              .weight = state.weight,
                                              .use = state.use,
                                              .waiting = state.waiting};

        list_json_add_class(json, &share);
    }
}

bool reply_json_add_pool(struct lock_json *json, const struct ipclocker_server *server,
                         const struct store_view *view, size_t *index)
{
    struct list_json_pool entry;
    struct pool_state state;

    if (!lock_table_next_pool(server->table, index, &state))
        return false;
    entry = (struct list_json_pool){
        .name = state.name,
        .total = state.total,
        .held = state.held,
        .promised = state.promised,
        .reserved = state.reserved,
        .outside = state.outside,
        .outside_most = state.config->outside_most,
        .offline = state.offline,
        .free = state.free,
        .waiting = state.waiting,
        .oldest_ms = state.oldest_ms != INT64_MAX ? state.oldest_ms : -1,
        .most = view->is_limited ? NULL : state.most,
        .most_held = state.most_held,
    };
    list_json_add_pool(json, &entry);
    if (!view->is_limited)
        add_classes(json, server->table, state.name);
    return true;
}

struct offline_entries {
    struct lock_json *json;
    const struct lock_table *table;
};

static void add_offline(void *context, const struct store_unusable *what)
{
    const struct offline_entries *entries = context;
    const struct pool_config *pool = lock_table_pool_of(entries->table, what->name);
    const struct list_json_offline entry = {
        .name = what->name,
        .pool = pool != NULL ? pool->name : NULL,
        .until_ms = what->until_ms != INT64_MAX ? what->until_ms : -1,
        .reason = what->reason,
    };

    list_json_add_offline(entries->json, &entry);
}

void reply_json_add_offline(struct lock_json *json, const struct ipclocker_server *server)
{
    struct offline_entries entries = {.json = json, .table = server->table};

    unusable_visit_offline(server, add_offline, &entries);
}
