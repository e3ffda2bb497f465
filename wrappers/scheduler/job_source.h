/* What a scheduler says of jobs, as lockreap asks each of them. */
#ifndef FARMLOCK_SCHEDULER_JOB_SOURCE_H
#define FARMLOCK_SCHEDULER_JOB_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "child.h"
#include "job/job_id.h"

/* What is neither certainly pending nor certainly over is live. */
enum job_phase {
    JOB_PHASE_FORGOTTEN, /* the scheduler does not know it */
    JOB_PHASE_WAITING,   /* pending, and nothing of it is left on any node */
    JOB_PHASE_LIVE,      /* running, suspended, completing, being configured, ... */
    JOB_PHASE_OVER,      /* completed, failed, cancelled, ..., and nothing of it is left */
};

struct job_standing {
    enum job_phase phase;
    uint32_t restarts; /* how often it was queued again */
    int64_t submit_s;  /* since 1970: when it was queued, the last time; 0: not said */
    int64_t start_s;   /* when its present run started; means nothing while it waits */
};

enum { JOB_STATE_SIZE = 32 };

/* One job that is asked about. */
struct job_answer {
    char id[JOB_ID_SIZE]; /* as its locks carry it */
    bool is_known;        /* the scheduler has said what follows */
    struct job_standing standing;
    char state[JOB_STATE_SIZE]; /* what people call it: "NODE_FAIL" */
};

struct job_question {
    const char *cluster; /* what the scheduler must say that it is; NULL: whatever it says */
    bool takes_bare;     /* ids without a cluster are this one's */
    int64_t deadline_ms;
    struct job_answer *answers;
    size_t count;

    int64_t memory_ms;             /* answered: how long it certainly knows a job that is over */
    char remark[CHILD_ERROR_SIZE]; /* answered: who could not judge some, and why; "" for none */
};

struct job_source {
    const char *scheduler; /* "slurm", as its ids begin */

    /* Whether to ask about a job, by what its lock carries and by `cluster` and `takes_bare` above.
     */
    bool (*is_wanted)(const char *id, const char *cluster, bool takes_bare);

    /* Asks.  Returns 0, or -1 with errno as child_call() has it, and `error` says who has failed,
     * and why. */
    int (*ask)(struct job_question *question, char error[CHILD_ERROR_SIZE]);
};

#endif
