/* What happens to locks, told to one who is no client.
 * Must not change the table, nor keep what it is told of. */
#include "tidings.h"

#include "context.h"
#include "server.h"

void tidings_set(struct ipclocker_server *server, tidings_fn *tell, void *context)
{
    server->tidings.tell = tell;
    server->tidings.context = context;
}

static void tell(const struct ipclocker_server *server, const struct tidings *tidings)
{
    if (server->tidings.tell != NULL)
        server->tidings.tell(server->tidings.context, tidings);
}

static enum tidings_kind kind_of_end(enum lock_reason reason)
{
    if (reason == LOCK_REASON_UNLOCK || reason == LOCK_REASON_KEPT)
        return TIDINGS_RELEASED;
    return reason == LOCK_REASON_BREAK ? TIDINGS_BROKEN : TIDINGS_LOST;
}

void tidings_of_event(const struct ipclocker_server *server, const struct lock_event *event)
{
    struct tidings tidings = {
        .at_ms = event->at_ms, .request = event->request, .reason = event->reason};

    switch (event->kind) {
    case LOCK_EVENT_QUEUED:
        tidings.kind = TIDINGS_ASKED;
        break;
    case LOCK_EVENT_GRANTED:
        tidings.kind = TIDINGS_GRANTED;
        break;
    case LOCK_EVENT_RELEASED:
        tidings.kind = kind_of_end(event->reason);
        tidings.name = event->name;
        break;
    case LOCK_EVENT_LEFT:
        tidings.kind = TIDINGS_LEFT;
        break;
    case LOCK_EVENT_RENEWED:
    case LOCK_EVENT_AWAY:
    case LOCK_EVENT_KEPT:
        return;
    }
    tell(server, &tidings);
}

void tidings_of_seats(const struct ipclocker_server *server, const struct store_unusable *what)
{
    const struct tidings tidings = {.kind = what->kind == STORE_OUTSIDE ? TIDINGS_OUTSIDE
                                            : what->seats > 0           ? TIDINGS_OFFLINE
                                                                        : TIDINGS_ONLINE,
                                    .at_ms = context_now_ms(server),
                                    .name = what->name,
                                    .seats = what->seats};

    tell(server, &tidings);
}

void tidings_of_pools(const struct ipclocker_server *server)
{
    const struct tidings tidings = {.kind = TIDINGS_CONFIGURATION, .at_ms = context_now_ms(server)};

    tell(server, &tidings);
}
