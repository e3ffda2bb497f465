/* Which job of Grid Engine's a session belongs to that has no variables to say so: qlogin, and qrsh
 * without a command, start a login shell with an environment of its own.  Above it stands the
 * job's sge_shepherd, whose working folder is the job's in the spool of its execd.
 */
#ifndef FARMLOCK_JOB_SHEPHERD_H
#define FARMLOCK_JOB_SHEPHERD_H

#include <stdbool.h>

/* What Grid Engine tells a job of itself; NULL where it does not. */
struct gridengine_variables {
    const char *job_id, *task_id, *cell, *cluster_name;
};

enum { SHEPHERD_TEXT_SIZE = 32768 };

/* Looks for a shepherd among the parents of this process, and for what it has told its job: in the
 * folder that it works in, where this process may see that (it is root, or the shepherd's user),
 * in the folder that a parent has in its command line, as qrsh_starter has, or in the name that
 * some releases give to it, sge_shepherd-NUMBER.
 * Returns true with *variables, which point into `text`.  Costs reads of /proc, nothing else.
 */
bool shepherd_find(char text[SHEPHERD_TEXT_SIZE], struct gridengine_variables *variables);

#endif
