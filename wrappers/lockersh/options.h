/* The command line of lockersh. */
#ifndef FARMLOCK_LOCKERSH_OPTIONS_H
#define FARMLOCK_LOCKERSH_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipclocker.h"
#include "lock/demand.h"

enum { LOCKERSH_GROUPS_MAX = 64 };

enum lockersh_action {
    LOCKERSH_RUN,
    LOCKERSH_LIST,
    LOCKERSH_OWNER,
    LOCKERSH_BREAK,
    LOCKERSH_PING,
};

struct lockersh_options {
    enum lockersh_action action;
    const char *target; /* of LOCKERSH_OWNER and LOCKERSH_BREAK */
    const char *job;    /* of LOCKERSH_LIST; NULL: of all jobs, and what belongs to none */
    const char *hosts, *port, *path;
    struct lock_demand demand; /* its names are lists as given: "a:b", "vcs[1-8]" */
    bool counted;              /* the last group has had its --count */
    bool nonblock;
    int64_t wait_ms; /* -1: for ever */
    uint64_t hold_s, tries;
    int64_t delay_ms;
    uint64_t conflict_status;
    bool exec, json, verbose, debug;
    char **command; /* ends with NULL */
};

/* Reads a command line.  Returns -1 to go on, or the status to exit with after what there was to
 * say or to print.  Strings are those of argv; lockersh_options_fini() frees the rest, in either
 * case.
 */
int lockersh_options_parse(struct lockersh_options *options, int argc, char **argv);
void lockersh_options_fini(struct lockersh_options *options);

/* Writes what is to be locked as it was given: "a:b and 2 of c[1-3]"; harmless for a terminal, and
 * cut where it is long.
 */
void lockersh_options_describe(const struct lockersh_options *options, char *out, size_t out_size);

/* Sets a handle's parameters accordingly.  Returns 0, or the status to exit with after saying what
 * is wrong. */
int lockersh_options_apply(const struct lockersh_options *options, struct ipclocker *lock);

#endif
