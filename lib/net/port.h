/* Port numbers and service names. */
#ifndef FARMLOCK_NET_PORT_H
#define FARMLOCK_NET_PORT_H

#include <stdint.h>

enum { PORT_LOCKERD = 1751, PORT_PIDSTATD = 1752 };

/* Finds the port that `text` names: 1 to 65535 in digits, or a name that getservbyname(3) knows
 * for `protocol` ("tcp" or "udp").  Returns 0 and writes *port; -1 with errno EINVAL when it is
 * neither.
 */
int port_parse(const char *text, const char *protocol, uint16_t *port);

/* The port to use where the user named none: that of `service` in /etc/services for `protocol`,
 * else `fallback`.
 */
uint16_t port_default(const char *service, const char *protocol, uint16_t fallback);

#endif
