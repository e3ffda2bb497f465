/* Who may do what to a request of the lock table.
 * Must not do it. */
#include "may.h"

#include <stdio.h>
#include <string.h>

#include "ask.h"
#include "auth/peer.h"
#include "auth_key.h"
#include "auth_login.h"
#include "base/ip_text.h"
#include "history_text.h"
#include "incarnation.h"
#include "pools.h"

const struct refusal may_needs_proof = {
    ERROR_CODE_PROOF_REQUIRED,
    "this server changes nothing for whom it does not know; use its UNIX socket, or a client with "
    "MUNGE"};

const struct refusal may_not_owner = {
    ERROR_CODE_NOT_OWNER, "it is another user's or another process's; only that one may do this"};

const struct refusal may_not_set_seats = {
    ERROR_CODE_DENIED,
    "what is offline or in use elsewhere is for administrators of the server or the pool to say"};

static bool is_proven(const struct lock_asker *asker)
{
    return asker->proof != LOCK_CLAIMED;
}

static bool is_same(const struct lock_asker *a, const struct lock_asker *b)
{
    return is_proven(a) && is_proven(b) && a->uid == b->uid;
}

static bool is_same_user(const struct conn *conn, const struct lock_request *request)
{
    return is_same(&conn->asker, &request->asker);
}

bool may_change_by_grant(const struct conn *conn)
{
    return conn->auth != NULL && conn->auth->grant != 0;
}

/* Its process, as far as that is known, is told again. */
static bool is_told_again(const struct conn *conn, const struct lock_request *request)
{
    struct lock_ask ask;

    ask_init(&ask, conn);
    if (request->process->start != 0 && ask.start == 0)
        ask_identify(conn->server, &ask);
    return incarnation_is_told_again(request->process, &ask);
}

bool may_own(const struct conn *conn, const struct lock_request *request)
{
    if (conn->auth != NULL && conn->auth->grant != 0 && conn->auth->grant == request->token)
        return true;
    if (is_proven(&request->asker))
        return is_same_user(conn, request);
    if (!may_ask_anew(conn))
        return false;
    return incarnation_is_unknown(request->process) || is_told_again(conn, request);
}

bool may_break(const struct conn *conn, const struct lock_request *request)
{
    if (conn->is_admin)
        return true;
    return is_proven(&request->asker) ? is_same_user(conn, request) : may_ask_anew(conn);
}

bool may_set_seats(struct conn *conn, const char *pool)
{
    if (conn->is_admin || conn->server->auth == IPCLOCKER_AUTH_NONE)
        return true;
    return pool != NULL && is_proven(&conn->asker) &&
           pools_administers(conn->server, pool, auth_login_of(conn->server, conn->asker.uid));
}

struct may_reporter may_reporter_of(const struct conn *conn)
{
    return (struct may_reporter){.asker = conn->asker,
                                 .is_trusted = conn->is_admin || conn->is_reaper};
}

/* What ends for a reason that nobody here can see. */
static bool may_say_it_ended(const struct ipclocker_server *server,
                             const struct may_reporter *reporter,
                             const struct lock_request *request)
{
    if (reporter->is_trusted)
        return true;
    if (is_proven(&request->asker))
        return is_same(&reporter->asker, &request->asker);
    return server->auth != IPCLOCKER_AUTH_REQUIRE;
}

bool may_end_job(const struct conn *conn, const struct lock_request *request)
{
    const struct may_reporter reporter = may_reporter_of(conn);

    return may_say_it_ended(conn->server, &reporter, request);
}

static bool is_here(const struct lock_asker *asker)
{
    return !ip_text_is_known(asker->peer) || auth_peer_is_here(asker->peer);
}

/* Both have come from one address, or from this machine. */
static bool is_beside(const struct lock_asker *asker, const struct lock_asker *of_request)
{
    if (memcmp(asker->peer, of_request->peer, sizeof asker->peer) == 0)
        return true;
    return is_here(asker) && is_here(of_request);
}

/* Of a request of an old state file nobody knows. */
static bool may_be_beside(const struct lock_asker *asker, const struct lock_asker *of_request)
{
    return (!is_proven(of_request) && !ip_text_is_known(of_request->peer)) ||
           is_beside(asker, of_request);
}

bool may_report_death(const struct ipclocker_server *server, const struct may_reporter *reporter,
                      const struct lock_request *request)
{
    if (!may_say_it_ended(server, reporter, request))
        return false;
    return reporter->is_trusted || is_proven(&request->asker) || reporter->is_of_host ||
           may_be_beside(&reporter->asker, &request->asker);
}

struct store_view may_view(const struct conn *conn)
{
    struct store_view view = {.is_limited = conn->server->is_private && !conn->is_admin};

    if (view.is_limited && is_proven(&conn->asker)) {
        view.is_known = true;
        view.uid = conn->asker.uid;
    }
    return view;
}

bool may_look_after(const struct conn *conn, const struct lock_request *request)
{
    const struct store_view view = may_view(conn);

    return history_text_shows(&view, &request->asker) ||
           (!is_proven(&request->asker) && is_beside(&conn->asker, &request->asker));
}

const char *may_describe(const struct conn *conn, char text[MAY_WHO_SIZE])
{
    static const char *const how[] = {
        [LOCK_PROVEN_BY_SOCKET] = "its socket",
        [LOCK_PROVEN_BY_MUNGE] = "munge",
    };
    const char *name = conn->user != NULL ? conn->user : "somebody unnamed";
    char ip[IP_TEXT_SIZE], from[IP_TEXT_SIZE + 4] = "";

    ip_text_format(ip, conn->asker.peer);
    if (ip[0] != '\0')
        snprintf(from, sizeof from, " of %s", ip);
    if (is_proven(&conn->asker))
        snprintf(text, MAY_WHO_SIZE, "%s%s (uid %u by %s)", name, from, (unsigned)conn->asker.uid,
                 how[conn->asker.proof]);
    else
        snprintf(text, MAY_WHO_SIZE, "%s%s", name, from);
    return text;
}

void may_begin_blame(const struct conn *conn, struct store_culprit *culprit)
{
    *culprit = (struct store_culprit){.name = conn->user != NULL ? conn->user : "-",
                                      .asker = &conn->asker};
    conn->server->culprit = culprit;
}

void may_end_blame(struct ipclocker_server *server)
{
    server->culprit = NULL;
}
