/* Credentials for those who cannot wait long for a munged that hangs. */
#ifndef FARMLOCK_AUTH_MUNGE_SOON_H
#define FARMLOCK_AUTH_MUNGE_SOON_H

#include "munge.h"

/* As munge_make(), but NULL at the latest after `limit_ms`: a thread is left behind then, until
 * munged answers or libmunge gives up. */
char *munge_make_soon(const char *socket, uid_t reader, const struct seal_nonce *nonce,
                      const struct siphash_key *key, int limit_ms, char why[MUNGE_WHY_SIZE]);

#endif
