/* What clients and the log are told while the state cannot be written, or its disk hangs.
 * Must not touch the store or the table. */
#include "state_outage.h"

#include <stdio.h>
#include <syslog.h>

#include "context.h"
#include "pass.h"
#include "state_note.h"

enum {
    LOG_EVERY_S = 60,
    STALL_S = 5, /* a disk that is merely busy answers sooner */
};

bool state_outage_knows_table(const struct ipclocker_server *server)
{
    return server->state.phase == STATE_SERVING || server->state.phase == STATE_READ_ONLY;
}

void state_outage_enter(struct ipclocker_server *server, enum state_phase phase)
{
    server->state.phase = phase;
    server->table_changes++; /* another may be read back */
    pass_queue_end(server);
}

static void log_trouble(struct ipclocker_server *server)
{
    struct state *state = &server->state;
    time_t now_s = context_monotonic_s();

    if (state->logged && now_s - state->last_log_s < LOG_EVERY_S)
        return;
    state->logged = true;
    state->last_log_s = now_s;
    context_log(server, LOG_ERR,
                "the state %s cannot be written: %s; nothing is granted or released until it can%s",
                state->path, state->reason,
                state->phase == STATE_STALLED ? "" : ", which is tried every second");
}

void state_outage_report(struct ipclocker_server *server, const char *reason)
{
    struct state *state = &server->state;

    snprintf(state->reason, sizeof state->reason, "%s", reason);
    snprintf(state->refusal_text, sizeof state->refusal_text,
             "the state cannot be written (%s); try again later", reason);
    state->refusal = (struct refusal){ERROR_CODE_LATER, state->refusal_text};
    log_trouble(server);
}

static const char *medium(const struct ipclocker_server *server)
{
    return server->state.confirms ? "etcd" : "its disk";
}

/* Nobody knows what will become of what was submitted, so who waits for that waits on: an error
 * would be a lie once the disk is back.  Later requests are refused at once, nothing is noted of
 * them, and reads are too, as the table has changes that a crash would undo.
 */
static void stall(struct ipclocker_server *server, time_t seconds)
{
    char reason[64];

    state_outage_enter(server, STATE_STALLED);
    snprintf(reason, sizeof reason, "%s has not answered for %lld seconds", medium(server),
             (long long)seconds);
    state_outage_report(server, reason);
}

void state_outage_end_stall(struct ipclocker_server *server)
{
    struct state *state = &server->state;

    if (state->phase != STATE_STALLED)
        return;
    state_outage_enter(server, STATE_SERVING);
    state->logged = false;
    if (state->confirms)
        context_log(server, LOG_NOTICE, "etcd answers again");
    else
        context_log(server, LOG_NOTICE, "the disk of the state %s answers again", state->path);
}

void state_outage_stand_by(struct ipclocker_server *server, const char *reason)
{
    struct state *state = &server->state;

    state_outage_enter(server, STATE_STANDS_BY);
    snprintf(state->reason, sizeof state->reason, "%s", reason);
    state->refusal =
        (struct refusal){ERROR_CODE_LATER, "another lockerd may serve now; try again later"};
    state->logged = state->waits = false;
}

void state_outage_watch(struct ipclocker_server *server)
{
    struct state *state = &server->state;
    time_t now_s = context_monotonic_s();

    if (state->phase == STATE_STANDS_BY)
        return;
    if (state_note_is_down(server)) {
        log_trouble(server);
    } else if (!state->waits || state->watched != state->committed) {
        state->waits = state->committed < state->submitted;
        state->watched = state->committed;
        state->watched_s = now_s;
    } else if (state->committed == state->submitted) {
        state->waits = false;
    } else if (now_s - state->watched_s >= STALL_S) {
        stall(server, now_s - state->watched_s);
    }
}
