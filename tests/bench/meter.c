/* Time and CPU time for the loads of the bench.
 * Must not cost anything while a load runs: clocks are read at the begin and at the end. */
#include "meter.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void die(const char *what)
{
    fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
    exit(71);
}

void die_usage(const char *text)
{
    fprintf(stderr, "usage: %s\n", text);
    exit(64);
}

static double clock_s(clockid_t clock)
{
    struct timespec now;

    if (clock_gettime(clock, &now) != 0)
        die("the server's CPU clock");
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

double now_s(void)
{
    return clock_s(CLOCK_MONOTONIC);
}

long parse_number(const char *word, long min, long max)
{
    char *end;
    long number;

    errno = 0;
    number = strtol(word, &end, 10);
    if (end == word || *end != '\0' || errno != 0 || number < min || number > max) {
        fprintf(stderr, "bench: '%s' is not a number from %ld to %ld\n", word, min, max);
        exit(64);
    }
    return number;
}

static double server_cpu_s(pid_t server)
{
    clockid_t clock;

    if (server == 0)
        return 0;
    errno = clock_getcpuclockid(server, &clock);
    if (errno != 0)
        die("the server's CPU clock");
    return clock_s(clock);
}

void meter_start(struct meter *meter, pid_t server)
{
    meter->server = server;
    meter->cpu_s = server_cpu_s(server);
    meter->begin_s = now_s();
}

double meter_cpu_s(const struct meter *meter)
{
    return server_cpu_s(meter->server) - meter->cpu_s;
}

void meter_print(const struct meter *meter, uint64_t requests)
{
    double seconds = now_s() - meter->begin_s;

    printf("{\"requests\": %" PRIu64 ", \"seconds\": %.6f, \"cpu_s\": %.9f}\n", requests, seconds,
           meter_cpu_s(meter));
}
