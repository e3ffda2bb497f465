/* The list of servers and its text form. */
#ifndef FARMLOCK_CLIENT_HOSTS_H
#define FARMLOCK_CLIENT_HOSTS_H

#include "client.h"

/* Frees a list with its names.  NULL is allowed. */
void client_hosts_free(struct client_host *hosts, size_t count);

/* The host that is tried or talked to. */
const struct client_host *client_hosts_current(const struct ipclocker *lock);

/* Writes "farm1:1751" or a socket's path, harmless for a terminal. */
void client_hosts_describe(const struct ipclocker *lock, const struct client_host *host, char *out,
                           size_t out_size);

#endif
