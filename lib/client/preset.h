/* What stands for servers and proofs where a caller has set none: what the environment says, then
 * clients' files, then what is built in. */
#ifndef FARMLOCK_CLIENT_PRESET_H
#define FARMLOCK_CLIENT_PRESET_H

#include "client.h"

/* Reads clients' files, if the handle has not yet, and fills in hosts and port where none are set.
 * Returns 0; or -1 with error text that names the variable or the file, and errno: EINVAL: it is
 * wrong; ENOMEM, EMFILE, ENFILE: files cannot be read now.
 */
int client_preset_servers(struct ipclocker *lock);

/* Whether to prove who we are. */
enum client_auth { CLIENT_AUTH_AUTO, CLIENT_AUTH_NONE, CLIENT_AUTH_MUNGE };

/* For a handle whose servers are known.  Where munged listens: NULL: at the usual place. */
enum client_auth client_preset_auth(const struct ipclocker *lock);
const char *client_preset_munge_socket(const struct ipclocker *lock);

#endif
