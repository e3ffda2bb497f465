/* One look at the jobs that hold or wait for locks: those that are over lose them. */
#ifndef FARMLOCK_LOCKREAP_REAP_H
#define FARMLOCK_LOCKREAP_REAP_H

#include <stdbool.h>
#include <stdint.h>

#include "ipclocker.h"
#include "scheduler/job_claims.h"
#include "scheduler/job_source.h"

enum { REAP_ERROR_SIZE = 1024, REAP_NAMES_SIZE = 512 };

struct reap_settings {
    struct ipclocker *lock;          /* the server to ask */
    const struct job_source *source; /* the scheduler */
    const char *cluster;             /* what it must say that it is; NULL: whatever it says */
    bool takes_bare;                 /* ids without a cluster are this one's */
    bool dry_run;
    const char *const *hosts; /* of reap_job(): what was asked for on others is left alone */
    size_t host_count;        /* 0: all are meant */
    int64_t skew_ms;          /* see rule.h */
    int64_t deadline_ms;
};

/* What a job has lost, or would lose. */
struct reap_loss {
    const char *job;   /* as its locks carry it */
    const char *state; /* the scheduler's word, or ours; NULL where nobody was asked */
    const struct job_claim **claims;
    size_t claim_count;
    int64_t ended; /* requests that the server has ended; 0 in a dry run */
};

/* Called for each such job, in the order of their ids, and again where it has asked for more while
 * it was released: that is not in the claims.  Valid during the call. */
typedef void reap_loss_fn(void *context, const struct reap_loss *loss);

enum reap_result {
    REAP_DONE,
    REAP_NO_LOCKERD,
    REAP_NO_SCHEDULER, /* it does not answer, or not about all jobs; these are left alone */
    REAP_DENIED,       /* of what is over something is another user's, and was left */
    REAP_STOPPED,      /* stop_wanted() */
    REAP_FAILED,       /* no memory, no process */
};

/* Looks once.  Unless it returns REAP_DONE, `error` has one line on why. */
enum reap_result reap_round(const struct reap_settings *settings, reap_loss_fn *on_loss,
                            void *context, char error[REAP_ERROR_SIZE]);

/* Releases what one job holds and waits for, without a question to its scheduler: what it last
 * asked for before `before_ms` by the lock server's clock, with INT64_MAX everything, which is no
 * time for what is of `hosts` only.  With `exact`
 * that is what carries this very id, otherwise a task of an array of Slurm's may lack its own
 * number, and is looked for.
 */
enum reap_result reap_job(const struct reap_settings *settings, const char *job, bool exact,
                          int64_t before_ms, reap_loss_fn *on_loss, void *context,
                          char error[REAP_ERROR_SIZE]);

/* Turns a time of this host's clock, in milliseconds since 1970, into one of the lock server's,
 * never a later one: how long the server's answer took is on the safe side.
 */
enum reap_result reap_server_time(const struct reap_settings *settings, int64_t local_ms,
                                  int64_t *server_ms, char error[REAP_ERROR_SIZE]);

/* Writes the ids in the list that have the number of `job`, of whatever cluster and part, as text
 * for people: "slurm:4711_3=4714@lab, slurm:4711@west", cut with "..." where it is too long; "" for
 * none.
 */
enum reap_result reap_find_alike(const struct reap_settings *settings, const char *job,
                                 char names[REAP_NAMES_SIZE], char error[REAP_ERROR_SIZE]);

#endif
