/* Finds descendants by their parents in /proc, and ends them.
 * Must not signal a process that has the pid of one that it saw. */
#include "descendants.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "census.h"
#include "process.h"
#include "process_ref.h"
#include "terminate.h"

enum { PAUSE_MS = 20 };

struct ending {
    struct census census;  /* as of the last look */
    uint64_t signalled_at; /* who started before has had the signal; by process_clock() */
};

void descendants_keep(void)
{
    prctl(PR_SET_CHILD_SUBREAPER, 1);
}

static void look(struct ending *ending)
{
    ending->census.count = 0;
    census_take(&ending->census);
}

/* A pid that was used again meanwhile may close the way up to a circle. */
static bool is_ours(const struct ending *ending, const struct census_entry *entry)
{
    for (size_t up = 0; entry != NULL && up < ending->census.count; up++) {
        if (entry->stat.parent == getpid())
            return true;
        entry = census_find(&ending->census, entry->stat.parent);
    }
    return false;
}

static void send_to(const struct proc_stat *stat, int number)
{
    struct process_ref ref;

    if (process_ref_open(&ref, stat->pid, stat->start) != 0)
        return;
    process_ref_signal(&ref, number);
    if (terminate_needs_continue(number))
        process_ref_signal(&ref, SIGCONT);
    process_ref_close(&ref);
}

/* To those of ours who have started since. */
static void send_to_all(struct ending *ending, int number, uint64_t since)
{
    look(ending);
    for (size_t i = 0; i < ending->census.count; i++) {
        const struct census_entry *entry = &ending->census.entries[i];

        if (entry->stat.start >= since && is_ours(ending, entry))
            send_to(&entry->stat, number);
    }
}

static void ask(void *context)
{
    struct ending *ending = context;
    uint64_t now = process_clock();

    send_to_all(ending, SIGTERM, ending->signalled_at);
    ending->signalled_at = now;
}

static void kill_all(void *context)
{
    send_to_all(context, SIGKILL, 0);
}

/* Another user's, such as sudo(8), would be waited for in vain. */
static bool is_done(void *context)
{
    struct ending *ending = context;

    look(ending);
    for (size_t i = 0; i < ending->census.count; i++) {
        const struct census_entry *entry = &ending->census.entries[i];

        if (is_ours(ending, entry) && (kill(entry->stat.pid, 0) == 0 || errno != EPERM))
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
    census_fini(&ending.census);
}
