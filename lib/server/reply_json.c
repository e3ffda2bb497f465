/* The JSON list of a server's locks and waiters.
 * Must not change the table. */
#include "reply_json.h"

#include <stdlib.h>

#include "context.h"
#include "list/json.h"
#include "lock/request_demand.h"
#include "pass.h"
#include "reply.h"

static void add_held(struct lock_json *json, const struct lock_table *table,
                     const struct lock_seat *seat)
{
    const struct lock_request *request = seat->request;
    const char *name = lock_seat_name(seat);
    const struct list_json_lock entry = {
        .name = name,
        .owner = request->owner,
        .host = request->process->host,
        .pid = request->process->pid,
        .job = request->process->job,
        .held_since_ms = request->granted_ms,
        .hold_limit_s = (request->hold_ms + 999) / 1000,
        .autounlock = request->autounlock ? LIST_JSON_YES : LIST_JSON_NO,
        .token = request->token,
        .waiting = (int64_t)lock_table_queue_length(table, name),
    };

    list_json_add_lock(json, &entry);
}

/* Returns false when there is no memory. */
static bool add_waiter(struct lock_json *json, const struct lock_table *table,
                       const struct lock_request *request)
{
    struct lock_demand wants;
    const struct list_json_waiter entry = {
        .owner = request->owner,
        .host = request->process->host,
        .pid = request->process->pid,
        .job = request->process->job,
        .wants = &wants,
        .position = lock_table_position(table, request),
        .waiting_since_ms = request->asked_ms,
    };

    if (lock_demand_of_request(&wants, request) != 0)
        return false;
    list_json_add_waiter(json, &entry);
    lock_demand_fini(&wants);
    return true;
}

static char *list_as_json(const struct ipclocker_server *server, size_t *len)
{
    const struct list_json_server about = {
        .version = FARMLOCK_VERSION, .started_s = server->started_ms / 1000, .protocol = 2};
    struct lock_json *json = list_json_begin(&about, context_now_ms(server));
    const struct lock_seat *seat = NULL;
    struct lock_request *waiter = NULL;

    if (json == NULL)
        return NULL;
    while ((seat = lock_table_next_held(server->table, seat)) != NULL)
        add_held(json, server->table, seat);
    while ((waiter = lock_table_next_waiter(server->table, waiter)) != NULL) {
        if (!add_waiter(json, server->table, waiter)) {
            list_json_destroy(json);
            return NULL;
        }
    }
    return list_json_end(json, len);
}

void reply_json_list(struct conn *conn)
{
    size_t len;
    char *text = list_as_json(conn->server, &len);

    pass_mark_dirty(conn);
    if (text == NULL) {
        /* A client that waits for a length must not wait for ever. */
        conn->out.bytes.failed = true;
        return;
    }
    reply_number(conn, "json", len);
    buffer_add(&conn->out.bytes, text, len);
    buffer_add(&conn->out.bytes, "\n", 1);
    free(text);
}
