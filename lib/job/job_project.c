/* The project of a job, from its environment variables.
 * Must not ask the scheduler: this runs at the start of each lockersh. */
#include "job_project.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { WORD_MOST = 255 };

static const struct {
    const char *job, *project; /* variables: the second says nothing without the first */
    const char *none;          /* what stands for no project; or NULL */
} schedulers[] = {
    {"SLURM_JOB_ID", "SLURM_JOB_ACCOUNT", NULL},
    {"LSB_JOBID", "LSB_PROJECT_NAME", NULL},
    {"PBS_JOBID", "PBS_ACCOUNT", NULL},
    {"JOB_ID", "SGE_ACCOUNT", "sge"},
};

static bool is_word(const char *text)
{
    size_t len = strlen(text);

    if (len == 0 || len > WORD_MOST)
        return false;
    for (const char *c = text; *c != '\0'; c++) {
        if ((unsigned char)*c <= ' ' || *c == 0x7f)
            return false;
    }
    return true;
}

const char *job_project_from_environment(void)
{
    for (size_t i = 0; i < sizeof schedulers / sizeof *schedulers; i++) {
        const char *project =
            getenv(schedulers[i].job) != NULL ? getenv(schedulers[i].project) : NULL;

        if (project != NULL && is_word(project) &&
            (schedulers[i].none == NULL || strcmp(project, schedulers[i].none) != 0))
            return project;
    }
    return NULL;
}
