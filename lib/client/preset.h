/* What stands for servers where a caller has set none: what the environment says, then clients'
 * files, then what is built in. */
#ifndef FARMLOCK_CLIENT_PRESET_H
#define FARMLOCK_CLIENT_PRESET_H

#include "client.h"

/* Reads clients' files, if the handle has none yet, and fills in hosts and port where none are set.
 * Returns 0; or -1 with error text that names the variable or the file, and errno: EINVAL: it is
 * wrong; ENOMEM, EMFILE, ENFILE: files cannot be read now.
 */
int client_preset_servers(struct ipclocker *lock);

#endif
