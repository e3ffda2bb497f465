/* Giving up root's rights. */
#ifndef FARMLOCK_PRIVILEGES_H
#define FARMLOCK_PRIVILEGES_H

#include <sys/types.h>

/* Whom to become. */
struct privileges {
    uid_t uid;
    gid_t gid;
};

/* Finds a user by name or number.  Returns 0, or -1 with errno ENOENT. */
int privileges_find(const char *user, struct privileges *privileges);

/* Becomes that user for good: groups, user, and no new rights by exec.  A signal that was asked
 * for at the parent's end (PR_SET_PDEATHSIG) stays asked for.  Returns 0, or -1 with errno.
 */
int privileges_drop(const struct privileges *privileges);

#endif
