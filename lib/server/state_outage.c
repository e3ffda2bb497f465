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

const struct refusal *durable_refusal(const struct ipclocker_server *server, bool changes)
{
    const struct durable *durable = &server->durable;

    if (durable->phase == STATE_SERVING || (durable->phase == STATE_READ_ONLY && !changes))
        return NULL;
    return &durable->refusal;
}

bool durable_knows_table(const struct ipclocker_server *server)
{
    return server->durable.phase == STATE_SERVING || server->durable.phase == STATE_READ_ONLY;
}

void state_enter(struct ipclocker_server *server, enum state_phase phase)
{
    server->durable.phase = phase;
    server_queue_pass_end(server);
}

static void log_trouble(struct ipclocker_server *server)
{
    struct durable *durable = &server->durable;
    time_t now_s = server_monotonic_s();

    if (durable->logged && now_s - durable->last_log_s < LOG_EVERY_S)
        return;
    durable->logged = true;
    durable->last_log_s = now_s;
    server_log(server, LOG_ERR,
               "the state %s cannot be written: %s; nothing is granted or released until it can%s",
               durable->path, durable->reason,
               durable->phase == STATE_STALLED ? "" : ", which is tried every second");
}

void durable_report(struct ipclocker_server *server, const char *reason)
{
    struct durable *durable = &server->durable;

    snprintf(durable->reason, sizeof durable->reason, "%s", reason);
    snprintf(durable->refusal_text, sizeof durable->refusal_text,
             "the state cannot be written (%s); try again later", reason);
    durable->refusal = (struct refusal){ERROR_CODE_LATER, durable->refusal_text};
    log_trouble(server);
}

/* Nobody knows what will become of what was submitted, so who waits for that waits on: an error
 * would be a lie once the disk is back.  Later requests are refused at once, nothing is noted of
 * them, and reads are too, as the table has changes that a crash would undo.
 */
static void stall(struct ipclocker_server *server, time_t seconds)
{
    char reason[64];

    state_enter(server, STATE_STALLED);
    snprintf(reason, sizeof reason, "its disk has not answered for %lld seconds",
             (long long)seconds);
    durable_report(server, reason);
}

void durable_end_stall(struct ipclocker_server *server)
{
    struct durable *durable = &server->durable;

    if (durable->phase != STATE_STALLED)
        return;
    state_enter(server, STATE_SERVING);
    durable->logged = false;
    server_log(server, LOG_NOTICE, "the disk of the state %s answers again", durable->path);
}

void durable_watch(struct ipclocker_server *server)
{
    struct durable *durable = &server->durable;
    time_t now_s = server_monotonic_s();

    if (state_is_down(server)) {
        log_trouble(server);
    } else if (!durable->waits || durable->watched != durable->committed) {
        durable->waits = durable->committed < durable->submitted;
        durable->watched = durable->committed;
        durable->watched_s = now_s;
    } else if (durable->committed == durable->submitted) {
        durable->waits = false;
    } else if (now_s - durable->watched_s >= STALL_S) {
        stall(server, now_s - durable->watched_s);
    }
}
