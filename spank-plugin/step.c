/* The plugin in slurmstepd: decides whether a step is watched, by whom, and logs what comes of it.
 * Must not wait for anything but a fork, nor make a descriptor that is needed longer anywhere but
 * in step_begin(): under contain_spank the hooks of tasks run in a process that shares slurmstepd's
 * memory, but has descriptors of its own, and ends with the hook. */
#include "step.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "allocator.h"
#include "base/clock.h"
#include "base/descriptor.h"
#include "contact.h"
#include "peer_watch.h"
#include "watcher.h"

static struct {
    bool watched;
    struct contact contact;
    struct allocator allocator;
    char text[CONTACT_SIZE];
    char host[64]; /* srun's */
    struct peer_watch line;
    pid_t *tasks;
    uint32_t seen, expected; /* tasks */
    pid_t slurmstepd;
    int reports[2]; /* of the watcher: where they are read, and its own end; below 0 for none */
} step = {.line = {.fd = -1}, .reports = {-1, -1}};

/* Such as "7.0", or "7.interactive" for what salloc starts; what cannot be told is 0. */
static const char *step_name(spank_t spank, char name[32])
{
    uint32_t job = 0, number = 0;

    spank_get_item(spank, S_JOB_ID, &job);
    spank_get_item(spank, S_JOB_STEPID, &number);
    if (number == SLURM_INTERACTIVE_STEP)
        snprintf(name, 32, "%u.interactive", job);
    else
        snprintf(name, 32, "%u.%u", job, number);
    return name;
}

static void log_report(const struct plugin *plugin, spank_t spank, char what)
{
    char name[32];

    step_name(spank, name);
    if (what == REPORT_DEAD)
        slurm_info("pidwatch: step %s: its srun (process %d) is dead; its processes were sent "
                   "signal %d",
                   name, (int)step.contact.pid, plugin->settings.signal);
    else if (what == REPORT_UNREACHABLE)
        slurm_info("pidwatch: step %s: the host of its srun has been silent for %lld s; its "
                   "processes were sent signal %d",
                   name, (long long)plugin->settings.unreachable_ms / 1000,
                   plugin->settings.signal);
    else if (what == REPORT_KILLED)
        slurm_info("pidwatch: step %s: processes that were left after the grace were killed", name);
    else if (what == REPORT_NO_CONTACT)
        slurm_error("pidwatch: step %s: neither port %u of its srun nor pidstatd on its host can "
                    "be reached; it is not watched until one is: is a firewall between them? See "
                    "ports= in pidwatch-spank(8)",
                    name, step.contact.port);
    else if (what == REPORT_FOREIGN)
        slurm_error("pidwatch: step %s: the pidstatd on %s is in a container and cannot tell of "
                    "srun (process %d): run one outside, on the host itself",
                    name, step.host, (int)step.contact.pid);
    else if (what == REPORT_CLASSIC)
        slurm_error("pidwatch: step %s: the pidstatd on %s is a classic one and not believed about "
                    "srun (process %d): run farmlock's there, or see classic-pidstatd= in "
                    "pidwatch-spank(8)",
                    name, step.host, (int)step.contact.pid);
    else
        slurm_error("pidwatch: step %s: the watcher lacks memory or rights; the step is not "
                    "watched",
                    name);
}

void step_take_reports(const struct plugin *plugin, spank_t spank)
{
    char bytes[16];
    ssize_t len = step.reports[0] < 0 ? 0 : read(step.reports[0], bytes, sizeof bytes);

    for (ssize_t i = 0; i < len; i++)
        log_report(plugin, spank, bytes[i]);
}

void step_end(const struct plugin *plugin, spank_t spank)
{
    step_take_reports(plugin, spank);
    for (size_t i = 0; i < 2; i++) {
        descriptor_close(step.reports[i]);
        step.reports[i] = -1;
    }
    peer_watch_close(&step.line);
    free(step.tasks);
    step.tasks = NULL;
    step.watched = false;
}

static bool is_launched_by_srun(spank_t spank)
{
    uint32_t number;

    return spank_get_item(spank, S_JOB_STEPID, &number) == ESPANK_SUCCESS &&
           number != SLURM_BATCH_SCRIPT && number != SLURM_EXTERN_CONT;
}

static bool is_interactive(spank_t spank)
{
    uint32_t number;

    return spank_get_item(spank, S_JOB_STEPID, &number) == ESPANK_SUCCESS &&
           number == SLURM_INTERACTIVE_STEP;
}

/* What is there is not srun's, where it makes no sense. */
static void take_allocator(spank_t spank)
{
    char text[ALLOCATOR_SIZE];

    if (spank_getenv(spank, ALLOCATOR_VARIABLE, text, sizeof text) == ESPANK_SUCCESS)
        allocator_parse(&step.allocator, text);
    spank_unsetenv(spank, ALLOCATOR_VARIABLE);
    spank_unsetenv(spank, ALLOCATOR_SALLOC_VARIABLE);
}

/* Anybody may have written it. */
static bool take_contact(spank_t spank)
{
    spank_err_t error = spank_getenv(spank, CONTACT_VARIABLE, step.text, sizeof step.text);
    char name[32];

    spank_unsetenv(spank, CONTACT_VARIABLE);
    spank_unsetenv(spank, CONTACT_MARK);
    if (error == ESPANK_ENV_NOEXIST || !is_launched_by_srun(spank))
        return false;
    if (error == ESPANK_SUCCESS && contact_parse(&step.contact, step.text) == 0)
        return true;
    slurm_error("pidwatch: step %s: %s is not what srun writes; the step is not watched",
                step_name(spank, name), CONTACT_VARIABLE);
    return false;
}

/* Before Slurm connects to srun for input and output: while srun cannot be reached for these there
 * are no tasks, so that none is there whose srun has died before we knew it.  slurmd wrote the
 * address itself, from where the launch came. */
static bool connect_to_srun(const struct plugin *plugin, spank_t spank)
{
    return spank_getenv(spank, "SLURM_SRUN_COMM_HOST", step.host, sizeof step.host) ==
               ESPANK_SUCCESS &&
           peer_watch_open(&step.line, step.host, step.contact.port,
                           plugin->settings.unreachable_ms, clock_now_ms()) == 0;
}

static void say_no_watcher(spank_t spank)
{
    int number = errno;
    char name[32];

    slurm_error("pidwatch: step %s: cannot start a watcher: %s; the step is not watched",
                step_name(spank, name), strerror(number));
}

void step_begin(const struct plugin *plugin, spank_t spank)
{
    char name[32];
    uint32_t count;

    take_allocator(spank);
    if (!take_contact(spank) ||
        spank_get_item(spank, S_JOB_LOCAL_TASK_COUNT, &count) != ESPANK_SUCCESS || count == 0)
        return;
    if (!connect_to_srun(plugin, spank)) {
        slurm_error("pidwatch: step %s: slurmd does not say where its srun is; the step is not "
                    "watched",
                    step_name(spank, name));
        return;
    }
    step.tasks = calloc(count, sizeof *step.tasks);
    step.expected = count;
    step.slurmstepd = getpid();
    step.watched = step.tasks != NULL && watcher_open_reports(step.reports) == 0;
    if (!step.watched)
        say_no_watcher(spank);
    else
        spank_setenv(spank, CONTACT_MARK, step.text, 1);
}

static int take_groups(spank_t spank, struct watcher *watcher)
{
    gid_t *groups = NULL;
    int count = 0;

    if (spank_get_item(spank, S_JOB_UID, &watcher->uid) != ESPANK_SUCCESS ||
        spank_get_item(spank, S_JOB_GID, &watcher->gid) != ESPANK_SUCCESS)
        return -1;
    if (spank_get_item(spank, S_JOB_SUPPLEMENTARY_GIDS, &groups, &count) == ESPANK_SUCCESS &&
        count > 0) {
        watcher->groups = groups;
        watcher->group_count = (size_t)count;
    }
    return 0;
}

static int start_watcher(const struct plugin *plugin, spank_t spank)
{
    struct watcher watcher = {
        .settings = plugin->settings,
        .contact = step.contact,
        .allocator = step.allocator,
        .line = step.line,
        .tasks = step.tasks,
        .task_count = step.seen,
        .slurmstepd = step.slurmstepd,
        .report_fd = step.reports[1],
    };

    if (take_groups(spank, &watcher) != 0 ||
        spank_get_item(spank, S_JOB_ID, &watcher.job) != ESPANK_SUCCESS ||
        spank_get_item(spank, S_JOB_NODEID, &watcher.node_id) != ESPANK_SUCCESS) {
        errno = ENODATA;
        return -1;
    }
    memcpy(watcher.host, step.host, sizeof watcher.host);
    watcher.interactive = is_interactive(spank);
    snprintf(watcher.mark, sizeof watcher.mark, "%s=%s", CONTACT_MARK, step.text);
    return watcher_start(&watcher);
}

/* The watcher has the line now.  A copy of slurmstepd's descriptors goes by itself, and the number
 * is still needed to close slurmstepd's own. */
static void leave_line(void)
{
    if (getpid() == step.slurmstepd)
        peer_watch_close(&step.line);
}

void step_add_task(const struct plugin *plugin, spank_t spank)
{
    pid_t pid;

    if (!step.watched || step.seen == step.expected ||
        spank_get_item(spank, S_TASK_PID, &pid) != ESPANK_SUCCESS)
        return;
    step.tasks[step.seen++] = pid;
    if (step.seen < step.expected)
        return;
    if (start_watcher(plugin, spank) != 0)
        say_no_watcher(spank);
    leave_line();
}
