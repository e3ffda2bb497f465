/* pidwatch(1): becomes the command, and leaves a watcher behind that ends it with another process.
 * Must not stay between the user and the command. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/error_text.h"
#include "cli/message.h"
#include "net/local_host.h"
#include "options.h"
#include "process/double_fork.h"
#include "process/first_process.h"
#include "process/process.h"
#include "process/process_ref.h"
#include "say.h"
#include "uricommand/shell_line.h"

enum {
    EXIT_GONE = 1, /* --foreground names a process that does not run */
    EXIT_NOT_EXECUTABLE = 126,
    EXIT_NOT_FOUND = 127,
    NAME_WAIT_MS = 250, /* how long the command may wait for its host's name to fail to resolve */
};

/* What the watcher keeps of the terminal until it has said what there is to say. */
struct watcher_io {
    struct speaker speaker;
    int ready_fd;
};

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void on_news(void *context, const struct pidwatch_news *news)
{
    struct watcher_io *io = context;

    speaker_tell(&io->speaker, news);
    speaker_release(&io->speaker);
    close_fd(&io->ready_fd);
}

static void on_trace(void *context, const char *what, const char *host, const char *text)
{
    const struct watcher_io *io = context;

    cli_error_to(io->speaker.fd, "pidwatch", "%s %s: %s", what, host, text);
}

/* What is said may find that nobody listens any more. */
static void watch_detached(struct pidwatch_options *options, struct watcher_io *io)
{
    signal(SIGPIPE, SIG_IGN);
    options->watch.news = on_news;
    options->watch.context = io;
    if (options->debug)
        options->watch.trace = on_trace;
    if (pidwatch_run(&options->watch) < 0)
        cli_error_to(io->speaker.fd, "pidwatch", "cannot watch: %s; the command runs unwatched",
                     error_text(errno));
    _exit(0);
}

static bool needs_name_service(const char *host)
{
    return host != NULL && !local_host_has_name(host) && strchr(host, ':') == NULL &&
           strspn(host, "0123456789.") != strlen(host);
}

/* A name that does not resolve is worth a line before a short command is over; but a slow name
 * service must not keep the command waiting. */
static void wait_for_name(const struct pidwatch_options *options, int ready_fd)
{
    struct pollfd poll_fd = {.fd = ready_fd, .events = POLLIN};

    if (needs_name_service(options->watch.host))
        poll(&poll_fd, 1, NAME_WAIT_MS);
}

static int fail(const char *what)
{
    return cli_error("pidwatch", EX_OSERR, "%s: %s", what, error_text(errno));
}

/* What ends between now and the watcher's first look has been there, and its pid may be another's
 * by then. */
static void look_here(struct pidwatch *watch)
{
    bool is_here = watch->host == NULL || local_host_has_name(watch->host);

    if (!is_here || watch->start != 0 || watch->pid_namespace != 0)
        return;
    watch->start = process_start_time(watch->pid);
    watch->seen = watch->start != 0;
}

/* Returns 0, or the status to exit with after saying why. */
static int start_watcher(struct pidwatch_options *options)
{
    struct watcher_io io;
    int keep[3] = {options->watch.victim.fd};
    int ready[2], result;

    speaker_init(&io.speaker, options);
    look_here(&options->watch);
    if (pipe2(ready, O_CLOEXEC) != 0)
        return fail("cannot start the watcher");
    keep[1] = io.speaker.fd;
    keep[2] = ready[1];
    result = double_fork(keep, 3);
    if (result == 0) {
        io.speaker.fd = keep[1];
        io.ready_fd = keep[2];
        watch_detached(options, &io);
    }
    if (result < 0)
        fail("cannot start the watcher");
    close(ready[1]);
    if (result > 0)
        wait_for_name(options, ready[0]);
    close(ready[0]);
    return result < 0 ? EX_OSERR : 0;
}

static int watch_for(struct pidwatch_options *options)
{
    struct pidwatch *watch = &options->watch;

    if (process_ref_open(&watch->victim, watch->victim.pid, 0) != 0)
        return cli_error("pidwatch", EXIT_GONE, "there is no process '%d'; there is nothing to end",
                         (int)watch->victim.pid);
    if (options->killer == NULL && kill(watch->victim.pid, 0) != 0 && errno == EPERM)
        return cli_error("pidwatch", EX_OSERR,
                         "you may not signal process '%d'; run pidwatch as its user, or give "
                         "--killer",
                         (int)watch->victim.pid);
    return start_watcher(options);
}

static void change_directory(const char *path)
{
    if (path != NULL && chdir(path) != 0)
        cli_error("pidwatch", 0, "cannot change to %s (%s); the command runs where you are", path,
                  error_text(errno));
}

static bool has_terminal(void)
{
    int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);

    descriptor_close(fd);
    return fd >= 0;
}

/* A group of its own, as timeout(1) has: the one it is in may be that of a whole script.  But on a
 * terminal that would be a group in the background, which may not read; there it stays in its
 * group, and what comes from it is found. */
static bool make_group(struct pidwatch *watch)
{
    if (watch->scope != PIDWATCH_GROUP || getpgrp() == getpid())
        return true;
    if (!has_terminal())
        return setpgid(0, 0) == 0;
    watch->scope = PIDWATCH_TREE;
    return true;
}

/* By which children are known that have left their family; several of us may be around a command.
 */
static bool leave_mark(struct pidwatch *watch)
{
    char name[sizeof watch->mark - sizeof "=1"];

    if (watch->scope != PIDWATCH_TREE)
        return true;
    snprintf(name, sizeof name, "PIDWATCH_TREE_%d_%" PRIu64, (int)getpid(),
             process_start_time(getpid()));
    snprintf(watch->mark, sizeof watch->mark, "%s=1", name);
    if (!control_group_is_own(watch->control))
        watch->control[0] = '\0';
    return setenv(name, "1", 1) == 0;
}

static int run_command(struct pidwatch_options *options)
{
    struct pidwatch *watch = &options->watch;
    char *command = shell_line_join(options->command);
    int status;

    if (command == NULL)
        return fail("cannot run the command");
    change_directory(options->cd);
    if (!make_group(watch) || !leave_mark(watch))
        return fail("cannot start the command");
    if (process_ref_open(&watch->victim, getpid(), 0) != 0)
        return fail("cannot start the watcher");
    status = start_watcher(options);
    if (status != 0)
        return status;
    execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    return cli_error("pidwatch", errno == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE,
                     "cannot run /bin/sh: %s", error_text(errno));
}

/* To the first process of a namespace no signal from inside gets through. */
static int run_beside_command(struct pidwatch_options *options)
{
    sigset_t mask;
    int status = 0, result;

    sigprocmask(SIG_BLOCK, NULL, &mask);
    result = first_process_fork_job(NULL, &mask, &status);
    if (result < 0)
        return fail("cannot start the command");
    return result == 0 ? run_command(options) : status;
}

int main(int argc, char **argv)
{
    struct pidwatch_options options;
    int status = pidwatch_options_parse(&options, argc, argv);

    if (status >= 0)
        return status;
    if (options.foreground)
        return watch_for(&options);
    return getpid() == 1 ? run_beside_command(&options) : run_command(&options);
}
