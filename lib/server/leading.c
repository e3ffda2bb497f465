/* Listening while the server leads, by a timer of its own: a call to etcd may hang for longer.
 * Must not decide who leads. */
#include "leading.h"

#include <syslog.h>

#include "base/clock.h"
#include "conn.h"
#include "context.h"
#include "listener.h"
#include "replicated.h"
#include "state_note.h"
#include "timeline.h"

enum { LOOKS = 50, LOOK_LEAST_MS = 20, UNIX_AGAIN_MS = 1000 };

void ipclocker_server_end_listening(struct ipclocker_server *server)
{
    listener_shut_all(server);
}

/* Another lockerd of this machine that has not heard yet that it does not lead may have the path;
 * who comes by TCP is served meanwhile. */
static void open_unix(struct ipclocker_server *server)
{
    struct leading *leading = &server->leading;
    bool fails = listener_open_unix(server) != 0;

    if (fails && leading->unix_again_ms == 0)
        context_log(server, LOG_ERR, "this lockerd leads, but %s", server->error);
    else if (!fails && leading->unix_again_ms != 0)
        context_log(server, LOG_NOTICE, "the UNIX socket is served, too");
    leading->unix_again_ms = fails ? clock_now_ms() + UNIX_AGAIN_MS : 0;
}

static void listen_again(struct ipclocker_server *server)
{
    struct leading *leading = &server->leading;

    leading->listens = listener_open_all(server) == 0;
    if (leading->listens)
        leading->has_closed = leading->has_failed = false;
    else if (!leading->has_failed)
        context_log(server, LOG_ERR, "this lockerd leads, but %s", server->error);
    leading->has_failed = !leading->listens;
    if (leading->listens)
        open_unix(server);
}

static void fall_silent(struct ipclocker_server *server)
{
    listener_shut_all(server);
    server->leading.listens = false;
    context_log(server, LOG_WARNING,
                "nothing was confirmed by etcd for %lld ms: nobody can connect until it is",
                (long long)store_mute_after_ms(server->state.store));
}

/* What they were told is true; what waits to be told is for who leads now. */
static void close_all(struct ipclocker_server *server)
{
    static const struct refusal elsewhere = {ERROR_CODE_LATER,
                                             "another lockerd may serve now; try again later"};
    struct conn *conn, *next;

    server->leading.has_closed = true;
    for (conn = TAILQ_FIRST(&server->conns); conn != NULL; conn = next) {
        next = TAILQ_NEXT(conn, all);
        conn_take_back(conn, &elsewhere);
    }
}

static int64_t silent_ms(const struct ipclocker_server *server)
{
    int64_t confirmed_ms = store_confirmed_ms(server->state.store);

    return confirmed_ms == INT64_MIN ? INT64_MAX : clock_ms(CLOCK_BOOTTIME) - confirmed_ms;
}

static void on_look(evutil_socket_t fd, short events, void *context)
{
    struct ipclocker_server *server = context;
    struct leading *leading = &server->leading;
    int64_t mute_ms, silent;

    (void)fd;
    (void)events;
    if (server->state.store == NULL)
        return;
    silent = silent_ms(server); /* which shows the store that this loop lives */
    if (!leading->serves && !leading->resigns)
        return;
    mute_ms = store_mute_after_ms(server->state.store);
    if (leading->resigns && silent == INT64_MAX)
        return; /* it has resigned, which is about to be heard */
    if (leading->listens && silent >= mute_ms)
        fall_silent(server);
    else if (leading->serves && !leading->listens && silent < mute_ms)
        listen_again(server);
    else if (leading->listens && leading->unix_again_ms != 0 &&
             clock_now_ms() >= leading->unix_again_ms)
        open_unix(server);
    if (!leading->has_closed && silent >= store_takeover_ms(server->state.store) * 3)
        close_all(server);
}

void leading_start(struct ipclocker_server *server)
{
    int64_t look_ms = store_takeover_ms(server->state.store) / LOOKS;
    struct timeval every;

    if (look_ms < LOOK_LEAST_MS)
        look_ms = LOOK_LEAST_MS;
    every = (struct timeval){.tv_sec = look_ms / 1000, .tv_usec = look_ms % 1000 * 1000};
    server->leading.serves = server->leading.listens = server->leading.resigns = false;
    listener_shut_all(server); /* one that died may have left them open */
    event_assign(&server->leading.look, server->base, -1, EV_PERSIST, on_look, server);
    event_add(&server->leading.look, &every);
    server->leading.looks = true;
}

void leading_serve(struct ipclocker_server *server)
{
    if (server->leading.resigns)
        return;
    server->leading.serves = true;
    if (!server->leading.listens)
        listen_again(server);
}

void leading_stand_by(struct ipclocker_server *server)
{
    server->leading.serves = server->leading.listens = server->leading.resigns = false;
    server->leading.unix_again_ms = 0;
    listener_shut_all(server);
}

/* Answers wait for what was noted, so that goes first; what comes later is taken back. */
bool ipclocker_server_resign(struct ipclocker_server *server)
{
    struct state *state = &server->state;

    if (!state->confirms || state->store == NULL) {
        context_log(server, LOG_WARNING,
                    "asked to give up leading: this lockerd has its state for itself");
        return false;
    }
    if (state->phase == STATE_STANDS_BY) {
        context_log(server, LOG_WARNING, "asked to give up leading: this lockerd stands by");
        return false;
    }
    context_log(server, LOG_NOTICE, "asked to give up leading: another lockerd may lead");
    leading_stand_by(server);
    server->leading.resigns = true; /* until state.c hears that it does not lead */
    if (!state_note_is_down(server)) {
        state_note_end_refusals(server, true);
        timeline_note_now(server);
        state_note_submit(server);
    }
    store_resign(state->store);
    return true;
}

void leading_stop(struct ipclocker_server *server)
{
    if (!server->leading.looks)
        return;
    leading_stand_by(server);
    event_del(&server->leading.look);
    server->leading.looks = false;
}
