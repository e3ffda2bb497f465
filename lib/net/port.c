/* Port numbers and service names, looked up in the services database.
 * Must not read the environment: which variable counts is its caller's business. */
#include "port.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"

static bool find_service(const char *name, const char *protocol, uint16_t *port)
{
    struct servent entry, *found = NULL;
    char buf[2048];

    if (getservbyname_r(name, protocol, &entry, buf, sizeof buf, &found) != 0 || found == NULL)
        return false;
    *port = ntohs((uint16_t)found->s_port);
    return true;
}

int port_parse(const char *text, const char *protocol, uint16_t *port)
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

/* Reads "NAME PORT/PROTOCOL"; false when the line is of something else. */
static bool parse_line(char *line, const char *service, const char *protocol, uint16_t *port)
{
    char *rest = line, *slash;
    const char *name = strtok_r(rest, " \t\n", &rest);
    char *value = name != NULL ? strtok_r(NULL, " \t\n", &rest) : NULL;
    uint64_t number;

    if (value == NULL || strcmp(name, service) != 0)
        return false;
    slash = strchr(value, '/');
    if (slash == NULL || strcmp(slash + 1, protocol) != 0)
        return false;
    *slash = '\0';
    if (number_parse(value, UINT16_MAX, &number) != 0 || number == 0)
        return false;
    *port = (uint16_t)number;
    return true;
}

/* The name service switch would take longer for this than a lockersh needs for all the rest. */
uint16_t port_default(const char *service, const char *protocol, uint16_t fallback)
{
    FILE *file = fopen("/etc/services", "re");
    char line[512];
    uint16_t port = fallback;

    if (file == NULL)
        return fallback;
    while (fgets(line, sizeof line, file) != NULL) {
        if (parse_line(line, service, protocol, &port))
            break;
    }
    fclose(file);
    return port;
}
