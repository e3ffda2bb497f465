/* Reads /proc/PID/cgroup.
 * Must not change what is in a control group. */
#include "control_group.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "proc_stat.h"

bool control_group_whole(const char *text, char *out, size_t size)
{
    size_t len = strlen(text);

    if (len == 0 || len >= size)
        return false;
    memcpy(out, text, len + 1);
    return true;
}

bool control_group_step(const char *text, char *out, size_t size)
{
    for (const char *line = text; *line != '\0';) {
        size_t len = strcspn(line, "\n");
        const char *job = memmem(line, len, "/job_", 5);
        const char *step =
            job == NULL ? NULL : memmem(job, (size_t)(line + len - job), "/step_", 6);

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
