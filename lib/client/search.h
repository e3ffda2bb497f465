/* From server to server until one answers. */
#ifndef FARMLOCK_CLIENT_SEARCH_H
#define FARMLOCK_CLIENT_SEARCH_H

#include "client.h"

/* What a step of the engine came to, besides 1 (done), 0 (wait) and -1 (failed): that there is
 * another to be made at once; or, of the search, that the handle has a connection.
 */
enum { STEP_AGAIN = 2, STEP_CONNECTED };

/* Goes on in PHASE_RESOLVING and PHASE_CONNECTING. */
int client_search_step(struct ipclocker *lock);

/* Each of these leaves the handle in a phase that goes on, and returns STEP_AGAIN, or ends the
 * search: -1 with errno and error text.
 */

/* Begins a round over all servers. */
int client_search_begin(struct ipclocker *lock);

/* Goes on to the next address of the round; behind the last one to a pause, or back to a server
 * that is silent.
 */
int client_search_next(struct ipclocker *lock);

/* The address cannot be connected to (errno), or not in time (ETIMEDOUT). */
int client_search_unreached(struct ipclocker *lock, int number);

/* The server does not serve us, and says why. */
int client_search_turned_away(struct ipclocker *lock, const char *error, enum error_code code);

/* The connection that was used is of no use any more. */
int client_search_lost(struct ipclocker *lock, int number, const char *reason);

/* The server where we wait is silent, and others may have taken its place. */
int client_search_silent(struct ipclocker *lock);

/* The server is none that what is asked can be asked of, for this reason. */
int client_search_foreign(struct ipclocker *lock, const char *reason);

/* The server would serve, and those before it are waited for first. */
int client_search_hold(struct ipclocker *lock);

/* What answers is no server, and will be none the next time. */
int client_search_stranger(struct ipclocker *lock, const char *reason);

/* The time for an answer is over.  `is_silent`: nothing came; else what did has no end. */
int client_search_unanswered(struct ipclocker *lock, bool is_silent);

/* Whether the search goes on until a server is found. */
bool client_search_is_endless(const struct ipclocker *lock);

#endif
