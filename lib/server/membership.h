/* The groups of logins, for rules of pools, remembered.  Those of the system are asked for by a
 * thread. */
#ifndef FARMLOCK_SERVER_MEMBERSHIP_H
#define FARMLOCK_SERVER_MEMBERSHIP_H

#include "auth_worker.h"
#include "server.h"

/* Goes by the groups of a configuration from now on, which stays as it is until the next.  What is
 * known of the system's groups counts until it is known anew, where they are the same ones. Returns
 * -1, and nothing has changed, when there is no memory. */
int membership_use(struct ipclocker_server *server, const struct pools_config *config);

/* The groups of a login as lock_ask.memberships has them, good until the next call; NULL is nobody.
 * Those that are not known yet are not among them; before the server serves they are waited for. */
const char *const *membership_of(struct ipclocker_server *server, const char *login, size_t *count);

/* Whether nothing is known yet of the login and the system's groups; they are asked for then. */
bool membership_is_awaited(struct ipclocker_server *server, const char *login);

/* Whether something has become known since this was last asked. */
bool membership_has_news(struct ipclocker_server *server);

/* A thread has asked. */
void membership_note(struct ipclocker_server *server, struct auth_job *job);

void membership_fini(struct ipclocker_server *server);

#endif
