/* The ids of Slurm's jobs.
 * Must not know anything of Slurm but how it writes these: it is used where no Slurm is. */
#include "slurm_id.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"

static const char prefix[] = "slurm:";
static const char digits[] = "0123456789";

bool slurm_id_is_ours(const char *text)
{
    return strncmp(text, prefix, sizeof prefix - 1) == 0;
}

/* Reads a number at *at and moves it behind.  Slurm's own marks begin at 0xfffffffd. */
static bool read_number(const char **at, uint32_t *number)
{
    char text[11];
    size_t len = strspn(*at, digits);
    uint64_t value;

    if (len == 0 || len >= sizeof text)
        return false;
    memcpy(text, *at, len);
    text[len] = '\0';
    if (number_parse(text, UINT32_MAX - 3, &value) != 0)
        return false;
    *at += len;
    *number = (uint32_t)value;
    return true;
}

static bool read_cluster(const char *at, char cluster[SLURM_CLUSTER_SIZE])
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789._-";
    size_t len = strspn(at, allowed);

    if (len == 0 || len >= SLURM_CLUSTER_SIZE || at[len] != '\0')
        return false;
    memcpy(cluster, at, len + 1);
    return true;
}

bool slurm_id_parse(const char *text, struct slurm_job *job)
{
    const char *at = slurm_id_is_ours(text) ? text + sizeof prefix - 1 : text;
    struct slurm_job found = {0};

    if (!read_number(&at, &found.id) || found.id == 0)
        return false;
    if (*at == '_' || *at == '+') {
        found.part = *at++ == '_' ? SLURM_PART_TASK : SLURM_PART_COMPONENT;
        if (!read_number(&at, &found.number))
            return false;
        if (found.part == SLURM_PART_TASK && *at == '=' &&
            (at++, !read_number(&at, &found.own) || found.own == 0))
            return false;
    }
    if (*at == '@' ? !read_cluster(at + 1, found.cluster) : *at != '\0')
        return false;
    *job = found;
    return true;
}

void slurm_id_format(char out[SLURM_JOB_TEXT_SIZE], const struct slurm_job *job)
{
    static const char marks[] = {[SLURM_PART_TASK] = '_', [SLURM_PART_COMPONENT] = '+'};
    char part[16] = "", own[16] = "";

    if (job->part != SLURM_PART_NONE)
        snprintf(part, sizeof part, "%c%" PRIu32, marks[job->part], job->number);
    if (job->own != 0)
        snprintf(own, sizeof own, "=%" PRIu32, job->own);
    snprintf(out, SLURM_JOB_TEXT_SIZE, "%s%" PRIu32 "%s%s%s%s", prefix, job->id, part, own,
             job->cluster[0] != '\0' ? "@" : "", job->cluster);
}

struct slurm_job slurm_id_to_ask(const struct slurm_job *job)
{
    struct slurm_job asked = *job;

    if (job->own != 0) {
        asked.id = job->own;
        asked.part = SLURM_PART_NONE;
        asked.number = asked.own = 0;
    }
    return asked;
}

bool slurm_id_is_meant(const struct slurm_job *wanted, const struct slurm_job *job)
{
    return slurm_id_compare(wanted, job) == 0 && strcmp(wanted->cluster, job->cluster) == 0 &&
           (wanted->own == 0 || wanted->own == job->own);
}

int slurm_id_compare(const struct slurm_job *a, const struct slurm_job *b)
{
    if (a->id != b->id)
        return a->id < b->id ? -1 : 1;
    if (a->part != b->part)
        return a->part < b->part ? -1 : 1;
    return (a->number > b->number) - (a->number < b->number);
}

/* Reads "5", "0-8" or "0-8:4" at *at and moves it behind.  False when it is none. */
static bool read_tasks(const char **at, uint32_t task, bool *has)
{
    uint32_t low, high, step = 1;

    if (!read_number(at, &low))
        return false;
    high = low;
    if (**at == '-') {
        ++*at;
        if (!read_number(at, &high))
            return false;
    }
    if (**at == ':') {
        ++*at;
        if (!read_number(at, &step) || step == 0)
            return false;
    }
    *has |= task >= low && task <= high && (task - low) % step == 0;
    return true;
}

bool slurm_id_list_has(const char *tasks, uint32_t task)
{
    bool has = false;

    for (;; tasks++) {
        if (!read_tasks(&tasks, task, &has))
            return true;
        if (*tasks == '\0' || *tasks == '%')
            return has;
        if (*tasks != ',')
            return true;
    }
}
