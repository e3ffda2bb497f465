/* Ends one process of this host when another process, here or elsewhere, has ended.
 * The engine of pidwatch(1); blocks, and is meant for a process of its own (see
 * process/double_fork.h). */
#ifndef FARMLOCK_PIDWATCH_WATCH_H
#define FARMLOCK_PIDWATCH_WATCH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "process/process_ref.h"

/* Things that a user may want to know, each told at most once. */
enum pidwatch_news {
    PIDWATCH_ANSWERED,   /* the first answer came; nothing is told after that */
    PIDWATCH_UNRESOLVED, /* the host's name does not resolve */
    PIDWATCH_SILENT,     /* nobody answers there */
};

struct pidwatch {
    /* The process that is watched. */
    const char *host; /* NULL for this one */
    uint16_t port;    /* 0 for the default */
    pid_t pid;
    uint64_t start; /* 0 where not known */

    /* The process that is ended. */
    struct process_ref victim; /* not closed here */

    int signal;
    const char *killer;   /* run as "KILLER -SIGNAL PID" instead of a signal; or NULL */
    const char *shown;    /* SIGNAL as the killer gets it */
    bool group;           /* signal the victim's whole process group */
    int64_t grace_ms;     /* send SIGKILL that much later if it still lives; below 0: do not */
    int64_t host_down_ms; /* take a host that is silent that long for dead; below 0: never */

    void (*news)(void *context, enum pidwatch_news news); /* may be NULL */
    void *context;
    void (*trace)(void *context, const char *what, const char *host, const char *text);
};

/* Watches until either process has ended and, if it was the watched one, the other was signalled.
 * The victim is signalled only while it is certain that it is the same process.
 * Returns 1 when the watched process ended or its host was taken for dead, 0 when the victim
 * ended, -1 with errno when it could not watch.
 */
int pidwatch_run(const struct pidwatch *watch);

#endif
