/* What has to be asked of others before it is known who somebody is, asked by threads: the loop
 * waits for none of it.
 *
 * Jobs are done in the order in which they come, by two threads that start with the first one.  A
 * job that is not done in time is answered without them: munged may hang.
 */
#ifndef FARMLOCK_SERVER_AUTH_WORKER_H
#define FARMLOCK_SERVER_AUTH_WORKER_H

#include "auth/munge.h"
#include "server.h"

enum auth_job_kind {
    AUTH_JOB_SELF,   /* who are we to munged? */
    AUTH_JOB_PROOF,  /* who is that, by a credential? */
    AUTH_JOB_LOGIN,  /* what is the name of that uid? */
    AUTH_JOB_GROUPS, /* which of these groups is that login in? */
};

enum { AUTH_LOGIN_SIZE = 64 };

struct auth_job {
    enum auth_job_kind kind;
    struct conn *conn; /* who waits for it; NULL: nobody, any more */

    /* What is asked. */
    char *credential;
    struct seal_nonce nonce;
    uid_t reader;
    unsigned char ip[IP_BYTES];         /* where it came from */
    const struct system_groups *groups; /* shared with the job */

    /* What came of it. */
    enum munge_verdict verdict;
    struct munge_proof proof;
    char login[AUTH_LOGIN_SIZE]; /* of GROUPS: what is asked */
    bool *is_in;                 /* see system_groups_of() */
    bool is_admin, is_reaper;
    char why[MUNGE_WHY_SIZE];

    int64_t deadline_ms; /* by the boot's clock; of a proof */
    bool is_late;        /* it was answered without us, and goes when a thread is done with it */
    TAILQ_ENTRY(auth_job) queue; /* of what is to be done, and of what is */
    TAILQ_ENTRY(auth_job) in_waiting;
};

/* Called in the loop when a job is done, or late with MUNGE_NOBODY.  The job is freed behind it. */
typedef void auth_job_done_fn(struct ipclocker_server *server, struct auth_job *job);

/* Makes an empty job; NULL when there is no memory. */
struct auth_job *auth_job_create(enum auth_job_kind kind);

/* Has it done; takes it, also when it fails.  Returns -1 where there are no threads to be had. */
int auth_worker_submit(struct ipclocker_server *server, struct auth_job *job);

/* Waits for what is being done, for some time: only before anybody is served. */
void auth_worker_wait(struct ipclocker_server *server, int timeout_ms);

/* Whether to ask munged at all: it has not hung just now. */
bool auth_worker_is_worthwhile(const struct ipclocker_server *server);

/* `done` is called for each job.  To be called before all others.  Returns -1 when there is no
 * memory. */
int auth_worker_init(struct ipclocker_server *server, auth_job_done_fn *done);

/* Leaves the loop of server->base. */
void auth_worker_stop(struct ipclocker_server *server);

/* Nobody waits any more; the threads end when they can.  Waits for none of them. */
void auth_worker_fini(struct ipclocker_server *server);

#endif
