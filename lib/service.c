/* Port numbers and service names, looked up in the services database.
 * Must not read the environment: which variable counts is its caller's business. */
#include "service.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdbool.h>
#include <stddef.h>

#include "number.h"

static bool find_service(const char *name, const char *protocol, uint16_t *port)
{
    struct servent entry, *found = NULL;
    char buf[2048];

    if (getservbyname_r(name, protocol, &entry, buf, sizeof buf, &found) != 0 || found == NULL)
        return false;
    *port = ntohs((uint16_t)found->s_port);
    return true;
}

int service_parse_port(const char *text, const char *protocol, uint16_t *port)
{
    uint64_t number;

    if (number_parse(text, UINT16_MAX, &number) == 0 && number > 0) {
        *port = (uint16_t)number;
        return 0;
    }
    if (find_service(text, protocol, port))
        return 0;
    errno = EINVAL;
    return -1;
}

uint16_t service_default_port(const char *service, const char *protocol, uint16_t fallback)
{
    uint16_t port;

    return find_service(service, protocol, &port) ? port : fallback;
}
