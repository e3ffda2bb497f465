/* Which salloc is above an srun, and as text.
 * Must not take a process for it that is no ancestor, nor one that has made another job. */
#include "allocator.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/number.h"
#include "process/proc_stat.h"
#include "process/process.h"

enum { ANCESTORS_MAX = 1000, PARTS = 5 };

void allocator_announce(void)
{
    char text[ALLOCATOR_SIZE];

    snprintf(text, sizeof text, "1:%d:%llu", (int)getpid(),
             (unsigned long long)process_start_time(getpid()));
    setenv(ALLOCATOR_SALLOC_VARIABLE, text, 1);
}

/* Reads "1" and then pairs of a pid and a start time. */
static int parse_processes(const char *text, struct allocator_process *processes, size_t count)
{
    char copy[ALLOCATOR_SIZE], *rest = copy, *field;
    uint64_t numbers[PARTS];
    size_t parts = 0;

    if (strlen(text) >= sizeof copy)
        return -1;
    memcpy(copy, text, strlen(text) + 1);
    for (; (field = strsep(&rest, ":")) != NULL; parts++) {
        if (parts == PARTS || number_parse(field, UINT64_MAX, &numbers[parts]) != 0)
            return -1;
    }
    if (parts != 1 + 2 * count || numbers[0] != 1)
        return -1;
    for (size_t i = 0; i < count; i++) {
        uint64_t pid = numbers[1 + 2 * i], start = numbers[2 + 2 * i];

        if (pid == 0 || pid > INT32_MAX || start == 0)
            return -1;
        processes[i] = (struct allocator_process){.pid = (pid_t)pid, .start = start};
    }
    return 0;
}

/* The process below salloc that this one is, or descends from. */
static bool find_command(struct allocator_process *command, pid_t salloc)
{
    struct proc_stat stat = proc_stat_read(getpid());

    for (int i = 0; i < ANCESTORS_MAX && stat.parent > 1; i++) {
        if (stat.parent == salloc) {
            *command = (struct allocator_process){.pid = stat.pid, .start = stat.start};
            return true;
        }
        stat = proc_stat_read(stat.parent);
    }
    return false;
}

/* salloc has started its command with the id of the job that it has made. */
static bool is_in_our_job(pid_t command)
{
    const char *job = getenv("SLURM_JOB_ID");
    char path[64], wanted[64], *entry = NULL;
    bool found = false;
    size_t size = 0;
    FILE *file;

    snprintf(path, sizeof path, "/proc/%d/environ", (int)command);
    if (job == NULL ||
        (size_t)snprintf(wanted, sizeof wanted, "SLURM_JOB_ID=%s", job) >= sizeof wanted)
        return false;
    file = fopen(path, "re");
    if (file == NULL)
        return false;
    while (!found && getdelim(&entry, &size, '\0', file) > 0)
        found = strcmp(entry, wanted) == 0;
    free(entry);
    fclose(file);
    return found;
}

bool allocator_find(struct allocator *allocator)
{
    const char *text = getenv(ALLOCATOR_SALLOC_VARIABLE);
    struct allocator found = {.command.pid = 0};

    if (text == NULL || parse_processes(text, &found.salloc, 1) != 0 ||
        !find_command(&found.command, found.salloc.pid) ||
        process_start_time(found.salloc.pid) != found.salloc.start ||
        !is_in_our_job(found.command.pid))
        return false;
    *allocator = found;
    return true;
}

void allocator_format(char out[ALLOCATOR_SIZE], const struct allocator *allocator)
{
    const struct allocator_process *salloc = &allocator->salloc, *command = &allocator->command;

    snprintf(out, ALLOCATOR_SIZE, "1:%d:%llu:%d:%llu", (int)salloc->pid,
             (unsigned long long)salloc->start, (int)command->pid,
             (unsigned long long)command->start);
}

int allocator_parse(struct allocator *allocator, const char *text)
{
    struct allocator_process both[2];

    if (parse_processes(text, both, 2) != 0) {
        errno = EINVAL;
        return -1;
    }
    *allocator = (struct allocator){.salloc = both[0], .command = both[1]};
    return 0;
}
