/* Processes of containers, seen from outside: of pid namespaces (pid_namespaces(7)) below this
 * one's.
 */
#ifndef FARMLOCK_PROCESS_INNER_PROCESS_H
#define FARMLOCK_PROCESS_INNER_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* What a process in there tells of itself. */
struct inner_process {
    pid_t pid;
    uint64_t start;         /* process_start_time() */
    uint64_t pid_namespace; /* process_pid_namespace() */
};

enum inner_match {
    INNER_DIFFERS,
    INNER_UNSEEN, /* it cannot be looked at */
    INNER_LIKELY, /* pid and start agree; which namespace it is in cannot be seen, as of other
                     users' processes: two containers that start in one tick may each have one */
    INNER_SAME,
};

/* Whether the process with the pid `outside`, in our namespace, is that one.  One that has ended is
 * not.  Reads two files of /proc. */
enum inner_match inner_process_match(const struct inner_process *inner, pid_t outside);

/* The same where its start time is known to agree. */
enum inner_match inner_process_match_pid(const struct inner_process *inner, pid_t outside);

/* Whether a process that tells of this namespace and boot is of this machine, in a container that
 * is not the one with the pid namespace `ours`.  Of what it does not tell, 0 and NULL. */
bool inner_process_is_here(uint64_t pid_namespace, const char *boot, uint64_t ours);

/* Whether this process sees all of the machine in /proc: it is in the pid namespace that the
 * machine started with, and nothing is hidden from it (hidepid, proc(5)).  Then what is not found
 * there, by a walk that was not blind, has ended. */
bool inner_process_sees_all(void);

#endif
