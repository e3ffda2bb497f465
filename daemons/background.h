/* Starting a daemon: in the foreground, or detached under a parent that restarts it. */
#ifndef FARMLOCK_BACKGROUND_H
#define FARMLOCK_BACKGROUND_H

#include <stdbool.h>

struct background {
    const char *name;     /* of the program, for messages */
    const char *pid_file; /* written when it serves, removed at the end; NULL for none */
    bool foreground;      /* serve in the calling process (--nofork) */
    bool quiet;           /* the log does not need standard error: let go of it once serving */

    /* Serves until it is told to end.  Calls background_ready() once it does serve.  Returns the
     * exit status: 0 after an orderly end, anything else is a failure to be restarted from.
     */
    int (*serve)(void *context);

    /* Is called in the parent when the server has ended and may be started again; NULL for nothing.
     */
    void (*died)(void *context);

    /* Is called in a process of its own, which the parent waits for, for five seconds at most, when
     * a server that has served is not back soon: it dies again at once, waits for its next start,
     * or is not started again.  NULL for nothing. */
    void (*away)(void *context);

    /* Is called when the server has ended for good, in the process that kept the rights it was
     * started with; NULL for nothing. */
    void (*ended)(void *context);
    void *context;
};

/* Runs a daemon; the return value is for main() to exit with.
 *
 * Not in the foreground, the calling process returns 0 as soon as the server is ready, or the
 * status of a server that ended before, which has said why on standard error.  A parent process
 * stays behind and starts the server again, with growing delays, when it dies; it passes SIGTERM,
 * SIGINT, SIGHUP and SIGUSR1 on to it and ends with it.
 * Descriptors opened before the call, listening sockets above all, outlive a restart.
 */
int background_run(const struct background *background);

/* Reports readiness: to the process that waits in background_run(), and to systemd where
 * NOTIFY_SOCKET is set (sd_notify(3)).
 */
void background_ready(void);

/* Whether the server that runs comes after one that has served and died. */
bool background_is_again(void);

#endif
