/* Giving up root's rights. */
#ifndef FARMLOCK_PRIVILEGES_H
#define FARMLOCK_PRIVILEGES_H

#include <stdbool.h>
#include <sys/types.h>

/* Whom to become. */
struct privileges {
    const char *user; /* as it was named; NULL: nobody is to be become */
    uid_t uid;
    gid_t gid;
};

/* Finds a user by name or number.  `user` must stay valid.  Returns 0, or -1 with errno ENOENT. */
int privileges_find(const char *user, struct privileges *privileges);

/* Decides whom a daemon becomes that serves now: nobody where it is not root's, the user that was
 * asked for, else `usual` where there is such a user, else nobody(5), as far as this user namespace
 * has them. */
void privileges_choose(const struct privileges *asked, const char *usual,
                       struct privileges *chosen);

/* Becomes that user for good: user, groups, no capability, and no new rights by exec.  Where /proc
 * hides the processes of others but from a group (hidepid and gid in proc(5)) that group is kept,
 * and where privileges_choose() found nobody nothing is done.  A signal that was asked for at the
 * parent's end (PR_SET_PDEATHSIG) stays asked for.  Returns 0, or -1 with errno.
 */
int privileges_drop(const struct privileges *privileges);

#endif
