/* Whether and how to prove who asks, where a caller has not said it: what the environment says,
 * then clients' files, then what is built in. */
#ifndef FARMLOCK_CLIENT_PRESET_PROOF_H
#define FARMLOCK_CLIENT_PRESET_PROOF_H

#include "client.h"

/* Whether to prove who we are. */
enum client_auth { CLIENT_AUTH_AUTO, CLIENT_AUTH_NONE, CLIENT_AUTH_MUNGE };

/* The word of a variable or file.  Returns 0; -1: it is none, and *auth as it was. */
int client_preset_auth_parse(const char *word, enum client_auth *auth);

/* For a handle whose servers are known.  Where munged listens: NULL: at the usual place. */
enum client_auth client_preset_auth(const struct ipclocker *lock);
const char *client_preset_munge_socket(const struct ipclocker *lock);

#endif
