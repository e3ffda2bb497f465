/* How long commits take, and how long who is granted a lock waits for its own.
 *
 * A client hears of a grant when it is safe, so what a handover takes, beside the network, is the
 * time from the step of the table to the end of that batch's commit.
 */
#ifndef FARMLOCK_SERVER_COMMIT_TIMES_H
#define FARMLOCK_SERVER_COMMIT_TIMES_H

#include <stdint.h>

struct ipclocker_server;

enum { COMMIT_TIMES_KEPT = 256 };

/* Batches that are under way; of more than there is room for, the later ones are not timed.  All 0
 * is none. */
struct commit_times {
    uint32_t handovers; /* of this pass, */
    int64_t since_us;   /* and when the first of them was */
    uint32_t first, count;
    struct commit_time {
        uint64_t batch;
        int64_t submitted_us, since_us;
        uint32_t handovers;
    } under_way[COMMIT_TIMES_KEPT];
};

/* A request that waited is granted. */
void commit_times_hand_over(struct ipclocker_server *server);

/* This batch is submitted; all up to that one are safe; none is that was under way. */
void commit_times_begin(struct ipclocker_server *server, uint64_t batch);
void commit_times_end(struct ipclocker_server *server, uint64_t batch);
void commit_times_fail(struct ipclocker_server *server);

/* The pass ends, without a batch. */
void commit_times_end_pass(struct ipclocker_server *server);

#endif
