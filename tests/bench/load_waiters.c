/* So many clients that wait for one lock, or for a seat of one pool, each on a connection of its
 * own, and hand it on.  The first hold, the others wait. Must not touch other connections than
 * those of a handover, whose costs are what is measured.
 *
 * Prints a line of JSON when all wait; then, for each number of handovers on standard input, one
 * with their latencies and what they cost the server. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "link.h"
#include "meter.h"

enum {
    CLIENTS_MAX = 200000,
    CONNECTIONS_AN_ADDRESS = 20000,
    AHEAD = 500, /* connections that are being made at a time */
    HANDOVERS_MAX = 100000,
};

static int fds[CLIENTS_MAX];
static const char *name = "seat";
static long seats = 1;
static double latencies_us[HANDOVERS_MAX];

static void ask(long number)
{
    char text[128];
    int len = snprintf(text, sizeof text,
                       "user host_%06ld_bench\nlocks %s\nblock 1\ntimeout 0\nLOCK\n", number, name);

    link_send(fds[number], text, (size_t)len);
}

/* Reads until the text ends so. */
static void expect(int fd, const char *end)
{
    size_t end_len = strlen(end), len = 0;
    char text[1024];

    do {
        ssize_t got = recv(fd, text + len, sizeof text - len, 0);

        if (got <= 0)
            die("the server closed a connection");
        len += (size_t)got;
        if (len == sizeof text)
            die("the server goes on");
    } while (len < end_len || memcmp(text + len - end_len, end, end_len) != 0);
}

static void open_all(uint16_t port, long count)
{
    for (long i = 0; i < seats; i++) {
        fds[i] = link_open(port, 0);
        ask(i);
        expect(fds[i], "\n\n\n");
    }
    for (long begin = seats; begin < count; begin += AHEAD) {
        long end = begin + AHEAD < count ? begin + AHEAD : count;

        for (long i = begin; i < end; i++) {
            fds[i] = link_open(port, (uint32_t)(i / CONNECTIONS_AN_ADDRESS));
            ask(i);
        }
        for (long i = begin; i < end; i++)
            expect(fds[i], "_bench\n"); /* print_waiting and a holder */
    }
}

/* Resident memory, the server's own: what the kernel keeps for its sockets is not in it. */
static long memory_kb(pid_t pid)
{
    char path[64], line[256];
    long result = -1;
    FILE *file;

    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    file = fopen(path, "re");
    if (file == NULL)
        die(path);
    while (result < 0 && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "VmRSS:", 6) == 0)
            result = strtol(line + 6, NULL, 10);
    }
    fclose(file);
    return result;
}

/* The holder gives its seat back, the first in the queue hears of it; then the former goes to the
 * end of the queue. */
static double hand_over_us(long holder, long next)
{
    double begun = now_s(), heard;

    link_send(fds[holder], "UNLOCK\n", 7);
    expect(fds[next], "\n\n\n");
    heard = now_s();
    expect(fds[holder], "\n\n\n");
    link_send(fds[holder], "LOCK\n", 5);
    expect(fds[holder], "_bench\n");
    return (heard - begun) * 1e6;
}

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;

    return (left > right) - (left < right);
}

static void run(long *holder, long count, long handovers, pid_t server)
{
    struct meter meter;

    meter_start(&meter, server);
    for (long i = 0; i < handovers; i++) {
        latencies_us[i] = hand_over_us(*holder, (*holder + seats) % count);
        *holder = (*holder + 1) % count;
    }
    qsort(latencies_us, (size_t)handovers, sizeof *latencies_us, compare);
    printf("{\"median_us\": %.3f, \"cpu_us\": %.3f}\n", latencies_us[handovers / 2],
           meter_cpu_s(&meter) * 1e6 / (double)handovers);
    fflush(stdout);
}

/* What it costs the server that all of them come. */
static void gather(uint16_t port, long count, pid_t server)
{
    long before_kb = memory_kb(server);
    struct meter meter;

    meter_start(&meter, server);
    open_all(port, count);
    printf("{\"waiter_bytes\": %.0f, \"queue_us\": %.3f}\n",
           (double)(memory_kb(server) - before_kb) * 1024 / (double)count,
           meter_cpu_s(&meter) * 1e6 / (double)count);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    long count, holder = 0;
    char line[64];
    pid_t server;

    if (argc != 4 && argc != 6)
        die_usage("load_waiters PORT SERVER_PID CLIENTS [NAME SEATS] <NUMBERS_OF_HANDOVERS");
    server = (pid_t)parse_number(argv[2], 1, INT32_MAX);
    count = parse_number(argv[3], 2, CLIENTS_MAX);
    if (argc == 6) {
        name = argv[4];
        seats = parse_number(argv[5], 1, count - 1);
    }
    gather((uint16_t)parse_number(argv[1], 1, UINT16_MAX), count, server);
    while (fgets(line, sizeof line, stdin) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        run(&holder, count, parse_number(line, 1, HANDOVERS_MAX), server);
    }
    return 0;
}
