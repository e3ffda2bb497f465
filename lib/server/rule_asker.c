/* Who asks, as rules of pools go by it.
 * Must not let the loop wait for the user database, nor judge who may do what. */
#include "rule_asker.h"

#include <stdio.h>
#include <string.h>

#include "auth_login.h"
#include "conn.h"
#include "context.h"
#include "membership.h"
#include "pass.h"
#include "protocol/owner_name.h"

enum { LOGIN_WAIT_S = 5, NUMBER_SIZE = 16 };

/* What a connection says is worth what the connection is: where nothing is proven, its name. */
static const char *said_login(const struct conn *conn)
{
    const char *user = conn->user != NULL ? owner_name_user(conn->user) : NULL;

    return user != NULL ? user : conn->user;
}

/* Who has no name is counted by the number. */
static const char *proven_login(struct conn *conn, char number[NUMBER_SIZE])
{
    const char *login = auth_login_of(conn->server, conn->asker.uid);

    if (login != NULL)
        return login;
    snprintf(number, NUMBER_SIZE, "%u", (unsigned)conn->asker.uid);
    return number;
}

static const char *login_of(struct conn *conn, char number[NUMBER_SIZE])
{
    return conn->asker.proof == LOCK_CLAIMED ? said_login(conn) : proven_login(conn, number);
}

void rule_asker_fill_in(struct conn *conn, struct lock_ask *ask)
{
    static char number[NUMBER_SIZE];

    ask->project = conn->says->project;
    ask->priority = conn->says->priority;
    if (!pools_are_there(conn->server))
        return;
    ask->user = login_of(conn, number);
    ask->memberships = membership_of(conn->server, ask->user, &ask->membership_count);
}

static bool knows_asker(struct conn *conn)
{
    char number[NUMBER_SIZE];

    if (conn->asker.proof != LOCK_CLAIMED && auth_login_is_awaited(conn->server, conn->asker.uid))
        return false;
    return !membership_is_awaited(conn->server, login_of(conn, number));
}

bool rule_asker_await(struct conn *conn)
{
    if (knows_asker(conn))
        return false;
    conn->state = CONN_PROVING;
    conn->is_nameless = true;
    conn->nameless_since_s = context_monotonic_s();
    conn->server->pools.nameless++;
    return true;
}

static void end_wait(struct conn *conn)
{
    if (!conn->is_nameless)
        return;
    conn->is_nameless = false;
    conn->server->pools.nameless--;
    if (conn->state == CONN_PROVING)
        conn->state = CONN_OPEN;
}

/* What may be known by now: of a uid, or of a login. */
struct news {
    uint32_t uid;
    const char *login; /* NULL: it is of the uid */
};

static bool waits_for(struct conn *conn, const struct news *news)
{
    char number[NUMBER_SIZE];

    if (!conn->is_nameless)
        return false;
    if (news->login == NULL)
        return conn->asker.uid == news->uid;
    return strcmp(login_of(conn, number), news->login) == 0;
}

static void wake(struct ipclocker_server *server, const struct news *news)
{
    struct conn *conn;

    if (server->pools.nameless == 0)
        return;
    TAILQ_FOREACH(conn, &server->conns, all)
    {
        if (!waits_for(conn, news))
            continue;
        end_wait(conn);
        pass_resume(conn);
    }
}

void rule_asker_on_login(struct ipclocker_server *server, uint32_t uid)
{
    wake(server, &(struct news){.uid = uid});
}

void rule_asker_on_groups(struct ipclocker_server *server, const char *login)
{
    wake(server, &(struct news){.login = login});
}

void rule_asker_give_up(struct ipclocker_server *server)
{
    static const struct refusal too_late = {
        ERROR_CODE_PROOF_LATER, "your login and groups cannot be looked up now; try again later"};
    time_t now_s = context_monotonic_s();
    struct conn *conn;

    if (server->pools.nameless == 0)
        return;
    TAILQ_FOREACH(conn, &server->conns, all)
    {
        if (!conn->is_nameless || now_s - conn->nameless_since_s < LOGIN_WAIT_S)
            continue;
        end_wait(conn);
        conn_refuse(conn, &too_late);
    }
}

void rule_asker_forget(struct conn *conn)
{
    end_wait(conn);
}
