/* What the loads of the bench share: ending with a complaint, numbers, time, and what a server
 * costs. */
#ifndef FARMLOCK_BENCH_METER_H
#define FARMLOCK_BENCH_METER_H

#include <stdint.h>
#include <sys/types.h>

/* A span of a load's work, and the CPU time that its server spends meanwhile. */
struct meter {
    pid_t server;   /* 0: no process is looked at */
    double begin_s; /* monotonic */
    double cpu_s;   /* of all threads of the server, at the begin */
};

/* Says what failed, with errno's text, and exits with 71. */
void die(const char *what) __attribute__((noreturn));

/* Prints "usage: TEXT" and exits with 64. */
void die_usage(const char *text) __attribute__((noreturn));

/* CLOCK_MONOTONIC, in seconds. */
double now_s(void);

/* Reads a decimal number of the command line from min to max; anything else is a usage error. */
long parse_number(const char *word, long min, long max);

void meter_start(struct meter *meter, pid_t server);

/* CPU time of the server since the start, in seconds. */
double meter_cpu_s(const struct meter *meter);

/* Prints one line of JSON: requests, seconds and cpu_s since the start, cpu_s of all threads of the
 * server. */
void meter_print(const struct meter *meter, uint64_t requests);

#endif
