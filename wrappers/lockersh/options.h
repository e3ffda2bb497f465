/* The command line of lockersh. */
#ifndef FARMLOCK_LOCKERSH_OPTIONS_H
#define FARMLOCK_LOCKERSH_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "grant_format.h"
#include "list_options.h"
#include "lock/demand.h"
#include "loss.h"
#include "progress.h"

enum { LOCKERSH_GROUPS_MAX = 64 };

enum lockersh_action {
    LOCKERSH_RUN,
    LOCKERSH_LIST,
    LOCKERSH_OWNER,
    LOCKERSH_BREAK,
    LOCKERSH_PING,
    LOCKERSH_EXPLAIN,
    LOCKERSH_POOLS,
    LOCKERSH_OUTSIDE,
    LOCKERSH_OFFLINE,
    LOCKERSH_ONLINE,
    LOCKERSH_UNLOCK,
    LOCKERSH_EXTEND,
    LOCKERSH_CANCEL,
    LOCKERSH_CANCEL_JOB,
    LOCKERSH_SHOW_CONFIG,
};

/* Which process a lock is for, other than the command's. */
struct for_pid_options {
    char host[256]; /* "": this one */
    pid_t pid;      /* 0: none */
    uint16_t port;  /* of its pidstatd; 0: the usual one */
    const char *file;
    bool print;
    enum grant_format format;
};

/* defaults/defaults.h */
struct defaults;

/* Of tries: as many as the library does by itself. */
#define OPTIONS_NO_TRIES UINT64_MAX

struct lockersh_options {
    enum lockersh_action action;
    const char *target; /* of LOCKERSH_OWNER, _BREAK, _OUTSIDE, _OFFLINE, _ONLINE, _UNLOCK,
                         * _EXTEND */
    const char *hosts, *port, *path;
    struct lock_demand demand; /* its names are lists as given: "a:b", "vcs[1-8]" */
    bool counted;              /* the last group has had its --count */
    bool nonblock, nested_wait;
    int64_t wait_ms; /* -1: for ever */
    uint64_t hold_s, tries;
    uint64_t lost_after_s;
    int64_t keep_ms;
    bool until_boot;
    int64_t delay_ms;
    int64_t queue_most; /* -1: any number */
    uint64_t conflict_status;
    const char *project, *reason;
    int priority;
    uint64_t for_s; /* of LOCKERSH_OUTSIDE and _OFFLINE */
    struct loss_plan loss;
    bool descendants;
    struct for_pid_options for_pid;
    struct list_options list;
    const char *format; /* as it was given: what that means depends on the action */
    bool exec, json, verbose, quiet, debug;
    char **command;            /* ends with NULL */
    struct defaults *defaults; /* clients' files, which texts above may point into */
};

/* Reads a command line and, for what it does not say, clients' files.  Returns -1 to go on, or the
 * status to exit with after what there was to say or to print.  Strings are those of argv;
 * lockersh_options_fini() frees the rest, in either case.
 */
int lockersh_options_parse(struct lockersh_options *options, int argc, char **argv);
void lockersh_options_fini(struct lockersh_options *options);

/* How much is said while it waits. */
enum progress_talk lockersh_options_talk(const struct lockersh_options *options);

/* Writes what is to be locked as it was given: "a:b and 2 of c[1-3]"; harmless for a terminal, and
 * cut where it is long.
 */
void lockersh_options_describe(const struct lockersh_options *options, char *out, size_t out_size);

#endif
