/* The processes that the tasks of a job step have become: what is to end with them.
 *
 * A process belongs to them if it is
 *   - a task, or a descendant of one or of a process that was found before;
 *   - in the process group and session of one that was found before, whoever is its parent by now;
 *   - a process that was started with the step's mark in its environment;
 *   - in the step's control group, where Slurm has made one.
 * So a daemon that forked twice and made a session of its own is found, too.
 */
#ifndef FARMLOCK_PROCESS_OFFSPRING_H
#define FARMLOCK_PROCESS_OFFSPRING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A process, and what was done to it. */
struct offspring_member {
    pid_t pid;
    uint64_t start;
    bool signalled, stopped;
};

/* A process group that has, or a moment ago had, members of the step. */
struct offspring_group {
    pid_t group, session;
    uint64_t seen_at; /* by process_clock(); 0 for a task's, which is never forgotten */
};

struct offspring {
    /* To be set by the caller, the strings valid as long as this is used. */
    const char *mark; /* "NAME=value" in the environment; NULL for none */
    pid_t except;     /* this process is never one of them, nor is the caller itself */

    struct offspring_member *members; /* by pid; those that are alive */
    size_t count, room;
    struct offspring_group *groups;
    size_t group_count, group_room;
    char control[512]; /* their control group, "" for none */
};

/* Fills an offspring, all-zero but for what the caller sets, with the tasks, which must be alive.
 * Returns 0, or -1 with errno ENOMEM.
 */
int offspring_init(struct offspring *them, const pid_t *tasks, size_t count);
void offspring_fini(struct offspring *them);

/* Looks again: drops members that have ended, adds new ones.  Only processes of the caller's own
 * user are looked at.  Returns how many are new, or -1 with errno.
 */
ssize_t offspring_find(struct offspring *them);

/* Sends a signal to each that was found and has not had it yet, with SIGCONT if it is one that asks
 * to end.
 */
void offspring_signal(struct offspring *them, int number);

/* True when nobody is left.  One look may miss a process that lives for a moment only, while the
 * next takes its place: this takes many.
 */
bool offspring_is_gone(struct offspring *them);

/* Ends them all: finds and stops whoever there is, by whole groups so that nobody can fork away,
 * until no new one is found; then kills.
 */
void offspring_kill(struct offspring *them);

/* The part of a line of /proc/PID/cgroup (cgroups(7)) that names a job step of Slurm's, such as
 * "0::/system.slice/slurmstepd.scope/job_7/step_0", from the text of the whole file.  False where
 * there is none.
 */
bool offspring_parse_control(const char *text, char *out, size_t size);

#endif
