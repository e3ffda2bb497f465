/* Tells a host from a host with its port.
 * Must not look a name up. */
#include "host_option.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "message.h"

/* An address of IPv6, with or without brackets and zone. */
static bool is_ipv6(const char *host)
{
    char text[INET6_ADDRSTRLEN];
    struct in6_addr address;
    size_t len = strlen(host);

    if (len > 2 && host[0] == '[' && host[len - 1] == ']') {
        host++;
        len -= 2;
    }
    if (strcspn(host, "%") < len)
        len = strcspn(host, "%");
    if (len >= sizeof text)
        return false;
    memcpy(text, host, len);
    text[len] = '\0';
    return inet_pton(AF_INET6, text, &address) == 1;
}

int host_option_check(const char *program, const char *option, const char *host)
{
    char shown[MESSAGE_EXCERPT_SIZE];
    size_t len = strcspn(host, "=");
    const char *colon = strrchr(host, ':');

    message_excerpt(shown, host, strlen(host));
    if (*host == '\0')
        return cli_error(program, EX_USAGE, "--%s needs the name or address of a host", option);
    if (strspn(host, "0123456789") == strlen(host))
        return cli_error(program, EX_USAGE, "--%s \"%s\" is no host; a port goes behind --port",
                         option, shown);
    if (is_ipv6(host))
        return 0;
    if (host[len] == '\0' && colon == NULL)
        return 0;
    if (host[len] == '\0')
        len = (size_t)(colon - host);
    return cli_error(program, EX_USAGE,
                     "--%s \"%s\" is no host; a port goes behind --port: --%s %.*s --port %s",
                     option, shown, option, (int)len, host, host + len + 1);
}
