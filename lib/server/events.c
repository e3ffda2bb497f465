/* What the events of the lock table set off.
 * Must not change the table, which calls it from inside a change. */
#include "events.h"

#include <syslog.h>

#include "claim.h"
#include "context.h"
#include "pass.h"
#include "state_note.h"

static void log_end(const struct ipclocker_server *server, const struct lock_event *event)
{
    if (event->reason == LOCK_REASON_HOLD_LIMIT)
        context_log(server, LOG_NOTICE, "%s was held by %s as long as it may; taken back",
                    event->name, event->request->owner);
}

void events_on_table(void *context, const struct lock_event *event)
{
    pass_queue_end(context);
    state_note_event(context, event);
    switch (event->kind) {
    case LOCK_EVENT_GRANTED:
        claim_on_granted(event->request);
        break;
    case LOCK_EVENT_RELEASED:
        log_end(context, event);
        if (event->request->state == LOCK_ENDED)
            claim_on_ended(event->request, event->reason);
        break;
    case LOCK_EVENT_LEFT:
        claim_on_ended(event->request, event->reason);
        break;
    case LOCK_EVENT_QUEUED:
    case LOCK_EVENT_RENEWED:
    case LOCK_EVENT_AWAY:
        break;
    }
}
