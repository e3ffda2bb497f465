/* Job ids of Slurm, LSF, PBS and Grid Engine from their environment variables.
 * Must not ask the scheduler: this runs at the start of each lockersh. */
#include "job_id.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gridengine_id.h"
#include "shepherd.h"
#include "slurm_component.h"

/* Slurm allows 128 components. */
enum { GROUPS_MAX = 129 };

/* A value, when it is not empty and fit for a word of the protocol; else NULL. */
static const char *as_word(const char *value)
{
    if (value == NULL || *value == '\0' || strlen(value) > 64)
        return NULL;
    for (const char *c = value; *c != '\0'; c++) {
        if (!isascii((unsigned char)*c) || !isgraph((unsigned char)*c))
            return NULL;
    }
    return value;
}

static const char *lookup(const char *variable)
{
    return as_word(getenv(variable));
}

static bool put(char out[JOB_ID_SIZE], const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static bool put(char out[JOB_ID_SIZE], const char *format, ...)
{
    va_list args;
    int len;

    va_start(args, format);
    len = vsnprintf(out, JOB_ID_SIZE, format, args);
    va_end(args);
    return len > 0 && len < JOB_ID_SIZE;
}

/* "slurm:JOB", with a part of it and the cluster's name where there are any. */
static bool put_slurm(char out[JOB_ID_SIZE], const char *job, const char *mark, const char *part)
{
    const char *cluster = lookup("SLURM_CLUSTER_NAME");

    return put(out, "slurm:%s%s%s%s%s", job, mark, part, cluster != NULL ? "@" : "",
               cluster != NULL ? cluster : "");
}

static bool find_part(char out[JOB_ID_SIZE], const char *job_variable, const char *mark,
                      const char *part_variable)
{
    const char *job = lookup(job_variable), *part = lookup(part_variable);

    return job != NULL && part != NULL && put_slurm(out, job, mark, part);
}

/* The task's variables are inherited by a job that it submits, whose number alone is its own. */
static bool find_array_task(char out[JOB_ID_SIZE], const char *job)
{
    const char *array = lookup("SLURM_ARRAY_JOB_ID"), *task = lookup("SLURM_ARRAY_TASK_ID");
    char own[140];

    if (array == NULL || task == NULL)
        return false;
    snprintf(own, sizeof own, "%s=%s", task, job);
    return put_slurm(out, array, "_", own);
}

static bool find_component(char out[JOB_ID_SIZE])
{
    return find_part(out, "SLURM_HET_JOB_ID", "+", "SLURM_HET_JOB_OFFSET");
}

/* A variable of one component, by either name that Slurm has for it: srun still says PACK. */
static const char *of_group(const char *variable, size_t group)
{
    static const char *const kinds[] = {"HET", "PACK"};
    const char *value = NULL;
    char name[64];

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds && value == NULL; i++) {
        snprintf(name, sizeof name, "%s_%s_GROUP_%zu", variable, kinds[i], group);
        value = getenv(name);
    }
    return value;
}

/* Every component sees the first one's id and all node lists: on which of them are we?  A job that
 * was submitted by another one finds that one's variables, but an id that is not among them. */
static bool find_component_by_node(char out[JOB_ID_SIZE], const char *job)
{
    const char *node = lookup("SLURMD_NODENAME"), *first = as_word(of_group("SLURM_JOB_ID", 0)),
               *list;
    const char *lists[GROUPS_MAX];
    size_t count = 0;
    bool ours = false;
    char number[16];
    int found;

    for (; count < GROUPS_MAX && (list = of_group("SLURM_JOB_NODELIST", count)) != NULL; count++) {
        const char *id = of_group("SLURM_JOB_ID", count);

        ours = ours || (id != NULL && strcmp(id, job) == 0);
        lists[count] = list;
    }
    if (!ours || node == NULL || first == NULL || count == GROUPS_MAX)
        return false;
    found = slurm_component_of(node, lists, count);
    snprintf(number, sizeof number, "%d", found);
    return found >= 0 && put_slurm(out, first, "+", number);
}

static bool find_slurm(char out[JOB_ID_SIZE])
{
    const char *job = lookup("SLURM_JOB_ID");

    if (job == NULL)
        return false;
    return find_array_task(out, job) || find_component(out) || find_component_by_node(out, job) ||
           put_slurm(out, job, "", "");
}

size_t job_id_all_of_slurm(char out[JOB_ID_SLURM_NAMES][JOB_ID_SIZE])
{
    const char *job = lookup("SLURM_JOB_ID");
    size_t count = 0;

    if (job == NULL)
        return 0;
    count += put_slurm(out[count], job, "", "");
    count += find_array_task(out[count], job);
    /* As somebody would write it who sets the job by hand. */
    count += find_part(out[count], "SLURM_ARRAY_JOB_ID", "_", "SLURM_ARRAY_TASK_ID");
    count += find_component(out[count]);
    return count;
}

static bool find_lsf(char out[JOB_ID_SIZE])
{
    const char *job = lookup("LSB_JOBID");
    const char *index = lookup("LSB_JOBINDEX");

    if (job == NULL)
        return false;
    /* LSF sets the index to 0 for a job that is no array's element. */
    if (index != NULL && strcmp(index, "0") != 0)
        return put(out, "lsf:%s[%s]", job, index);
    return put(out, "lsf:%s", job);
}

static bool find_pbs(char out[JOB_ID_SIZE])
{
    const char *job = lookup("PBS_JOBID");

    return job != NULL && put(out, "pbs:%s", job);
}

static bool put_gridengine(char out[JOB_ID_SIZE], const struct gridengine_variables *variables)
{
    const char *job = as_word(variables->job_id), *task = as_word(variables->task_id);
    const char *cluster =
        gridengine_cluster(as_word(variables->cluster_name), as_word(variables->cell));
    bool is_task = task != NULL && strcmp(task, "undefined") != 0;

    return job != NULL && put(out, "sge:%s%s%s%s%s", job, is_task ? "." : "", is_task ? task : "",
                              cluster != NULL ? "@" : "", cluster != NULL ? cluster : "");
}

static bool find_gridengine(char out[JOB_ID_SIZE])
{
    const struct gridengine_variables variables = {
        .job_id = getenv("JOB_ID"),
        .task_id = getenv("SGE_TASK_ID"),
        .cell = getenv("SGE_CELL"),
        .cluster_name = getenv("SGE_CLUSTER_NAME"),
    };

    /* JOB_ID is too common a name to stand alone. */
    if (lookup("SGE_ROOT") == NULL && lookup("SGE_CELL") == NULL && lookup("SGE_TASK_ID") == NULL)
        return false;
    return put_gridengine(out, &variables);
}

static bool find_shepherd(char out[JOB_ID_SIZE])
{
    struct gridengine_session *session = shepherd_find();
    bool found = session != NULL && put_gridengine(out, &session->variables);

    free(session);
    return found;
}

bool job_id_from_environment(char out[JOB_ID_SIZE])
{
    if (find_slurm(out) || find_lsf(out) || find_pbs(out) || find_gridengine(out) ||
        find_shepherd(out))
        return true;
    out[0] = '\0';
    return false;
}

bool job_id_is_whole(const char *text)
{
    size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-");

    if (len == 0 || text[len] != ':' || text[len + 1] == '\0' || strlen(text) >= JOB_ID_SIZE)
        return false;
    for (const char *c = text + len + 1; *c != '\0'; c++) {
        if (!isascii((unsigned char)*c) || !isgraph((unsigned char)*c))
            return false;
    }
    return true;
}

/* SCHEDULER:JOB@CLUSTER, of which JOB alone is always there. */
struct parts {
    const char *scheduler, *job, *cluster; /* cluster is NULL where there is none */
    size_t scheduler_len, job_len;         /* scheduler_len counts the colon; 0 for none */
};

static struct parts split(const char *id)
{
    const char *colon = strchr(id, ':'), *job = colon != NULL ? colon + 1 : id;
    const char *at = strrchr(job, '@');

    return (struct parts){
        .scheduler = id,
        .scheduler_len = (size_t)(job - id),
        .job = job,
        .job_len = at != NULL ? (size_t)(at - job) : strlen(job),
        .cluster = at != NULL ? at + 1 : NULL,
    };
}

static bool is_of_scheduler(const struct parts *id, const struct parts *wanted)
{
    if (id->scheduler_len == 0 || wanted->scheduler_len == 0)
        return id->scheduler_len != 0;
    return id->scheduler_len == wanted->scheduler_len &&
           memcmp(id->scheduler, wanted->scheduler, id->scheduler_len) == 0;
}

static bool is_of_cluster(const struct parts *id, const struct parts *wanted)
{
    return wanted->cluster == NULL ||
           (id->cluster != NULL && strcmp(id->cluster, wanted->cluster) == 0);
}

/* Whether a text begins with the job, and not as part of a longer name or number. */
static bool begins_with(const char *text, const struct parts *wanted)
{
    return wanted->job_len > 0 && strncmp(text, wanted->job, wanted->job_len) == 0 &&
           !isalnum((unsigned char)text[wanted->job_len]);
}

bool job_id_covers(const char *wanted, const char *id)
{
    struct parts meant = split(wanted), found = split(id);
    const char *own = strchr(found.job, '=');

    if (strcmp(wanted, id) == 0)
        return true;
    return is_of_scheduler(&found, &meant) && is_of_cluster(&found, &meant) &&
           (begins_with(found.job, &meant) || (own != NULL && begins_with(own + 1, &meant)));
}
