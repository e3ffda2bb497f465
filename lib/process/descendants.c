/* Finds descendants by their parents in /proc, and ends them.
 * Must not signal a process that has the pid of one that it saw. */
#include "descendants.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/array.h"
#include "proc_stat.h"
#include "process.h"
#include "process_ref.h"
#include "terminate.h"

enum { PAUSE_MS = 20 };

struct seen {
    pid_t pid, parent;
    uint64_t start;
    bool ours;
};

struct ending {
    struct seen *seen;
    size_t count, room;
    uint64_t signalled_at; /* who started before has had the signal; by process_clock() */
};

void descendants_keep(void)
{
    prctl(PR_SET_CHILD_SUBREAPER, 1);
}

static bool see(void *context, const struct proc_stat *stat)
{
    struct ending *ending = context;
    struct seen *more =
        array_grow(ending->seen, &ending->room, ending->count + 1, sizeof *ending->seen);

    if (more == NULL)
        return false;
    ending->seen = more;
    more[ending->count++] = (struct seen){
        .pid = stat->pid,
        .parent = stat->parent,
        .start = stat->start,
        .ours = stat->parent == getpid(),
    };
    return true;
}

static bool is_ours(const struct ending *ending, pid_t pid)
{
    for (size_t i = 0; i < ending->count; i++) {
        if (ending->seen[i].pid == pid)
            return ending->seen[i].ours;
    }
    return false;
}

/* A child may be listed before its parent: looks until nobody is new. */
static void find(struct ending *ending)
{
    bool found = true;

    ending->count = 0;
    proc_stat_walk(see, ending);
    while (found) {
        found = false;
        for (size_t i = 0; i < ending->count; i++) {
            struct seen *one = &ending->seen[i];

            if (!one->ours && is_ours(ending, one->parent))
                one->ours = found = true;
        }
    }
}

static void send_to(const struct seen *one, int number)
{
    struct process_ref ref;

    if (process_ref_open(&ref, one->pid, one->start) != 0)
        return;
    process_ref_signal(&ref, number);
    if (terminate_is_request(number))
        process_ref_signal(&ref, SIGCONT);
    process_ref_close(&ref);
}

static void ask(void *context)
{
    struct ending *ending = context;
    uint64_t now = process_clock();

    find(ending);
    for (size_t i = 0; i < ending->count; i++) {
        if (ending->seen[i].ours && ending->seen[i].start >= ending->signalled_at)
            send_to(&ending->seen[i], SIGTERM);
    }
    ending->signalled_at = now;
}

static void kill_all(void *context)
{
    struct ending *ending = context;

    find(ending);
    for (size_t i = 0; i < ending->count; i++) {
        if (ending->seen[i].ours)
            send_to(&ending->seen[i], SIGKILL);
    }
}

/* Another user's, such as sudo(8), would be waited for in vain. */
static bool is_done(void *context)
{
    struct ending *ending = context;

    find(ending);
    for (size_t i = 0; i < ending->count; i++) {
        if (ending->seen[i].ours && (kill(ending->seen[i].pid, 0) == 0 || errno != EPERM))
            return false;
    }
    return true;
}

void descendants_end(int64_t grace_ms)
{
    struct ending ending = {0};
    const struct terminate_target target = {
        .signal = ask,
        .is_done = is_done,
        .kill = kill_all,
        .context = &ending,
        .pause_ms = PAUSE_MS,
        .again = true,
    };

    terminate_run(&target, grace_ms);
    free(ending.seen);
}
