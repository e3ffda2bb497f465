/* Whether a name is one of this machine's.
 * Must not ask a name server: who owns the name says what it answers. */
#include "host_check.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "net/local_host.h"

static bool is_address(const char *host)
{
    char bare[INET6_ADDRSTRLEN + 2];
    unsigned char address[sizeof(struct in6_addr)];
    size_t len = strlen(host);

    if (inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1)
        return true;
    if (len < 3 || len > sizeof bare || host[0] != '[' || host[len - 1] != ']')
        return false;
    snprintf(bare, sizeof bare, "%.*s", (int)len - 2, host + 1);
    return inet_pton(AF_INET6, bare, address) == 1;
}

bool host_check(const char *host, const char *const *names, size_t count)
{
    if (is_address(host) || local_host_has_name(host))
        return true;
    for (size_t i = 0; i < count; i++) {
        if (strcasecmp(host, names[i]) == 0)
            return true;
    }
    return false;
}
