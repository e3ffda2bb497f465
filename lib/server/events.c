/* What the events of the lock table set off.
 * Must not change the table, which calls it from inside a change. */
#include "events.h"

#include <syslog.h>

#include "auth_grant.h"
#include "auth_key.h"
#include "boot_watch.h"
#include "claim.h"
#include "context.h"
#include "pass.h"
#include "payer.h"
#include "state_note.h"

static void log_end(const struct ipclocker_server *server, const struct lock_event *event)
{
    if (event->reason == LOCK_REASON_HOLD_LIMIT)
        context_log_of(server, event->request->payer, LOG_NOTICE,
                       "%s was held by %s as long as it may; taken back", event->name,
                       event->request->owner);
}

/* What is kept goes on without its owner, and is watched for the boot of its host. */
static void on_end_for_owner(struct ipclocker_server *server, const struct lock_event *event)
{
    claim_on_ended(event->request, event->reason);
    if (event->request->state != LOCK_ENDED)
        boot_watch_start(server, event->request);
    else if (event->request->keeps)
        boot_watch_stop(server, event->request);
}

/* Before the store is told of it. */
static void note_key(struct ipclocker_server *server, const struct lock_event *event)
{
    struct lock_request *request = event->request;

    if (!request->asker.is_fresh && (request->asker.key[0] | request->asker.key[1]) == 0)
        return;
    auth_key_make_grants(request);
    if (event->kind == LOCK_EVENT_GRANTED || event->kind == LOCK_EVENT_RENEWED)
        auth_grant_note(server, request);
    else if (request->state == LOCK_ENDED)
        auth_grant_forget(server, request);
}

/* Most have not waited. */
static inline void count_grant(struct ipclocker_server *server, const struct lock_event *event)
{
    int64_t waited_ms = event->at_ms - event->request->asked_ms;

    if (waited_ms <= 0) {
        server->counts.wait.classes[0]++;
        return;
    }
    figures_take_time(&server->counts.wait, waited_ms * 1000);
    commit_times_hand_over(server);
}

void events_on_table(void *context, const struct lock_event *event)
{
    struct ipclocker_server *server = context;

    server->table_changes++;
    payer_on_event(server, event);
    pass_queue_end(server);
    note_key(server, event);
    if (server->state.store != NULL)
        state_note_event(context, event);
    if (server->tidings.tell != NULL)
        tidings_of_event(server, event);
    switch (event->kind) {
    case LOCK_EVENT_GRANTED:
        count_grant(server, event);
        claim_on_granted(event->request);
        break;
    case LOCK_EVENT_RELEASED:
    case LOCK_EVENT_KEPT:
        server->counts.ended[event->kind == LOCK_EVENT_KEPT][event->reason % FIGURES_REASONS]++;
        log_end(context, event);
        if (event->request->state == LOCK_ENDED || event->request->is_kept)
            on_end_for_owner(context, event);
        break;
    case LOCK_EVENT_LEFT:
        server->counts.left[event->reason % FIGURES_REASONS]++;
        claim_on_ended(event->request, event->reason);
        break;
    case LOCK_EVENT_QUEUED:
        server->counts.queued++;
        break;
    case LOCK_EVENT_RENEWED:
    case LOCK_EVENT_AWAY:
        break;
    }
}
