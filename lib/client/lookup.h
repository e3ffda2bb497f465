/* From the name of a host to its addresses, in the background. */
#ifndef FARMLOCK_CLIENT_LOOKUP_H
#define FARMLOCK_CLIENT_LOOKUP_H

#include "client.h"

enum client_lookup_state { LOOKUP_FAILED, LOOKUP_WAITS, LOOKUP_FOUND };

/* Looks for the addresses of a host of the handle's list: digits, localhost and sockets at once,
 * any other name in a thread; it blocks only where no thread can be had.
 * LOOKUP_FOUND: they are in the round.
 * LOOKUP_WAITS: go on with client_lookup_step() when client_lookup_fd() is readable.
 * LOOKUP_FAILED: *failure has why; its reason stays until the next call.
 */
enum client_lookup_state client_lookup_begin(struct ipclocker *lock, struct client_host *host,
                                             struct client_failure *failure);

/* Takes what has come meanwhile.  What comes later than its host's turn is kept for the next one.
 */
enum client_lookup_state client_lookup_step(struct ipclocker *lock, const struct client_host *host,
                                            struct client_failure *failure);

/* -1 where nothing is being looked up. */
int client_lookup_fd(const struct ipclocker *lock);

/* Drops what is being looked up; at most 50 ms later. */
void client_lookup_end(struct ipclocker *lock);

#endif
