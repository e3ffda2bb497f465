/* Becomes an ordinary user.
 * Must not leave a way back. */
#include "privileges.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/number.h"

int privileges_find(const char *user, struct privileges *privileges)
{
    uint64_t number;
    /* The highest number stands for "no change" in setuid(2) and its like. */
    bool is_number = number_parse(user, UINT32_MAX - 1, &number) == 0;
    const struct passwd *entry = is_number ? getpwuid((uid_t)number) : getpwnam(user);

    if (entry == NULL) {
        errno = ENOENT;
        return -1;
    }
    privileges->uid = entry->pw_uid;
    privileges->gid = entry->pw_gid;
    return 0;
}

int privileges_drop(const struct privileges *privileges)
{
    int parent_signal = 0;
    pid_t parent = getppid();

    /* The kernel forgets it with the change of user. */
    prctl(PR_GET_PDEATHSIG, &parent_signal);
    if (setgroups(0, NULL) != 0 || setgid(privileges->gid) != 0 || setuid(privileges->uid) != 0)
        return -1;
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (parent_signal == 0)
        return 0;
    prctl(PR_SET_PDEATHSIG, parent_signal);
    if (getppid() == parent)
        return 0;
    errno = ESRCH;
    return -1;
}
