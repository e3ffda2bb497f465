/* Ranges of addresses that are served.
 * Must not spend on a stranger more than a line of the log a minute. */
#include "allow.h"

#include <netdb.h>
#include <syslog.h>

#include "context.h"
#include "net/address.h"

enum { LOG_EVERY_S = 60 };

int ipclocker_server_set_allow(struct ipclocker_server *server, const char *const *ranges,
                               size_t count)
{
    struct cidr_list list = {.items = NULL};
    char error[CIDR_ERROR_SIZE];

    for (size_t i = 0; i < count; i++) {
        if (cidr_list_add(&list, ranges[i], error) != 0) {
            cidr_list_fini(&list);
            return context_fail(server, "%s", error);
        }
    }
    cidr_list_fini(&server->allow.list);
    server->allow.list = list;
    return 0;
}

static void log_stranger(struct ipclocker_server *server, const struct sockaddr *address)
{
    time_t now_s = context_monotonic_s();
    char host[NI_MAXHOST] = "";

    server->allow.refused++;
    if (server->allow.logged_s != 0 && now_s - server->allow.logged_s < LOG_EVERY_S)
        return;
    server->allow.logged_s = now_s;
    getnameinfo(address,
                address->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                               : sizeof(struct sockaddr_in),
                host, sizeof host, NULL, 0, NI_NUMERICHOST);
    context_log(server, LOG_WARNING,
                "refused a connection from %s, which is not allowed (%llu so far)", host,
                (unsigned long long)server->allow.refused);
}

const struct refusal *allow_look_up(struct ipclocker_server *server, const struct sockaddr *address)
{
    static const struct refusal stranger = {
        ERROR_CODE_DENIED, "this server does not serve your address; its --allow has to have it"};

    if (cidr_list_admits(&server->allow.list, address))
        return NULL;
    log_stranger(server, address);
    return &stranger;
}

void allow_warn_of_strangers(const struct ipclocker_server *server)
{
    const struct listener *listener;

    if (server->auth != IPCLOCKER_AUTH_NONE)
        return;
    LIST_FOREACH(listener, &server->listeners, all)
    {
        union {
            struct sockaddr any;
            struct sockaddr_storage storage;
        } address;
        socklen_t len = sizeof address;

        if (getsockname(listener->fd, &address.any, &len) != 0 || cidr_is_loopback(&address.any))
            continue;
        context_log(
            server, LOG_WARNING,
            "other machines can reach port %u, and nobody has to prove who he is: %s",
            (unsigned)address_bound_port(listener->fd),
            server->allow.list.count > 0
                ? "whoever is allowed to can break any lock"
                : "say with --allow who may, or with --auth that one has to, or whoever can "
                  "reach it can break any lock");
        return;
    }
}
