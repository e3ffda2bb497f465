/* Which job of Grid Engine's a session belongs to that has no variables to say so: qlogin, and qrsh
 * without a command, start a login shell with an environment of its own.  Above it stands the
 * job's sge_shepherd, whose working folder is the job's in the spool of its execd.
 */
#ifndef FARMLOCK_JOB_SHEPHERD_H
#define FARMLOCK_JOB_SHEPHERD_H

/* What Grid Engine tells a job of itself; NULL where it does not. */
struct gridengine_variables {
    const char *job_id, *task_id, *cell, *cluster_name;
};

/* What a session was told. */
struct gridengine_session {
    struct gridengine_variables variables; /* job_id is there; they point into words or text */
    char words[4096];                      /* a parent's command line */
    char path[4096 + 16];
    char text[32768];
};

/* Looks for a shepherd among the parents of this process, and for what it has told its job: in the
 * folder that it works in, where this process may see that (it is root, or the shepherd's user),
 * in the folder that qrsh_starter has in its command line, or in the name that some releases give
 * to it, sge_shepherd-NUMBER.
 * Returns a session for free(3); NULL where there is none, or no memory for it.  Costs a read of
 * /proc for each parent, and no memory before one of these is found.
 */
struct gridengine_session *shepherd_find(void);

#endif
