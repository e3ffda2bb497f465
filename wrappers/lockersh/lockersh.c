/* lockersh: runs a command while it holds a lock, and shows who holds which.
 * Must not outlive the start of the command: it becomes it. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "apply.h"
#include "base/descriptor.h"
#include "base/error_text.h"
#include "base/name_list.h"
#include "base/text.h"
#include "cancel.h"
#include "cli/message.h"
#include "client/lent_defaults.h"
#include "conversation.h"
#include "for_pid.h"
#include "forecast.h"
#include "grant_format.h"
#include "grants.h"
#include "gridengine.h"
#include "held_list.h"
#include "monitor.h"
#include "options.h"
#include "ping.h"
#include "pool_acts.h"
#include "process/first_process.h"
#include "uricommand/shell_line.h"
#include "wait.h"

enum { EXIT_FREE = 1, EXIT_NOT_EXECUTABLE = 126, EXIT_NOT_FOUND = 127, RELEASE_TRIES = 3 };

struct lockersh {
    struct lockersh_options options;
    struct ipclocker *lock;
    struct progress progress;
    const char *target;   /* the lock that is being broken */
    bool found_free;      /* by --owner */
    struct loss loss;     /* of the lock of a job whose first process we are */
    struct family family; /* with --descendants */
    char *line;           /* the command, for a shell; NULL with --exec, or without memory */
    struct conversation conversation; /* with --debug; the last, as it is large */
};

/* How the wait goes is shown by the progress line; the library says "taken from OWNER". */
static void on_notice(void *context, enum ipclocker_notice notice, const char *text)
{
    struct lockersh *self = context;

    if (notice == IPCLOCKER_NOTICE_BROKE && self->target != NULL)
        printf("%s was %s\n", self->target, text);
    if (notice != IPCLOCKER_NOTICE_RETRY && notice != IPCLOCKER_NOTICE_SECOND)
        return;
    progress_clear(&self->progress);
    cli_error("lockersh", 0, "%s", text);
}

/* The exit status for what a call of the library failed with. */
static int status_of(const struct lockersh *self, int number)
{
    switch (number) {
    case EAGAIN:
        return EX_TEMPFAIL;
    case EBUSY:
    case ETIMEDOUT:
    case EDEADLK:
    case ECANCELED:
        return (int)self->options.conflict_status;
    case EINVAL:
    case E2BIG:
    case ENAMETOOLONG:
        return EX_USAGE;
    case ENOMEM:
    case EMFILE:
    case ENFILE:
        return EX_OSERR;
    default:
        return EX_UNAVAILABLE;
    }
}

static int fail(struct lockersh *self)
{
    int status = status_of(self, errno);

    progress_clear(&self->progress);
    return cli_error("lockersh", status, "%s", ipclocker_error(self->lock));
}

static int print_owner(struct lockersh *self, const char *name, bool alone)
{
    const char *owner = ipclocker_owner(self->lock);
    char *clean, *rest, *one;

    if (owner == NULL)
        return fail(self);
    clean = text_clean_dup(owner);
    if (clean == NULL)
        return EX_OSERR;
    self->found_free |= *clean == '\0';
    rest = clean;
    while (*clean != '\0' && (one = strsep(&rest, " ")) != NULL) {
        if (alone)
            puts(one);
        else
            printf("%-20s %s\n", name, one);
    }
    free(clean);
    return 0;
}

static int break_one(struct lockersh *self, const char *name)
{
    int count;

    self->target = name;
    count = ipclocker_break_lock(self->lock);
    self->target = NULL;
    if (count < 0)
        return fail(self);
    if (count == 0)
        printf("%s was not held\n", name);
    return 0;
}

/* Does something with each name of --owner or --break. */
static int for_each_target(struct lockersh *self)
{
    struct name_list names = {0};
    char error[256], clean[4 * NAME_LIST_NAME_LEN_MAX + 1];
    int status = 0;

    if (name_list_append(&names, self->options.target, error, sizeof error) != 0)
        return cli_error("lockersh", EX_USAGE, "--%s: %s",
                         self->options.action == LOCKERSH_OWNER ? "owner" : "break", error);
    for (size_t i = 0; i < names.count && status == 0; i++) {
        text_clean(clean, sizeof clean, names.names[i], strlen(names.names[i]));
        if (ipclocker_set_locks(self->lock, names.names[i], 1) != 0)
            status = fail(self);
        else if (self->options.action == LOCKERSH_OWNER)
            status = print_owner(self, clean, names.count == 1);
        else
            status = break_one(self, clean);
    }
    name_list_fini(&names);
    return status == 0 && self->found_free ? EXIT_FREE : status;
}

/* Becomes the command; returns the exit status when it cannot be run.  The monitor gives the lock
 * back then, as after any end. */
static int become_command(struct lockersh *self)
{
    char **command = self->options.command;

    if (self->options.exec) {
        execvp(command[0], command);
    } else if (self->line != NULL) {
        execl("/bin/sh", "sh", "-c", self->line, (char *)NULL);
    } else {
        errno = ENOMEM;
    }
    return cli_error("lockersh", errno == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE,
                     "cannot run %s: %s", self->options.exec ? command[0] : "/bin/sh",
                     error_text(errno));
}

static int prepare_lock(void *context, struct pollfd *poll_fd)
{
    struct lockersh *self = context;

    return loss_prepare(&self->loss, self->lock, poll_fd);
}

static void keep_lock(void *context)
{
    struct lockersh *self = context;

    loss_work(&self->loss, self->lock);
}

static int leave_monitor(struct lockersh *self)
{
    const char *path = self->options.for_pid.file;
    struct monitor_plan plan = {.loss = &self->options.loss};
    struct pid_file file = {0};
    struct subject command;
    int result;

    if (path != NULL && pid_file_init(&file, path) != 0)
        return -1;
    if (path != NULL)
        plan.file = &file;
    if (self->options.descendants)
        plan.family = &self->family;
    result = subject_open_here(&command, getpid());
    if (result == 0 && plan.family != NULL)
        result = family_found(&self->family);
    if (result == 0)
        result = monitor_start(self->lock, &command, &plan);
    subject_close(&command);
    pid_file_fini(&file);
    return result;
}

/* Returns 0 in the process that becomes the command; 1 in one that outlived it, with the status to
 * exit with; -1 with errno. */
static int watch_over_command(struct lockersh *self, const sigset_t *mask, int *status)
{
    const struct first_process_work work = {
        .prepare = prepare_lock,
        .work = keep_lock,
        .context = self,
        .for_all = self->options.descendants,
    };
    int result;

    if (getpid() != 1)
        return leave_monitor(self);
    loss_init(&self->loss, &self->options.loss, NULL);
    ipclocker_set_verbose(self->lock, false);
    result = first_process_fork_job(&work, mask, status);
    /* Those that were set are for the search; nobody wants a container that does not end. */
    ipclocker_set_connect_tries(self->lock, RELEASE_TRIES);
    if (result == 1 && ipclocker_unlock(self->lock) != 0)
        cli_error("lockersh", 0, "the lock was not given back: %s", ipclocker_error(self->lock));
    return result;
}

static int run(struct lockersh *self)
{
    int watching = -1, status = 0;
    sigset_t mask;

    if (!self->options.quiet)
        gridengine_warn_once();
    if (self->options.descendants && getpid() != 1 && family_choose(&self->family) != 0)
        return EX_USAGE;
    if (wait_for_lock(self->lock, &self->progress, &self->conversation, NULL, &mask) != 0)
        return fail(self);
    progress_obtained(&self->progress, self->lock);
    /* What is written from the fork on has to be copied first. */
    if (!self->options.exec)
        self->line = shell_line_join(self->options.command);
    if (grant_format_set_environment(self->lock, getpid()) == 0 &&
        grants_hand_down(self->lock) == 0)
        watching = watch_over_command(self, &mask, &status);
    if (watching < 0) {
        cli_error("lockersh", EX_OSERR, "cannot watch over the command: %s", error_text(errno));
        ipclocker_unlock(self->lock);
        return EX_OSERR;
    }
    return watching == 0 ? become_command(self) : status;
}

static int list(struct lockersh *self)
{
    int status = held_list_print(&self->options, self->lock);

    return status >= 0 ? status : fail(self);
}

static int ping(struct lockersh *self)
{
    int status = ping_print(self->lock, &self->options);

    return status >= 0 ? status : fail(self);
}

static int explain(struct lockersh *self)
{
    int status = forecast_print(&self->options, self->lock, self->progress.demand);

    return status >= 0 ? status : fail(self);
}

static int act_on_pools(struct lockersh *self)
{
    int status = pool_acts_do(&self->options, self->lock);

    return status >= 0 ? status : fail(self);
}

static int act_for_pid(struct lockersh *self)
{
    int status;

    if (self->options.action == LOCKERSH_UNLOCK)
        status = for_pid_unlock(&self->options, self->lock);
    else if (self->options.action == LOCKERSH_EXTEND)
        status = for_pid_extend(&self->options, self->lock);
    else
        status = for_pid_hold(&self->options, self->lock, &self->progress, &self->conversation);

    return status >= 0 ? status : fail(self);
}

static int cancel(struct lockersh *self)
{
    int status = cancel_waits(&self->options, self->lock);

    return status >= 0 ? status : fail(self);
}

static int act(struct lockersh *self)
{
    switch (self->options.action) {
    case LOCKERSH_CANCEL:
    case LOCKERSH_CANCEL_JOB:
        return cancel(self);
    case LOCKERSH_UNLOCK:
    case LOCKERSH_EXTEND:
        return act_for_pid(self);
    case LOCKERSH_LIST:
        return list(self);
    case LOCKERSH_OWNER:
    case LOCKERSH_BREAK:
        return for_each_target(self);
    case LOCKERSH_PING:
        return ping(self);
    case LOCKERSH_EXPLAIN:
        return explain(self);
    case LOCKERSH_POOLS:
    case LOCKERSH_OUTSIDE:
    case LOCKERSH_OFFLINE:
    case LOCKERSH_ONLINE:
        return act_on_pools(self);
    default:
        return self->options.for_pid.pid != 0 ? act_for_pid(self) : run(self);
    }
}

/* A list that was cut short by a full disk must not pass for the list. */
static int check_output(int status)
{
    if (fflush(stdout) == 0 && ferror(stdout) == 0)
        return status;
    return cli_error("lockersh", status != 0 ? status : EX_OSERR, "cannot write the output: %s",
                     error_text(errno));
}

static int start(struct lockersh *self)
{
    char demand[200];
    int status;

    lockersh_options_describe(&self->options, demand, sizeof demand);
    descriptor_occupy_streams(O_CLOEXEC);
    progress_init(&self->progress, "lockersh", demand, lockersh_options_talk(&self->options));
    self->lock = ipclocker_create();
    if (self->lock == NULL)
        return cli_error("lockersh", EX_OSERR, "out of memory");
    client_lend_defaults(self->lock, self->options.defaults);
    ipclocker_set_notice(self->lock, on_notice, self);
    ipclocker_set_verbose(self->lock, !self->options.quiet);
    if (self->options.debug) {
        self->conversation.progress = &self->progress;
        ipclocker_set_trace(self->lock, conversation_trace, &self->conversation);
    }
    status = apply_options(&self->options, self->lock);
    return status != 0 ? status : check_output(act(self));
}

int main(int argc, char **argv)
{
    /* Static, as most of it is room for paths that few uses need: it is zero without being written.
     */
    static struct lockersh self;
    int status = lockersh_options_parse(&self.options, argc, argv);

    if (status < 0)
        status = start(&self);
    free(self.line);
    ipclocker_destroy(self.lock);
    lockersh_options_fini(&self.options);
    return status;
}
