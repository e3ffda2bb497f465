/* Asks getaddrinfo(3), and answers for localhost where that cannot.
 * Must not keep anything: several threads are here at a time. */
#include "name.h"

#include <stdbool.h>
#include <stddef.h>
#include <strings.h>

static bool is_localhost(const char *host)
{
    return host != NULL &&
           (strcasecmp(host, "localhost") == 0 || strcasecmp(host, "localhost.") == 0);
}

int name_look_up(const char *host, const char *service, const struct addrinfo *hints,
                 struct addrinfo **list)
{
    int error = getaddrinfo(host, service, hints, list);
    struct addrinfo loopback = *hints;

    if (error == 0 || !is_localhost(host) || (hints->ai_flags & AI_NUMERICHOST) != 0)
        return error;
    /* No name, and not to be listened at by all, is loopback, of which no service is asked. */
    loopback.ai_flags &= AI_NUMERICSERV;
    return getaddrinfo(NULL, service != NULL ? service : "0", &loopback, list) == 0 ? 0 : error;
}
