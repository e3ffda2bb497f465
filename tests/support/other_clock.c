/* A layer under a program, loaded with LD_PRELOAD, that gives it other clocks: the file OTHER_CLOCK
 * has three numbers of milliseconds, by which CLOCK_REALTIME and CLOCK_BOOTTIME are ahead, and by
 * which the latter goes on at each look.
 * Must not touch the clock of deadlines, CLOCK_MONOTONIC: the program goes on in real time. */
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

#define REPLACES __attribute__((visibility("default")))

struct shifts {
    long long wall_ms, boot_ms, tick_ms;
};

static struct shifts read_shifts(void)
{
    const char *path = getenv("OTHER_CLOCK");
    FILE *file = path != NULL ? fopen(path, "re") : NULL;
    struct shifts shifts = {0};

    if (file == NULL)
        return shifts;
    if (fscanf(file, "%lld %lld %lld", &shifts.wall_ms, &shifts.boot_ms, &shifts.tick_ms) != 3)
        shifts = (struct shifts){0};
    fclose(file);
    return shifts;
}

static void add_ms(struct timespec *time, long long ms)
{
    long long total_ns = time->tv_nsec + ms % 1000 * 1000000;

    time->tv_sec += (time_t)(ms / 1000 + total_ns / 1000000000);
    time->tv_nsec = (long)(total_ns % 1000000000);
    if (time->tv_nsec < 0) {
        time->tv_nsec += 1000000000;
        time->tv_sec--;
    }
}

REPLACES int clock_gettime(clockid_t clock, struct timespec *time)
{
    int (*real)(clockid_t, struct timespec *) = dlsym(RTLD_NEXT, "clock_gettime");
    static atomic_llong looks;
    struct shifts shifts;
    int result = real(clock, time);

    if (result != 0 || (clock != CLOCK_REALTIME && clock != CLOCK_BOOTTIME))
        return result;
    shifts = read_shifts();
    if (clock == CLOCK_REALTIME)
        add_ms(time, shifts.wall_ms);
    else
        add_ms(time, shifts.boot_ms + shifts.tick_ms * atomic_fetch_add(&looks, 1));
    return 0;
}

/* The older ways to ask for CLOCK_REALTIME, which munged goes by. */
REPLACES time_t time(time_t *out)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    if (out != NULL)
        *out = now.tv_sec;
    return now.tv_sec;
}

REPLACES int gettimeofday(struct timeval *restrict out, void *restrict zone)
{
    struct timespec now;

    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    *out = (struct timeval){.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000};
    return 0;
}
