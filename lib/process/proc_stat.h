/* What /proc says about processes (proc(5)), for what needs more than their identity. */
#ifndef FARMLOCK_PROCESS_PROC_STAT_H
#define FARMLOCK_PROCESS_PROC_STAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { PROC_NAME_SIZE = 16 };

/* /proc/PID/stat. */
struct proc_stat {
    char state;                /* 0 where it cannot be read */
    char name[PROC_NAME_SIZE]; /* its program's or its own, cut by the kernel */
    pid_t pid, parent, group, session;
    int threads;
    uint64_t start; /* in clock ticks since boot, the same for readers in all time namespaces; 0
                       where that cannot be told */
};

/* Reads about one process.  All is 0 when there is none, when it is hidden (hidepid), or when
 * /proc is that of another pid namespace.
 */
struct proc_stat proc_stat_read(pid_t pid);

/* True for a zombie; but not for a first thread that has ended while others of its process run. */
bool proc_stat_is_dead(const struct proc_stat *stat);

/* Calls `visit` for each process that can be seen and is not dead, until it returns false.
 * Returns 0, or -1 with errno when /proc cannot be read.
 */
int proc_stat_walk(bool (*visit)(void *context, const struct proc_stat *stat), void *context);

/* The same a little at a time. */
struct proc_walk {
    void *folder;  /* a DIR */
    bool is_blind; /* some processes were there, and could not be looked at */
};

/* Begins one, which proc_walk_fini() ends; -1 with errno when /proc cannot be read. */
int proc_walk_init(struct proc_walk *walk);
void proc_walk_fini(struct proc_walk *walk);

/* Fills *stat with the next process that can be seen and is not dead.  False when there is none:
 * one that lives from the begin of a walk to its end was among them, or the walk is blind. */
bool proc_walk_next(struct proc_walk *walk, struct proc_stat *stat);

/* What a process is called in pid namespaces (pid_namespaces(7)), as /proc/PID/status tells
 * everybody in NSpid. */
struct proc_pids {
    pid_t innermost; /* in its own */
    int depth;       /* of how many, from ours on inwards; 0 where the kernel does not tell */
};

/* Returns 0, or -1 with errno where it cannot be read. */
int proc_pids_read(pid_t pid, struct proc_pids *pids);

/* Signals of a process as sets, signal N being bit N - 1 (/proc/PID/status). */
struct proc_signals {
    uint64_t ignored, caught, blocked;
    uint64_t pending; /* for it or for its first thread */
};

/* Returns 0, or -1 with errno where they cannot be read. */
int proc_signals_read(pid_t pid, struct proc_signals *signals);

bool proc_signals_has(uint64_t set, int number);

#endif
