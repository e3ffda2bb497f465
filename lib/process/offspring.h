/* The processes that one or more have become: what is to end with them.
 *
 * A process belongs to them if it is
 *   - one of those to begin with (a task), or a descendant of one or of one that was found before;
 *   - in the process group and session of one that was found before, whoever is its parent by now;
 *   - a process that was started with the mark in its environment;
 *   - in their control group, where they have one to themselves.
 * So a daemon that forked twice and made a session of its own is found, too.
 */
#ifndef FARMLOCK_PROCESS_OFFSPRING_H
#define FARMLOCK_PROCESS_OFFSPRING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "control_group.h"

/* A process, and what was done to it. */
struct offspring_member {
    pid_t pid;
    uint64_t start;
    int sent;        /* the last signal; 0 for none */
    int64_t sent_ms; /* by clock_now_ms() */
    bool stopped;
};

/* A process group that has, or a moment ago had, members of theirs. */
struct offspring_group {
    pid_t group, session;
    uint64_t seen_at; /* by process_clock(); 0 for a task's, which is never forgotten */
};

enum offspring_scope {
    OFFSPRING_TREE,  /* all of the above */
    OFFSPRING_GROUP, /* the process groups of the tasks, and no more */
};

struct offspring {
    /* To be set by the caller, the strings valid as long as this is used. */
    enum offspring_scope scope;
    const char *mark; /* "NAME=value" in the environment; NULL for none */
    pid_t except;     /* this process is never one of them, nor is the caller itself */
    bool pinned;      /* the tasks' groups have no strangers in them, and somebody sees to it that
                         their numbers do not become others' */
    control_group_fn *take_control;   /* which control group is theirs; NULL for none */
    char control[CONTROL_GROUP_SIZE]; /* it; "" for that of the first task */

    struct offspring_member *members; /* by pid; those that are alive */
    size_t count, room;
    struct offspring_group *groups;
    size_t group_count, group_room;
    pid_t untouchable; /* a descendant that is another user's, as of the last look; 0 for none */
};

/* Fills an offspring, all-zero but for what the caller sets, with the tasks, which must be alive.
 * Returns 0, or -1 with errno ENOMEM.
 */
int offspring_init(struct offspring *them, const pid_t *tasks, size_t count);
void offspring_fini(struct offspring *them);

/* Looks again: drops members that have ended, adds new ones.  Only processes that the caller may
 * signal are taken, its own user's or, for root, all.  Returns how many are new, or -1 with errno.
 */
ssize_t offspring_find(struct offspring *them);

/* Sends a signal to each that was found and has not had one yet, with SIGCONT if it is one that a
 * stopped process may not notice.
 */
void offspring_signal(struct offspring *them, int number);

/* Sends the next signal to those that cannot hear what they were sent (see
 * terminate_next_signal()), and calls `tell`, which may be NULL, for each. */
void offspring_press(struct offspring *them,
                     void (*tell)(void *context, pid_t pid, int ignored, int next), void *context);

/* True when nobody is left.  One look may miss a process that lives for a moment only, while the
 * next takes its place: this takes many.
 */
bool offspring_is_gone(struct offspring *them);

/* Ends them all: finds and stops whoever there is, by whole groups so that nobody can fork away,
 * until no new one is found; then kills.
 */
void offspring_kill(struct offspring *them);

#endif
