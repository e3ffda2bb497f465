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

#include "base/descriptor.h"
#include "base/error_text.h"
#include "base/name_list.h"
#include "base/rfc3339.h"
#include "base/text.h"
#include "cli/message.h"
#include "job_list.h"
#include "monitor.h"
#include "options.h"
#include "process/first_process.h"
#include "uricommand.h"
#include "wait.h"

enum { EXIT_NOT_EXECUTABLE = 126, EXIT_NOT_FOUND = 127, RELEASE_TRIES = 3 };

struct lockersh {
    struct lockersh_options options;
    struct ipclocker *lock;
    struct progress progress;
    const char *target; /* the lock that is being broken */
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

static void on_trace(void *context, bool sent, const char *bytes, size_t len)
{
    const char *end = bytes + len;

    progress_clear(context);
    while (bytes < end) {
        const char *newline = memchr(bytes, '\n', (size_t)(end - bytes));
        size_t line_len = newline != NULL ? (size_t)(newline - bytes) : (size_t)(end - bytes);

        cli_error("lockersh", 0, "%c %.*s", sent ? '>' : '<', (int)line_len, bytes);
        bytes += line_len + 1;
    }
}

/* The exit status for what a call of the library failed with. */
static int status_of(const struct lockersh *self, int number)
{
    switch (number) {
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

static int fail_job_list(int number)
{
    if (number == ENOMEM)
        return cli_error("lockersh", EX_OSERR, "out of memory");
    if (number == ENOTSUP)
        return cli_error(
            "lockersh", EX_UNAVAILABLE,
            "the server is a classic one, which knows no jobs; list all without --job");
    return cli_error("lockersh", EX_UNAVAILABLE,
                     "the server's list is not in the form that is known here");
}

static void print_row(const struct ipclocker_list_entry *row)
{
    char *name = text_clean_dup(row->name), *owner = text_clean_dup(row->owner);

    if (name != NULL && owner != NULL)
        printf("%-20s %s\n", name, owner);
    free(name);
    free(owner);
}

/* The plain list of the protocol says nothing of jobs. */
static int list_job(struct lockersh *self)
{
    char *text = ipclocker_lock_list_json(self->lock);
    struct job_list *list;

    if (text == NULL)
        return fail(self);
    list = job_list_create(text, self->options.job);
    free(text);
    if (list == NULL)
        return fail_job_list(errno);
    if (self->options.json)
        job_list_print_json(list, stdout);
    for (size_t i = 0; !self->options.json && i < job_list_held_count(list); i++) {
        struct ipclocker_list_entry row = job_list_held(list, i);

        print_row(&row);
    }
    job_list_destroy(list);
    return 0;
}

static int list_json(struct lockersh *self)
{
    char *text = ipclocker_lock_list_json(self->lock);

    if (text == NULL)
        return fail(self);
    puts(text);
    free(text);
    return 0;
}

static int list(struct lockersh *self)
{
    size_t count = 0;
    struct ipclocker_list_entry *rows;

    if (self->options.job != NULL)
        return list_job(self);
    if (self->options.json)
        return list_json(self);
    rows = ipclocker_lock_list(self->lock, &count);
    if (rows == NULL)
        return fail(self);
    for (size_t i = 0; i < count; i++)
        print_row(&rows[i]);
    free(rows);
    return 0;
}

static int print_owner(struct lockersh *self, const char *name, bool alone)
{
    const char *owner = ipclocker_owner(self->lock);
    char *clean;

    if (owner == NULL)
        return fail(self);
    clean = text_clean_dup(owner);
    if (clean == NULL)
        return EX_OSERR;
    if (*clean != '\0' && alone)
        puts(clean);
    else if (*clean != '\0')
        printf("%-20s %s\n", name, clean);
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
    return status;
}

static int ping(struct lockersh *self)
{
    struct ipclocker_ping_status status;
    char since[RFC3339_SIZE];

    if (ipclocker_ping_status(self->lock, &status) != 0)
        return fail(self);
    rfc3339_format(since, (int64_t)(status.started < INT64_MAX / 1000 ? status.started : 0) * 1000);
    printf("%s answers in %.3f ms: version %s, protocol %u, up since %s\n", status.host,
           status.seconds * 1000, status.version, status.protocol, since);
    return 0;
}

/* Tells the command what it got. */
static int set_environment(const struct ipclocker *lock)
{
    struct ipclocker_wait wait;
    char token[24], seconds[32];
    bool has_token = ipclocker_token(lock) != 0;

    ipclocker_wait(lock, &wait);
    snprintf(token, sizeof token, "%" PRIu64, ipclocker_token(lock));
    snprintf(seconds, sizeof seconds, "%" PRId64 ".%03d", wait.waited_ms / 1000,
             (int)(wait.waited_ms % 1000));
    if ((has_token ? setenv("LOCKERSH_TOKEN", token, 1) : unsetenv("LOCKERSH_TOKEN")) != 0)
        return -1;
    if (setenv("LOCKERSH_LOCK", ipclocker_lock_name(lock), 1) != 0)
        return -1;
    return setenv("LOCKERSH_WAIT_SECONDS", seconds, 1);
}

/* Becomes the command; returns the exit status when it cannot be run.  The monitor gives the lock
 * back then, as after any end. */
static int become_command(struct lockersh *self)
{
    char **command = self->options.command;

    if (self->options.exec) {
        execvp(command[0], command);
    } else {
        char *line = uricommand_join((const char *const *)command);

        if (line != NULL)
            execl("/bin/sh", "sh", "-c", line, (char *)NULL);
        free(line);
    }
    return cli_error("lockersh", errno == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE,
                     "cannot run %s: %s", self->options.exec ? command[0] : "/bin/sh",
                     error_text(errno));
}

static int prepare_lock(void *context, struct pollfd *poll_fd)
{
    struct lockersh *self = context;

    poll_fd->fd = ipclocker_fd(self->lock);
    poll_fd->events = ipclocker_events(self->lock);
    return ipclocker_timeout(self->lock);
}

static void keep_lock(void *context)
{
    struct lockersh *self = context;

    if (ipclocker_locked(self->lock))
        ipclocker_process(self->lock);
}

/* Returns 0 in the process that becomes the command; 1 in one that outlived it, with the status to
 * exit with; -1 with errno. */
static int watch_over_command(struct lockersh *self, const sigset_t *mask, int *status)
{
    const struct first_process_work work = {
        .prepare = prepare_lock, .work = keep_lock, .context = self};
    int result;

    if (getpid() != 1)
        return monitor_start(self->lock);
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

    if (wait_for_lock(self->lock, &self->progress, &mask) != 0)
        return fail(self);
    progress_obtained(&self->progress, self->lock);
    if (set_environment(self->lock) == 0)
        watching = watch_over_command(self, &mask, &status);
    if (watching < 0) {
        cli_error("lockersh", EX_OSERR, "cannot watch over the command: %s", error_text(errno));
        ipclocker_unlock(self->lock);
        return EX_OSERR;
    }
    return watching == 0 ? become_command(self) : status;
}

static int act(struct lockersh *self)
{
    switch (self->options.action) {
    case LOCKERSH_LIST:
        return list(self);
    case LOCKERSH_OWNER:
    case LOCKERSH_BREAK:
        return for_each_target(self);
    case LOCKERSH_PING:
        return ping(self);
    default:
        return run(self);
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
    progress_init(&self->progress, "lockersh", demand, self->options.verbose);
    self->lock = ipclocker_create();
    if (self->lock == NULL)
        return cli_error("lockersh", EX_OSERR, "out of memory");
    ipclocker_set_notice(self->lock, on_notice, self);
    ipclocker_set_verbose(self->lock, true);
    if (self->options.debug)
        ipclocker_set_trace(self->lock, on_trace, &self->progress);
    status = lockersh_options_apply(&self->options, self->lock);
    return status != 0 ? status : check_output(act(self));
}

int main(int argc, char **argv)
{
    struct lockersh self = {0};
    int status = lockersh_options_parse(&self.options, argc, argv);

    if (status < 0)
        status = start(&self);
    ipclocker_destroy(self.lock);
    lockersh_options_fini(&self.options);
    return status;
}
