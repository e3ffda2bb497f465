/* The virtual clients of a farm in a box: what lockersh says, a connection a job, from the address
 * of the job's node. */
#ifndef FARMLOCK_BENCH_FARM_CLIENT_H
#define FARMLOCK_BENCH_FARM_CLIENT_H

#include <stdint.h>

#include "farm_plan.h"
#include "farm_timer.h"

struct farm {
    struct farm_plan plan;
    struct timers timers;
    int epoll;
    uint16_t port;
    double begin_s;
    uint64_t requests, questions; /* that were sent to the server, and that it has asked */
    uint64_t sent_bytes, received_bytes;
    long present; /* jobs that have come and not gone */
    size_t over;  /* jobs that have gone */
    long held, waiting;
    unsigned complaints;
};

/* Microseconds since the day began. */
int64_t farm_now_us(const struct farm *farm);

/* Whether a job's process lives. */
bool farm_job_lives(const struct job *job);

/* A job comes, connects and asks. */
void farm_client_arrive(struct farm *farm, struct job *job);

/* A holder gives its seats back: at once, or as soon as it is back from a cut. */
void farm_client_release(struct farm *farm, struct job *job);

/* A job ends, and says nothing: its connection closes.  Its end can be told from proof_us on. */
void farm_client_die(struct farm *farm, struct job *job, enum job_end end, int64_t proof_us);

/* Its connection breaks; and it connects again, as one that waits or holds. */
void farm_client_cut(struct farm *farm, struct job *job);
void farm_client_come_back(struct farm *farm, struct job *job);

/* Nothing reaches it; and what has come meanwhile does. */
void farm_client_pause(struct farm *farm, struct job *job);
void farm_client_resume(struct farm *farm, struct job *job);

/* Its connection has something to say. */
void farm_client_serve(struct farm *farm, struct job *job);

#endif
