/* The names of uids that were proven, for lists. */
#ifndef FARMLOCK_SERVER_AUTH_LOGIN_H
#define FARMLOCK_SERVER_AUTH_LOGIN_H

#include "server.h"

/* The name of a uid, good until the next call of this file; NULL where it has none, or is not known
 * yet: then it is asked for, and known later. */
const char *auth_login_of(struct ipclocker_server *server, uint32_t uid);

/* Whether it is being asked for, as from now on if it was not before. */
bool auth_login_is_awaited(struct ipclocker_server *server, uint32_t uid);

/* It has become known; "" is no name. */
void auth_login_note(struct ipclocker_server *server, uint32_t uid, const char *login);

void auth_login_fini(struct ipclocker_server *server);

#endif
