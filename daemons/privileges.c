/* Becomes an ordinary user.
 * Must not leave a way back. */
#include "privileges.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/number.h"
#include "process/user_namespace.h"

enum { GROUPS_MAX = 1024, NOBODY = 65534, LINE_SIZE = 4096 };

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
    *privileges = (struct privileges){.user = user, .uid = entry->pw_uid, .gid = entry->pw_gid};
    return 0;
}

void privileges_choose(const struct privileges *asked, const char *usual, struct privileges *chosen)
{
    *chosen = (struct privileges){.user = NULL};
    if (geteuid() != 0)
        return;
    if (asked->user != NULL) {
        if (asked->uid != 0)
            *chosen = *asked;
        return;
    }
    if (privileges_find(usual, chosen) != 0 && privileges_find("nobody", chosen) != 0)
        *chosen = (struct privileges){.user = "nobody", .uid = NOBODY, .gid = NOBODY};
    /* In a container there may be no other than its root. */
    if (!user_namespace_has(chosen->uid))
        chosen->user = NULL;
}

/* The group that /proc hides no process from; 0: there is none. */
static gid_t find_proc_group(void)
{
    FILE *file = fopen("/proc/self/mountinfo", "re");
    char line[LINE_SIZE];
    gid_t group = 0;

    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        const char *type = strstr(line, " - proc ");
        const char *option = type != NULL ? strstr(type, ",gid=") : NULL;

        /* The last that is mounted there is seen. */
        if (type != NULL && strstr(line, " /proc ") != NULL && strstr(line, " /proc ") < type)
            group = option != NULL ? (gid_t)strtoul(option + 5, NULL, 10) : 0;
    }
    if (file != NULL)
        fclose(file);
    return group;
}

/* Those of the user, and the one of /proc. */
static int set_groups(const struct privileges *privileges)
{
    const struct passwd *entry = getpwuid(privileges->uid);
    gid_t groups[GROUPS_MAX + 1], proc_group = find_proc_group();
    int count = GROUPS_MAX;

    if (entry == NULL || getgrouplist(entry->pw_name, privileges->gid, groups, &count) < 0) {
        groups[0] = privileges->gid;
        count = 1;
    }
    if (proc_group != 0)
        groups[count++] = proc_group;
    return setgroups((size_t)count, groups);
}

/* Not even a file with capabilities gives any back.  Who may not take them away has few. */
static void empty_bounding_set(void)
{
    for (unsigned long capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0;
         capability++)
        prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
}

int privileges_drop(const struct privileges *privileges)
{
    int parent_signal = 0;
    pid_t parent = getppid();

    if (privileges->user == NULL)
        return 0;
    /* The kernel forgets it with the change of user. */
    prctl(PR_GET_PDEATHSIG, &parent_signal);
    empty_bounding_set();
    if (set_groups(privileges) != 0 ||
        setresgid(privileges->gid, privileges->gid, privileges->gid) != 0 ||
        setresuid(privileges->uid, privileges->uid, privileges->uid) != 0)
        return -1;
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (parent_signal == 0)
        return 0;
    prctl(PR_SET_PDEATHSIG, parent_signal);
    if (getppid() == parent)
        return 0;
    errno = ESRCH;
    return -1;
}
