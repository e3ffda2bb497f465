/* Control groups of processes, as text (cgroups(7)). */
#ifndef FARMLOCK_PROCESS_CONTROL_GROUP_H
#define FARMLOCK_PROCESS_CONTROL_GROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { CONTROL_GROUP_SIZE = 1024 };

/* Takes from the text of /proc/PID/cgroup what names the group that is meant.  False where there is
 * none, or none that fits. */
typedef bool control_group_fn(const char *text, char *out, size_t size);

/* All of it. */
bool control_group_whole(const char *text, char *out, size_t size);

/* The part of a line that names a job step of Slurm's, such as
 * "0::/system.slice/slurmstepd.scope/job_7/step_0", or .../s0G5M8GX2D1G00/step_0 of 26.05. */
bool control_group_step(const char *text, char *out, size_t size);

/* What `take` takes of a process's groups; false also where they cannot be read. */
bool control_group_read(pid_t pid, control_group_fn *take, char *out, size_t size);

/* Whether the calling process is the only one in its control groups, so that all that is in them
 * later comes from it; then they are written to `out`.  Walks through /proc. */
bool control_group_is_own(char out[CONTROL_GROUP_SIZE]);

#endif
