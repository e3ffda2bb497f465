/* Ends one process of this host, or what comes from it, when another process, here or elsewhere,
 * has ended.  The engine of pidwatch(1); blocks, and is meant for a process of its own (see
 * process/double_fork.h). */
#ifndef FARMLOCK_PIDWATCH_WATCH_H
#define FARMLOCK_PIDWATCH_WATCH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "process/control_group.h"
#include "process/process_ref.h"

enum {
    WATCH_TRY_MS = 150, /* how long an answer may take before the next question */
    /* What three datagrams that are lost in a row take: less is no silence of a host. */
    WATCH_SILENCE_MIN_MS = 3 * WATCH_TRY_MS,
};

/* Things that a user may want to know. */
enum pidwatch_news_kind {
    /* Of the watched side; each is told at most once, and the last five not after the first. */
    PIDWATCH_ANSWERED,   /* the first answer came */
    PIDWATCH_UNRESOLVED, /* the host's name does not resolve */
    PIDWATCH_SILENT,     /* nobody answers there */
    PIDWATCH_REFUSED,    /* the host does, but no pidstatd is there */
    PIDWATCH_FOREIGN,    /* that one is in a container: the process is none of its namespace */
    PIDWATCH_CLASSIC,    /* that one is of the classic package, which was not to be believed */
    /* Why the victim is about to be ended. */
    PIDWATCH_ENDED,      /* the watched process has ended */
    PIDWATCH_NEVER_SEEN, /* there was none when the watch began */
    PIDWATCH_HOST_DOWN,  /* its host has been silent for so long as was set */
    /* How that goes. */
    PIDWATCH_PRESSED, /* process `pid` ignores or blocks `signal`, and gets `next` */
    PIDWATCH_LEFT,    /* process `pid`, and `others` more, still run `seconds` behind `signal` */
    PIDWATCH_DENIED,  /* process `pid` is another user's, and was not signalled */
};

struct pidwatch_news {
    enum pidwatch_news_kind kind;
    pid_t pid;
    int signal, next;
    size_t others;
    uint64_t pid_namespace; /* of PIDWATCH_FOREIGN */
};

enum pidwatch_scope {
    PIDWATCH_PROCESS, /* the victim alone */
    PIDWATCH_GROUP,   /* its process group */
    PIDWATCH_TREE,    /* it and all that comes from it, see process/offspring.h */
};

struct pidwatch {
    /* The process that is watched. */
    const char *host; /* NULL for this one */
    uint16_t port;    /* 0 for the default */
    pid_t pid;
    uint64_t start;         /* 0 where not known */
    bool seen;              /* it has been seen already */
    uint64_t pid_namespace; /* 0 where not known */
    bool any_namespace;     /* whatever the daemon there speaks for */
    unsigned no_classic;    /* a daemon of the classic package is not believed */

    /* The process that is ended. */
    struct process_ref victim; /* not closed here */
    enum pidwatch_scope scope;
    char mark[64];                    /* of PIDWATCH_TREE, see there; "" for none */
    char control[CONTROL_GROUP_SIZE]; /* the same */

    int signal;
    const char *killer;   /* run as "KILLER -SIGNAL PID" instead of a signal; or NULL */
    const char *shown;    /* SIGNAL as the killer gets it */
    int64_t grace_ms;     /* send SIGKILL that much later if it still lives; below 0: do not */
    int64_t host_down_ms; /* take a host that is silent that long for dead; below 0: never */

    void (*news)(void *context, const struct pidwatch_news *news); /* may be NULL */
    void *context;
    void (*trace)(void *context, const char *what, const char *host, const char *text);
};

/* Watches until either process has ended and, if it was the watched one, the other was signalled
 * and seen to end, or it is told what was left of it. The victim is signalled only while it is
 * certain that it is the same process. Returns 1 when the watched process ended or its host was
 * taken for dead, 0 when the victim ended, -1 with errno when it could not watch.
 */
int pidwatch_run(const struct pidwatch *watch);

#endif
