/* The pools of a server, as whoever reads its configuration hands them over.  Not installed: what a
 * pool is made of, lock/pools.h, is the product's own.
 */
#ifndef FARMLOCK_SERVER_POOL_SETUP_H
#define FARMLOCK_SERVER_POOL_SETUP_H

#include <stdbool.h>
#include <stddef.h>

#include "ipclocker_server.h"
#include "lock/pools.h"

/* All 0 declares no pools. */
struct pool_setup {
    const struct pools_config *config;
    void (*release)(void *context); /* the server needs it no more; may be NULL */
    void *context;
};

/* Declares the pools of a server, in place of those before: before it starts or while it serves.
 * What is held stays held, and no wait ends, see lock_table_set_pools().  Where the state's disk
 * hangs or fails just now, they count as soon as it is back.
 *
 * The setup is copied, what it points to is the server's until it calls release().  Returns 0, or
 * -1 and nothing has changed, with errno and ipclocker_server_error():
 *   EINVAL  the configuration cannot be: its file and line are in the error
 *   ENOMEM
 */
int ipclocker_server_set_pools(struct ipclocker_server *server, const struct pool_setup *setup);

#endif
