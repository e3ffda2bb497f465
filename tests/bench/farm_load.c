/* A farm in a box: plays the day of a plan against a lockerd, with a connection for each job and an
 * answering address for each node, and writes down what became of each job.
 * Must not judge that: what it saw is enough to find every fault.
 *
 * Prints a line a sample: microseconds, requests, held, waiting, present, server's resident kB,
 * questions, bytes sent and received, own CPU seconds, and CPU seconds of each process since the
 * begin. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "farm_client.h"
#include "farm_nodes.h"
#include "meter.h"

enum { EVENTS = 256, PROCESSES_MAX = 8, US_A_S = 1000000 };

struct sampler {
    int64_t next_us, every_us;
    struct meter meters[PROCESSES_MAX]; /* the first is lockerd's */
    int count;
};

/* ---- samples --------------------------------------------------------------------------------- */

static double own_cpu_s(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static long resident_kb(pid_t pid)
{
    char path[64];
    long pages = 0;
    FILE *file;

    snprintf(path, sizeof path, "/proc/%d/statm", (int)pid);
    file = fopen(path, "re");
    if (file == NULL || fscanf(file, "%*d %ld", &pages) != 1)
        die(path);
    fclose(file);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static void sample(const struct farm *farm, struct sampler *sampler)
{
    printf("%" PRId64 " %" PRIu64 " %ld %ld %ld %ld %" PRIu64 " %" PRIu64 " %" PRIu64 " %.4f",
           farm_now_us(farm), farm->requests, farm->held, farm->waiting, farm->present,
           resident_kb(sampler->meters[0].server), farm->questions, farm->sent_bytes,
           farm->received_bytes, own_cpu_s());
    for (int i = 0; i < sampler->count; i++)
        printf(" %.4f", meter_cpu_s(&sampler->meters[i]));
    printf("\n");
    fflush(stdout);
    sampler->next_us += sampler->every_us;
}

/* ---- the day --------------------------------------------------------------------------------- */

static void take_job_timer(struct farm *farm, const struct timer *timer)
{
    struct job *job = &farm->plan.jobs[timer->index];

    if (job->state == JOB_OVER || (timer->kind == TIMER_GIVE_UP && job->granted_us != 0))
        return;
    if (!farm_nodes_reach(farm, job->node)) {
        timers_add(&farm->timers, timer->kind, timer->index,
                   farm->plan.nodes[job->node].away_until_us);
        return;
    }
    switch (timer->kind) {
    case TIMER_ARRIVE:
        farm_client_arrive(farm, job);
        break;
    case TIMER_RELEASE:
        farm_client_release(farm, job);
        break;
    default:
        farm_client_die(farm, job, timer->kind == TIMER_KILL ? JOB_END_KILLED : JOB_END_GAVE_UP,
                        farm_now_us(farm));
        break;
    }
}

static void take_timer(struct farm *farm, const struct timer *timer)
{
    if (timer->kind == TIMER_TROUBLE)
        farm_nodes_suffer(farm, &farm->plan.troubles[timer->index]);
    else if (timer->kind == TIMER_BACK)
        farm_nodes_come_back(farm, timer->index);
    else
        take_job_timer(farm, timer);
}

static void serve(struct farm *farm, int pidstat, int64_t until_us)
{
    struct epoll_event events[EVENTS];
    int64_t left_us = until_us - farm_now_us(farm);
    int ready =
        epoll_wait(farm->epoll, events, EVENTS, left_us > 0 ? (int)(left_us / 1000) + 1 : 0);

    if (ready < 0 && errno != EINTR)
        die("epoll_wait");
    for (int i = 0; i < ready; i++) {
        if (events[i].data.ptr == NULL)
            farm_nodes_answer(farm, pidstat);
        else
            farm_client_serve(farm, events[i].data.ptr);
    }
}

/* Until all is over; or nothing was to be done any more, and nothing was heard, for so long. */
static void play(struct farm *farm, struct sampler *sampler, int pidstat, int64_t patience_us)
{
    int64_t last_us = 0;
    uint64_t received_bytes = 0;
    long present = 0;

    while (farm->over < farm->plan.job_count) {
        int64_t next_us = timers_next_us(&farm->timers);
        struct timer timer;

        serve(farm, pidstat, next_us < sampler->next_us ? next_us : sampler->next_us);
        for (int i = 0; i < EVENTS && timers_take_due(&farm->timers, farm_now_us(farm), &timer);
             i++)
            take_timer(farm, &timer);
        if (farm_now_us(farm) >= sampler->next_us)
            sample(farm, sampler);
        if (farm->timers.count > 0 || farm->present != present ||
            farm->received_bytes != received_bytes)
            last_us = farm_now_us(farm);
        present = farm->present;
        received_bytes = farm->received_bytes;
        if (farm_now_us(farm) - last_us > patience_us)
            break;
    }
    sample(farm, sampler);
}

static void set_up(struct farm *farm, const char *plan, int pidstat)
{
    struct epoll_event event = {.events = EPOLLIN};

    farm_plan_read(&farm->plan, plan);
    farm->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (farm->epoll < 0 || epoll_ctl(farm->epoll, EPOLL_CTL_ADD, pidstat, &event) != 0)
        die("epoll");
    for (size_t i = 0; i < farm->plan.job_count; i++)
        timers_add(&farm->timers, TIMER_ARRIVE, (uint32_t)i, farm->plan.jobs[i].at_us);
    for (size_t i = 0; i < farm->plan.trouble_count; i++)
        timers_add(&farm->timers, TIMER_TROUBLE, (uint32_t)i, farm->plan.troubles[i].at_us);
}

int main(int argc, char **argv)
{
    struct sampler sampler = {0};
    struct farm farm = {0};
    int64_t patience_us;
    FILE *out;
    int pidstat;

    if (argc < 8 || argc - 7 > PROCESSES_MAX)
        die_usage("farm_load PLAN OUT PORT PIDSTAT_PORT SAMPLE_MS PATIENCE_S SERVER_PID [PID...]");
    out = fopen(argv[2], "we");
    if (out == NULL)
        die(argv[2]);
    farm.port = (uint16_t)parse_number(argv[3], 1, UINT16_MAX);
    pidstat = farm_nodes_listen((uint16_t)parse_number(argv[4], 1, UINT16_MAX));
    sampler.every_us = parse_number(argv[5], 1, 1000000) * 1000;
    patience_us = parse_number(argv[6], 1, 1000000) * US_A_S;
    set_up(&farm, argv[1], pidstat);
    for (int i = 7; i < argc; i++)
        meter_start(&sampler.meters[sampler.count++], (pid_t)parse_number(argv[i], 1, INT_MAX));
    farm.begin_s = now_s();
    play(&farm, &sampler, pidstat, patience_us);
    farm_plan_write(&farm.plan, out);
    if (fclose(out) != 0)
        die(argv[2]);
    timers_fini(&farm.timers);
    farm_plan_fini(&farm.plan);
    return 0;
}
