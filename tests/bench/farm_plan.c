/* The day of a farm: read from a file, and what came of it written to one.
 * Must not know of sockets, nor of the time. */
#include "farm_plan.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "meter.h"

enum { NODES_A_BYTE = 250 }; /* of an address, none of them one that may be special */

static void *grown(void *array, size_t count, size_t size)
{
    void *result = array;

    /* At each power of two. */
    if ((count & (count - 1)) == 0)
        result = reallocarray(array, count == 0 ? 1 : count * 2, size);
    if (result == NULL)
        die("no memory for the plan");
    return result;
}

static void die_of_line(const char *line)
{
    fprintf(stderr, "bench: not a line of a plan: %s", line);
    errno = EINVAL;
    die("the plan");
}

static void add_job(struct farm_plan *plan, const char *line)
{
    struct job job = {.number = (uint32_t)plan->job_count, .fd = -1};

    if (sscanf(line,
               "J %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNu32 " %u %31s %31s %31s",
               &job.at_us, &job.hold_us, &job.give_up_us, &job.kill_us, &job.node, &job.count,
               job.pool, job.user, job.project) != 9 ||
        job.node >= plan->node_count)
        die_of_line(line);
    plan->jobs = grown(plan->jobs, plan->job_count, sizeof *plan->jobs);
    plan->jobs[plan->job_count++] = job;
}

static void add_trouble(struct farm_plan *plan, const char *line)
{
    struct trouble trouble;
    char kind;

    if (sscanf(line, "%c %" SCNd64 " %" SCNd64 " %" SCNu32, &kind, &trouble.at_us, &trouble.for_us,
               &trouble.node) != 4 ||
        trouble.node >= plan->node_count)
        die_of_line(line);
    trouble.kind = (enum trouble_kind)kind;
    plan->troubles = grown(plan->troubles, plan->trouble_count, sizeof *plan->troubles);
    plan->troubles[plan->trouble_count++] = trouble;
}

static void set_nodes(struct farm_plan *plan, const char *line)
{
    if (plan->nodes != NULL || sscanf(line, "N %" SCNu32, &plan->node_count) != 1 ||
        plan->node_count == 0 || plan->node_count > FARM_NODES_MAX)
        die_of_line(line);
    plan->nodes = calloc(plan->node_count, sizeof *plan->nodes);
    if (plan->nodes == NULL)
        die("no memory for the plan");
}

void farm_plan_read(struct farm_plan *plan, const char *path)
{
    FILE *file = fopen(path, "re");
    char line[256];

    if (file == NULL)
        die(path);
    *plan = (struct farm_plan){0};
    while (fgets(line, sizeof line, file) != NULL) {
        if (line[0] == 'N')
            set_nodes(plan, line);
        else if (line[0] == 'J')
            add_job(plan, line);
        else if (strchr("FPC", line[0]) != NULL)
            add_trouble(plan, line);
        else
            die_of_line(line);
    }
    fclose(file);
}

void farm_plan_fini(struct farm_plan *plan)
{
    for (size_t i = 0; i < plan->job_count; i++) {
        free(plan->jobs[i].seats);
        free(plan->jobs[i].input);
    }
    free(plan->jobs);
    free(plan->troubles);
    free(plan->nodes);
}

void farm_plan_write(const struct farm_plan *plan, FILE *out)
{
    static const char *const ends[] = {
        [JOB_END_NONE] = "none",       [JOB_END_UNLOCK] = "unlock", [JOB_END_KILLED] = "killed",
        [JOB_END_GAVE_UP] = "gave-up", [JOB_END_NODE] = "node",     [JOB_END_REFUSED] = "refused",
        [JOB_END_LOST] = "lost",
    };

    for (size_t i = 0; i < plan->job_count; i++) {
        const struct job *job = &plan->jobs[i];

        fprintf(out,
                "%" PRIu32 " %s %d %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64
                " %" PRIu64 " %s\n",
                job->number, ends[job->end], job->was_cut | job->was_paused << 1, job->asked_us,
                job->queued_us, job->granted_us, job->left_us, job->proof_us, job->token,
                job->seats != NULL ? job->seats : "-");
    }
}

struct in_addr farm_node_address(uint32_t node)
{
    uint32_t high = 1 + node / (NODES_A_BYTE * NODES_A_BYTE);
    uint32_t middle = 1 + node / NODES_A_BYTE % NODES_A_BYTE, low = 1 + node % NODES_A_BYTE;

    return (struct in_addr){htonl(UINT32_C(127) << 24 | high << 16 | middle << 8 | low)};
}

uint32_t farm_node_of(const struct farm_plan *plan, struct in_addr address)
{
    uint32_t bits = ntohl(address.s_addr), high = bits >> 16 & 0xff, middle = bits >> 8 & 0xff;
    uint32_t low = bits & 0xff, node;

    if (high == 0 || middle == 0 || low == 0)
        return plan->node_count;
    node = ((high - 1) * NODES_A_BYTE + middle - 1) * NODES_A_BYTE + low - 1;
    return node < plan->node_count ? node : plan->node_count;
}

void farm_node_boot(const struct farm_plan *plan, uint32_t node, char boot[37])
{
    snprintf(boot, 37, "%08" PRIx32 "-0000-4000-8000-%012x", node, plan->nodes[node].boots);
}
