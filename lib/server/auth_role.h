/* Who may do more than others: administrators, and those that reap the locks of ended jobs. */
#ifndef FARMLOCK_SERVER_AUTH_ROLE_H
#define FARMLOCK_SERVER_AUTH_ROLE_H

#include "server.h"

struct auth_roles;

/* An empty set; NULL when there is no memory.  Threads may share one that is not added to any more:
 * the last one to release it frees it. */
struct auth_roles *auth_roles_create(void);
const struct auth_roles *auth_roles_share(struct auth_roles *roles);
void auth_roles_release(const struct auth_roles *roles);

/* Adds a user, by name or number, or with "@" before it a group.  Asks the user database.  Returns
 * -1 with errno: ENOENT: there is none; ENOMEM. */
int auth_roles_add(struct auth_roles *roles, enum ipclocker_role role, const char *who);

/* What a user is that has connected to a UNIX socket.  Does not block. */
void auth_roles_judge_socket(const struct auth_roles *roles, const struct auth_peer *peer, int fd,
                             bool *is_admin, bool *is_reaper);

/* What a user is that a credential from `ip` has proven.  Asks the user database, and may block;
 * may be called by any thread. */
void auth_roles_judge_munge(const struct auth_roles *roles, uid_t uid, gid_t gid, const char *login,
                            const unsigned char ip[IP_BYTES], bool *is_admin, bool *is_reaper);

/* All groups of a login whose own is `gid`, for free(3); NULL when there is no memory.  As the one
 * above. */
gid_t *auth_role_groups_of(const char *login, gid_t gid, size_t *count);

#endif
