/* The process that watches one step on one node: left behind by slurmstepd, it sleeps until the
 * step ends, or ends the step's processes when srun is dead. */
#ifndef FARMLOCK_SPANK_WATCHER_H
#define FARMLOCK_SPANK_WATCHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "allocator.h"
#include "contact.h"
#include "peer_watch.h"
#include "settings.h"

/* What a watcher has to say, one byte each, for slurmd's log. */
enum watcher_report {
    REPORT_DEAD = 'd',        /* srun is dead; its tasks are being ended */
    REPORT_UNREACHABLE = 'u', /* the same, for srun's host has been silent for too long */
    REPORT_KILLED = 'k',      /* some had to be killed */
    REPORT_NO_CONTACT = 'c',  /* neither srun's port nor pidstatd has answered so far */
    REPORT_FOREIGN = 'n',     /* pidstatd there is in a container, and knows nothing of srun */
    REPORT_CLASSIC = 'o',     /* pidstatd there is of the classic package, and not believed */
    REPORT_FAILED = 'f',      /* it cannot watch, for lack of memory or descriptors */
};

/* Valid in the caller until watcher_start() returns. */
struct watcher {
    struct settings settings;
    struct contact contact;
    struct allocator allocator; /* all zero for none */
    bool interactive;           /* the step is salloc's command, which ends with it */
    char host[64];              /* srun's, a numeric address */
    /* To there, the caller's; begun before there are tasks, so that no srun dies unseen that has
     * some. */
    struct peer_watch line;
    char mark[sizeof CONTACT_MARK + 1 + CONTACT_SIZE];

    const pid_t *tasks;
    size_t task_count;

    /* Whose processes they are; the watcher becomes that user, where it is root. */
    uid_t uid;
    gid_t gid;
    const gid_t *groups;
    size_t group_count;

    pid_t slurmstepd; /* which is none of the step's processes */
    int report_fd;    /* of watcher_open_reports() */

    uint32_t job;     /* to be cancelled where nobody is left who would use it */
    uint32_t node_id; /* rank of this node in it: the first cancels, others step in */
};

/* Makes the pipe of a watcher's reports: ends[0] is read from, without blocking, ends[1] is for the
 * watcher.  Whoever calls keeps both: a watcher lives for as long as the reading end is open
 * anywhere.  Returns 0, or -1 with errno.
 */
int watcher_open_reports(int ends[2]);

/* Leaves a watcher behind.  The process that calls may end, and its descriptors with it, as soon as
 * this returns.  Returns 0, or -1 with errno when there is none.
 */
int watcher_start(const struct watcher *watcher);

#endif
