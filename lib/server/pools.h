/* The pools that a server has been told of, see pool_setup.h. */
#ifndef FARMLOCK_SERVER_POOLS_H
#define FARMLOCK_SERVER_POOLS_H

#include "server.h"

/* Declares the pools in a table that is about to be filled.  Returns -1 with errno ENOMEM. */
int pools_declare(struct ipclocker_server *server, struct lock_table *table);

/* That table has taken the place of the one before, which is no more. */
void pools_declared(struct ipclocker_server *server);

/* To be called when server->base is there, and before that ends. */
void pools_start(struct ipclocker_server *server);
void pools_stop(struct ipclocker_server *server);

/* Has those count that could not when they were set, or works at it for a few milliseconds and goes
 * on by itself.  To be called when the server starts, and about once a second. */
void pools_take_up(struct ipclocker_server *server);

/* Whether any are declared: where none are, nothing needs to be known of them. */
static inline bool pools_are_there(const struct ipclocker_server *server)
{
    return server->pools.in_force != NULL;
}

/* Whether names that are not declared are refused. */
static inline bool pools_refuse_unknown(const struct ipclocker_server *server)
{
    return pools_are_there(server) && server->pools.in_force->config->refuse_unknown;
}

/* Whether a login, or NULL, is an administrator of a pool. */
bool pools_administers(struct ipclocker_server *server, const char *pool, const char *login);

/* Lets go of a configuration that was to come, and of what the table has prepared for it, which
 * must be there still. */
void pools_forget_next(struct ipclocker_server *server);

void pools_fini(struct ipclocker_server *server);

#endif
