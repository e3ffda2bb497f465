/* How long commits take, and handovers.
 * Must not decide when something is committed. */
#include "commit_times.h"

#include "base/clock.h"
#include "server.h"

void commit_times_hand_over(struct ipclocker_server *server)
{
    struct commit_times *times = &server->commit_times;

    if (times->handovers++ == 0)
        times->since_us = clock_now_us();
}

void commit_times_begin(struct ipclocker_server *server, uint64_t batch)
{
    struct commit_times *times = &server->commit_times;
    uint32_t place = (times->first + times->count) % COMMIT_TIMES_KEPT;

    if (times->count < COMMIT_TIMES_KEPT) {
        times->under_way[place] = (struct commit_time){.batch = batch,
                                                       .submitted_us = clock_now_us(),
                                                       .since_us = times->since_us,
                                                       .handovers = times->handovers};
        times->count++;
    }
    times->handovers = 0;
}

static void take(struct ipclocker_server *server, const struct commit_time *time, int64_t now_us)
{
    figures_take_time(&server->counts.commit, now_us - time->submitted_us);
    for (uint32_t i = 0; i < time->handovers; i++)
        figures_take_time(&server->counts.handover, now_us - time->since_us);
}

void commit_times_end(struct ipclocker_server *server, uint64_t batch)
{
    struct commit_times *times = &server->commit_times;
    int64_t now_us = clock_now_us();

    while (times->count > 0 && times->under_way[times->first].batch <= batch) {
        take(server, &times->under_way[times->first], now_us);
        times->first = (times->first + 1) % COMMIT_TIMES_KEPT;
        times->count--;
    }
}

void commit_times_fail(struct ipclocker_server *server)
{
    server->commit_times = (struct commit_times){0};
    server->counts.commits_failed++;
}

void commit_times_end_pass(struct ipclocker_server *server)
{
    struct commit_times *times = &server->commit_times;
    int64_t now_us = clock_now_us();

    for (; times->handovers > 0; times->handovers--)
        figures_take_time(&server->counts.handover, now_us - times->since_us);
}
