/* Finds what is left of a command.
 * Must not take the processes of who has started us for the command's.
 */
#include "family.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/error_text.h"
#include "cli/message.h"
#include "process/control_group.h"
#include "process/proc_stat.h"

enum { LOOKS = 2 };

static bool has_terminal(void)
{
    int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);

    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

int family_choose(struct family *family)
{
    char groups[CONTROL_GROUP_SIZE];

    *family = (struct family){.group = 0};
    if (own_group_folder(family->above)) {
        if (own_group_can_make(family->above))
            return 0;
        if (control_group_is_own(groups)) {
            snprintf(family->folder, sizeof family->folder, "%s", family->above);
            family->above[0] = '\0';
            return 0;
        }
    }
    family->above[0] = '\0';
    /* On a terminal a group of our own would be in the background. */
    if (getpgrp() == getpid() || !has_terminal())
        return 0;
    cli_error("lockersh", 0,
              "--descendants: no control group can be made here, and the process group is that of "
              "who has started lockersh; start it by setsid, or from a shell with job control");
    return -1;
}

int family_found(struct family *family)
{
    if (family->above[0] != '\0') {
        family->is_made = own_group_enter(family->above, family->folder) == 0;
        return family->is_made ? 0 : -1;
    }
    if (family->folder[0] != '\0')
        return 0;
    if (getpgrp() != getpid() && setpgid(0, 0) != 0)
        return -1;
    family->group = getpgrp();
    return 0;
}

int family_of_process(struct family *family, pid_t pid)
{
    *family = (struct family){.group = getpgid(pid)};
    return family->group > 0 ? 0 : -1;
}

void family_leave(const struct family *family)
{
    if (family->is_made)
        (void)own_group_leave(family->folder);
}

void family_forget(const struct family *family)
{
    if (family->is_made)
        own_group_remove(family->folder);
}

struct search {
    pid_t group, found;
};

static bool look(void *context, const struct proc_stat *stat)
{
    struct search *search = context;

    if (stat->group == search->group && stat->pid != getpid())
        search->found = stat->pid;
    return search->found == 0;
}

static pid_t find_in_process_group(pid_t group)
{
    struct search search = {.group = group};

    if (kill(-group, 0) != 0 && errno == ESRCH)
        return 0;
    proc_stat_walk(look, &search);
    return search.found;
}

/* A process that starts another one and ends may be missed with both, but not twice. */
bool family_next(const struct family *family, struct process_ref *next)
{
    for (int i = 0; i < LOOKS; i++) {
        pid_t pid = family->folder[0] != '\0' ? own_group_member(family->folder, getpid())
                                              : find_in_process_group(family->group);

        if (pid != 0 && process_ref_open(next, pid, 0) == 0)
            return true;
        if (pid != 0)
            i = -1; /* it has just ended */
    }
    return false;
}
