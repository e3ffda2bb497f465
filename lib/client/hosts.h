/* The list of servers: its text form and its defaults. */
#ifndef FARMLOCK_CLIENT_HOSTS_H
#define FARMLOCK_CLIENT_HOSTS_H

#include "client.h"

/* Frees a list with its names.  NULL is allowed. */
void client_hosts_free(struct client_host *hosts, size_t count);

/* Fills in hosts and port from the environment where none are set.  Returns 0, or -1 with EINVAL
 * and error text that names the variable.
 */
int client_hosts_default(struct ipclocker *lock);

/* Writes "farm1:1751" or a socket's path, harmless for a terminal. */
void client_hosts_describe(const struct ipclocker *lock, const struct client_host *host, char *out,
                           size_t out_size);

#endif
