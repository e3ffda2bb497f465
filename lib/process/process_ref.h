/* One process of this host that is to be followed: it, and no other that gets its pid later. */
#ifndef FARMLOCK_PROCESS_PROCESS_REF_H
#define FARMLOCK_PROCESS_PROCESS_REF_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct process_ref {
    pid_t pid;
    uint64_t start; /* see process_start_time(); may be 0 where there is a descriptor */
    int fd;         /* of process_open(): polls readable when the process ends.  -1 where none is to
                       be had: then process_ref_has_ended() has to be asked again and again */
};

/* Refers to the process `pid` that started at `start`; 0 means the one that has the pid now.
 * Returns 0 and fills *ref, which process_ref_close() closes; -1 with errno
 *   ESRCH  it has ended
 *   EPERM  whether it is the same process cannot be seen; only with a start
 */
int process_ref_open(struct process_ref *ref, pid_t pid, uint64_t start);

/* True when the process has ended, reaped or not. */
bool process_ref_has_ended(const struct process_ref *ref);

/* Sends a signal to the process, and to no other that has its pid.  Returns 0, or -1 with errno
 *   ESRCH  it has ended
 *   EPERM  it is another user's, a set-user-ID program perhaps
 */
int process_ref_signal(const struct process_ref *ref, int number);

/* Keeps errno. */
void process_ref_close(struct process_ref *ref);

#endif
