/* Reads /proc/PID/cgroup.
 * Must not change what is in a control group. */
#include "control_group.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "proc_file.h"
#include "proc_stat.h"

bool control_group_whole(const char *text, char *out, size_t size)
{
    size_t len = strlen(text);

    if (len == 0 || len >= size)
        return false;
    memcpy(out, text, len + 1);
    return true;
}

/* A job's folder: "job_7", or in version 2 from Slurm 26.05 on its SLUID, an s and 13 digits. */
static bool is_of_job(const char *name, size_t len)
{
    if (len > 4 && strncmp(name, "job_", 4) == 0)
        return true;
    return len == 14 && name[0] == 's' &&
           strspn(name + 1, "0123456789ABCDEFGHJKMNPQRSTVWXYZ") == 13;
}

/* Where the part that names a job step begins in a line, or NULL. */
static const char *find_step(const char *line, size_t len)
{
    const char *step = memmem(line, len, "/step_", 6);
    const char *job = step == NULL ? NULL : memrchr(line, '/', (size_t)(step - line));

    return job != NULL && is_of_job(job + 1, (size_t)(step - job) - 1) ? step : NULL;
}

bool control_group_step(const char *text, char *out, size_t size)
{
    for (const char *line = text; *line != '\0';) {
        size_t len = strcspn(line, "\n");
        const char *step = find_step(line, len);

        if (step != NULL) {
            size_t step_len = (size_t)(step - line) + 6;

            while (step_len < len && line[step_len] != '/')
                step_len++;
            if (step_len >= size)
                return false;
            memcpy(out, line, step_len);
            out[step_len] = '\0';
            return true;
        }
        line += len + (line[len] == '\n');
    }
    return false;
}

bool control_group_read(pid_t pid, control_group_fn *take, char *out, size_t size)
{
    char path[40], text[8192];

    snprintf(path, sizeof path, "/proc/%d/cgroup", (int)pid);
    return proc_file_read(path, text, sizeof text) > 0 && take(text, out, size);
}

struct search {
    const char *groups;
    bool has_other;
};

static bool look(void *context, const struct proc_stat *stat)
{
    struct search *search = context;
    char groups[CONTROL_GROUP_SIZE];

    search->has_other = stat->pid != getpid() &&
                        control_group_read(stat->pid, control_group_whole, groups, sizeof groups) &&
                        strcmp(groups, search->groups) == 0;
    return !search->has_other;
}

bool control_group_is_own(char out[CONTROL_GROUP_SIZE])
{
    char groups[CONTROL_GROUP_SIZE];
    struct search search = {.groups = groups};

    if (!control_group_read(getpid(), control_group_whole, groups, sizeof groups) ||
        proc_stat_walk(look, &search) != 0 || search.has_other)
        return false;
    memcpy(out, groups, sizeof groups);
    return true;
}
