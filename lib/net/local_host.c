/* Compares with gethostname(2) and getifaddrs(3).
 * Must not ask a name service. */
#include "local_host.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* Empty where it cannot be told. */
static void get_own_name(char *name, size_t size)
{
    if (gethostname(name, size) != 0)
        name[0] = '\0';
    name[size - 1] = '\0';
}

bool local_host_has_name(const char *host)
{
    char own[256];
    size_t len = strlen(host);

    if (strcasecmp(host, "localhost") == 0)
        return true;
    get_own_name(own, sizeof own);
    if (len == 0 || strncasecmp(own, host, len) != 0)
        return false;
    return own[len] == '\0' || (own[len] == '.' && strchr(host, '.') == NULL);
}

bool local_host_has_label(const char *host)
{
    char own[256];
    size_t len = strcspn(host, ".");

    get_own_name(own, sizeof own);
    return len > 0 && len == strcspn(own, ".") && strncasecmp(own, host, len) == 0;
}

static bool same_address(const struct sockaddr *a, const struct sockaddr *b)
{
    if (a->sa_family != b->sa_family)
        return false;
    if (a->sa_family == AF_INET)
        return ((const struct sockaddr_in *)a)->sin_addr.s_addr ==
               ((const struct sockaddr_in *)b)->sin_addr.s_addr;
    return a->sa_family == AF_INET6 &&
           IN6_ARE_ADDR_EQUAL(&((const struct sockaddr_in6 *)a)->sin6_addr,
                              &((const struct sockaddr_in6 *)b)->sin6_addr);
}

bool local_host_has_address(const struct sockaddr *address)
{
    struct ifaddrs *list;
    bool found = false;

    if (getifaddrs(&list) != 0)
        return false;
    for (const struct ifaddrs *one = list; one != NULL && !found; one = one->ifa_next)
        found = one->ifa_addr != NULL && same_address(one->ifa_addr, address);
    freeifaddrs(list);
    return found;
}
