/* DEQUEUE: an owner's waits are ended by somebody else.
 * Must not touch what is held. */
#include "command_dequeue.h"

#include <string.h>
#include <syslog.h>

#include "base/words.h"
#include "context.h"
#include "may.h"
#include "pass.h"
#include "reply.h"
#include "turn.h"

/* So many waiters are looked at in a microsecond. */
enum { LOOKS_A_US = 20 };

struct dequeue {
    struct conn *conn;
    const char *owner;
    size_t looked_at, ended, denied;
};

/* The next waiter of the owner's behind a ticket, which may be ended. */
static struct lock_request *next(struct dequeue *self, uint64_t *ticket)
{
    const struct lock_table *table = self->conn->server->table;
    struct lock_request *request;

    while ((request = lock_table_waiter_behind(table, *ticket)) != NULL) {
        *ticket = request->ticket;
        self->looked_at++;
        if (strcmp(request->owner, self->owner) != 0)
            continue;
        if (may_break(self->conn, request))
            return request;
        self->denied++;
    }
    return NULL;
}

/* Waits are ended by ticket: what one leaves may be granted to another meanwhile. */
static void end_all(struct dequeue *self)
{
    struct ipclocker_server *server = self->conn->server;
    struct lock_request *request;
    struct store_culprit culprit;
    char who[MAY_WHO_SIZE];
    uint64_t ticket = 0;

    may_begin_blame(self->conn, &culprit);
    while ((request = next(self, &ticket)) != NULL) {
        context_log(server, LOG_NOTICE, "a wait of %s was ended for %s", request->owner,
                    may_describe(self->conn, who));
        lock_table_end(server->table, request, LOCK_REASON_BREAK, context_now_ms(server));
        self->ended++;
    }
    may_end_blame(server);
}

void command_dequeue(struct conn *conn, char *args)
{
    static const struct refusal no_owner = {ERROR_CODE_MALFORMED, "\"DEQUEUE\" needs an owner"};
    struct dequeue self = {.conn = conn, .owner = words_next(&args)};

    if (self.owner == NULL) {
        reply_status(conn, NULL, &no_owner);
        return;
    }
    end_all(&self);
    pass_run_resumed(conn->server);
    conn->turn_cost_us +=
        (uint32_t)self.ended * TURN_CHANGE_COST_US + (uint32_t)(self.looked_at / LOOKS_A_US);
    if (self.ended == 0 && self.denied > 0) {
        reply_status(conn, NULL, &may_not_owner);
        return;
    }
    reply_number(conn, "ended", self.ended);
    pass_mark_dirty(conn);
}
