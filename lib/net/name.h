/* Host names to addresses, as getaddrinfo(3) has them, with localhost known in any case. */
#ifndef FARMLOCK_NET_NAME_H
#define FARMLOCK_NET_NAME_H

#include <netdb.h>

/* getaddrinfo(3), with its arguments, its answers and its waits, but for one name: where the name
 * service does not know localhost, as on a machine without an /etc/hosts, the answer is the
 * loopback addresses (RFC 6761, section 6.3).  What this machine's files say of it comes first.
 *
 * `hints` is never NULL.  Returns 0 and writes *list, which freeaddrinfo(3) takes back; else EAI_*.
 */
int name_look_up(const char *host, const char *service, const struct addrinfo *hints,
                 struct addrinfo **list);

#endif
