/* Connections that arrive: those for whom there is a place are served.
 * Must not look at what a client says, but to know how to turn it away. */
#include "arrival.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <syslog.h>
#include <unistd.h>

#include "account.h"
#include "allow.h"
#include "conn.h"
#include "context.h"
#include "limit.h"

enum { CONNECTION_COST_US = 30 };

static void turn_away(struct ipclocker_server *server, int fd, const struct refusal *why)
{
    static const char newer[] = "proto 2";
    struct buffer text = {0};
    /* Closing with unread input makes the kernel send a reset, which may overtake the line. */
    ssize_t got = recv(fd, server->scratch, READ_CHUNK, 0);
    bool is_newer =
        got >= (ssize_t)sizeof newer && memcmp(server->scratch, newer, sizeof newer - 1) == 0;

    server->counts.turned_away++;
    /* One that had no turn to say which protocol it has expects no other first word here. */
    refusal_add(&text, why, is_newer ? 2 : 1, server->counts.refused);
    if ((got < 0 && errno != EAGAIN) ||
        send(fd, text.data, text.len, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
        context_log(server, LOG_DEBUG, "a client left before it was turned away");
    buffer_fini(&text);
    close(fd);
}

static struct account *account_of_peer(struct ipclocker_server *server,
                                       const struct auth_peer *peer)
{
    return account_open(&server->accounts, peer->is_proven ? account_key_of_user(peer->uid)
                                                           : account_key_of_ip(peer->ip));
}

static const struct refusal *check_place(struct ipclocker_server *server, struct account *account)
{
    const struct account_places places = {
        .taken = server->conn_count,
        .total = server->limits[IPCLOCKER_LIMIT_CONNECTIONS],
        .most = server->limits[IPCLOCKER_LIMIT_CLIENT_CONNECTIONS],
    };

    switch (account_arrive(&server->accounts, account, &places)) {
    case ACCOUNT_TOO_FAST:
        return limit_refuse(server, IPCLOCKER_LIMIT_CLIENT_ARRIVALS, account);
    case ACCOUNT_TOO_MANY:
        return limit_refuse(server, IPCLOCKER_LIMIT_CLIENT_CONNECTIONS, account);
    case ACCOUNT_NO_PLACE:
        return limit_refuse(server, IPCLOCKER_LIMIT_CONNECTIONS, account);
    case ACCOUNT_WELCOME:
        break;
    }
    return NULL;
}

void arrival_take(struct ipclocker_server *server, int fd, const struct sockaddr *address)
{
    const struct refusal *refusal = allow_check(server, address);
    struct account *account;
    struct auth_peer peer;

    if (refusal != NULL) {
        turn_away(server, fd, refusal);
        return;
    }
    auth_peer_init(&peer, fd, address, &server->uids);
    account = account_of_peer(server, &peer);
    if (account == NULL) {
        close(fd);
        return;
    }
    server->counts.accepted++;
    account_charge(account, CONNECTION_COST_US);
    refusal = check_place(server, account);
    if (refusal != NULL)
        turn_away(server, fd, refusal);
    else
        conn_create(server, fd, &peer, account);
}
