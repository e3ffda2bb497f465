/* MUNGE, munge(7): who made a credential, by the word of this machine's munged.
 *
 * libmunge is opened when it is first needed: no program depends on it, nor on its headers.  Its
 * calls block, for ten seconds where munged hangs; a thread may be in each of them.
 */
#ifndef FARMLOCK_AUTH_MUNGE_H
#define FARMLOCK_AUTH_MUNGE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "seal.h"

/* Whether there is a libmunge; opens it. */
bool munge_is_there(void);

/* The socket of munged: `path`, or the usual one for NULL. */
const char *munge_socket(const char *path);

enum munge_verdict {
    MUNGE_GOOD,
    MUNGE_BAD,    /* not for us, not ours, used before, or none at all */
    MUNGE_CLOCK,  /* too old, or from the future */
    MUNGE_NOBODY, /* munged does not answer, or there is no libmunge: nothing is known of it */
};

enum { MUNGE_WHY_SIZE = 128 };

/* Makes a credential for the user `reader` alone.  Returns its text for the caller to free(3), or
 * NULL with a line in `why`. */
char *munge_make(const char *socket, uid_t reader, const struct seal_nonce *nonce,
                 const struct siphash_key *key, char why[MUNGE_WHY_SIZE]);

/* What a credential has proven. */
struct munge_proof {
    uid_t uid;
    gid_t gid;
    struct siphash_key key; /* which it has brought */
};

/* Judges a credential: it must be readable by the user `reader` alone, be encrypted, and have the
 * payload of credential.h for the nonce.  Anything but MUNGE_GOOD leaves *proof alone, and has a
 * line in `why`.
 */
enum munge_verdict munge_judge(const char *socket, const char *text, uid_t reader,
                               const struct seal_nonce *nonce, struct munge_proof *proof,
                               char why[MUNGE_WHY_SIZE]);

/* Asks munged who this process is to it, by a credential to itself.  Returns as munge_judge(). */
enum munge_verdict munge_find_self(const char *socket, uid_t *uid, char why[MUNGE_WHY_SIZE]);

#endif
