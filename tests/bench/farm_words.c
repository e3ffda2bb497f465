/* The lines that lockersh sends, for jobs that are none.
 * Must not say anything that a lockersh would not. */
#include "farm_words.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>

#include "meter.h"

/* The pid namespace of a machine itself, pid_namespaces(7). */
#define MACHINE_NAMESPACE "4026531836"

__attribute__((format(printf, 3, 4))) static void add(char *out, size_t *len, const char *format,
                                                      ...)
{
    va_list args;
    int added;

    va_start(args, format);
    added = vsnprintf(out + *len, FARM_WORDS_MAX - *len, format, args);
    va_end(args);
    if (added < 0 || (size_t)added >= FARM_WORDS_MAX - *len) {
        errno = EMSGSIZE;
        die("a request is too long");
    }
    *len += (size_t)added;
}

int farm_words_pid(const struct job *job)
{
    return (int)(FARM_PID_FIRST + job->number);
}

uint64_t farm_words_start(const struct job *job)
{
    return 100000 + job->number;
}

static void add_owner(const struct job *job, const char *locks, char *out, size_t *len)
{
    char host[INET_ADDRSTRLEN];
    struct in_addr address = farm_node_address(job->node);

    inet_ntop(AF_INET, &address, host, sizeof host);
    add(out, len, "user %s_%d_%s\nlocks %s\n", host, farm_words_pid(job), job->user, locks);
}

static void add_process(const struct farm_plan *plan, const struct job *job, char *out, size_t *len)
{
    char host[INET_ADDRSTRLEN], boot[37];
    struct in_addr address = farm_node_address(job->node);

    inet_ntop(AF_INET, &address, host, sizeof host);
    farm_node_boot(plan, job->node, boot);
    add(out, len, "hostname %s\npid %d\nprocess %" PRIu64 " %s %s\n", host, farm_words_pid(job),
        farm_words_start(job), boot, MACHINE_NAMESPACE);
}

size_t farm_words_lock(const struct farm_plan *plan, const struct job *job, char *out)
{
    size_t len = 0;

    add(out, &len, "proto 2\n");
    add_owner(job, job->pool, out, &len);
    if (job->count > 1)
        add(out, &len, "count %u\n", job->count);
    add(out, &len, "block 1\ntimeout 0\nautounlock 1\n");
    add_process(plan, job, out, &len);
    add(out, &len, "project %s\nsession 1\nwhy 1\nLOCK\n", job->project);
    return len;
}

size_t farm_words_inside(const struct job *job, char *out)
{
    size_t len = 0;

    add(out, &len, "INSIDE process %d %" PRIu64 " process 1 18\n", farm_words_pid(job),
        farm_words_start(job));
    return len;
}

size_t farm_words_unlock(const struct farm_plan *plan, const struct job *job, char *out)
{
    size_t len = 0;

    add_owner(job, job->pool, out, &len);
    add_process(plan, job, out, &len);
    add(out, &len, "UNLOCK\n");
    return len;
}

size_t farm_words_greeting(char *out)
{
    size_t len = 0;

    add(out, &len, "proto 2\nVERSION\n");
    return len;
}

size_t farm_words_renew(const struct farm_plan *plan, const struct job *job, char *out)
{
    size_t len = 0;

    add_owner(job, job->seats, out, &len);
    add(out, &len, "count %u\ntimeout 0\n", job->count);
    add_process(plan, job, out, &len);
    add(out, &len, "session 1\nRENEW %" PRIu64 "\n", job->token);
    return len;
}
