/* Which names and addresses are this host's own. */
#ifndef FARMLOCK_NET_LOCAL_HOST_H
#define FARMLOCK_NET_LOCAL_HOST_H

#include <stdbool.h>
#include <sys/socket.h>

/* True for "localhost" and for what gethostname(2) says, in full or without its domain.  False
 * says little: an alias or an address needs local_host_has_address().  Does not block.
 */
bool local_host_has_name(const char *host);

/* True when the first part of a name, up to a dot, is this host's too: "farm1.example.com" on a
 * host that calls itself "farm1".  Another host may have it as well.
 */
bool local_host_has_label(const char *host);

/* True when an interface of this host has the address.  Of the loopback network these are only
 * the addresses that are configured, usually 127.0.0.1 and ::1.
 */
bool local_host_has_address(const struct sockaddr *address);

#endif
