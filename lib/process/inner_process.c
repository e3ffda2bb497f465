/* Finds out which process outside is one of a container.
 * Must not take what is hidden for what has ended.
 */
#include "inner_process.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "proc_stat.h"
#include "process.h"

enum inner_match inner_process_match_pid(const struct inner_process *inner, pid_t outside)
{
    struct proc_pids pids;
    struct stat st;
    char path[40];

    if (proc_pids_read(outside, &pids) != 0)
        return INNER_UNSEEN;
    if (pids.depth < 2 || pids.innermost != inner->pid)
        return INNER_DIFFERS;
    snprintf(path, sizeof path, "/proc/%d/ns/pid", (int)outside);
    if (stat(path, &st) != 0)
        return INNER_LIKELY;
    return (uint64_t)st.st_ino == inner->pid_namespace ? INNER_SAME : INNER_DIFFERS;
}

enum inner_match inner_process_match(const struct inner_process *inner, pid_t outside)
{
    struct proc_stat stat = proc_stat_read(outside);

    if (stat.state == 0)
        return INNER_UNSEEN;
    if (stat.start != inner->start || proc_stat_is_dead(&stat))
        return INNER_DIFFERS;
    return inner_process_match_pid(inner, outside);
}

bool inner_process_is_here(uint64_t pid_namespace, const char *boot, uint64_t ours)
{
    return process_namespace_is_container(pid_namespace) && pid_namespace != ours && boot != NULL &&
           strcmp(boot, process_boot_id()) == 0;
}

bool inner_process_sees_all(void)
{
    uint64_t pid_namespace = process_pid_namespace();

    /* Whoever sees the first process sees all: nothing is hidden better, as it has all
     * capabilities. */
    return pid_namespace != 0 && !process_namespace_is_container(pid_namespace) &&
           proc_stat_read(1).state != 0;
}
