/* pidwatch(1): becomes the command, and leaves a watcher behind that ends it with another process.
 * Must not stay between the user and the command. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli/message.h"
#include "net/local_host.h"
#include "net/port.h"
#include "options.h"
#include "process/double_fork.h"
#include "process/process_ref.h"
#include "shell_line.h"

enum {
    EXIT_GONE = 1, /* --foreground names a process that does not run */
    EXIT_NOT_EXECUTABLE = 126,
    EXIT_NOT_FOUND = 127,
    NAME_WAIT_MS = 250, /* how long the command may wait for its host's name to fail to resolve */
};

/* What the watcher keeps of the terminal until it has said what there is to say. */
struct watcher_io {
    const struct pidwatch_options *options;
    int error_fd, ready_fd;
};

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void on_news(void *context, enum pidwatch_news news)
{
    struct watcher_io *io = context;
    const struct pidwatch *watch = &io->options->watch;
    const char *host = watch->host != NULL ? watch->host : "localhost";

    if (news == PIDWATCH_UNRESOLVED)
        cli_error_to(io->error_fd, "pidwatch",
                     "the host name %s does not resolve; the command runs unwatched until it does",
                     host);
    else if (news == PIDWATCH_SILENT)
        cli_error_to(
            io->error_fd, "pidwatch",
            "no pidstatd answers on %s port %u; the command runs unwatched until one does", host,
            watch->port != 0 ? watch->port : port_default("pidstatd", "udp", PORT_PIDSTATD));
    if (!io->options->debug)
        close_fd(&io->error_fd);
    close_fd(&io->ready_fd);
}

static void on_trace(void *context, const char *what, const char *host, const char *text)
{
    const struct watcher_io *io = context;

    cli_error_to(io->error_fd, "pidwatch", "%s %s: %s", what, host, text);
}

/* Where standard error is a pipe, whoever reads it may wait for its end.  The watcher of a command
 * ends with the command; one that stays behind alone must not hold the pipe. */
static bool may_keep_stderr(const struct pidwatch_options *options)
{
    struct stat st;

    if (!options->foreground || options->debug)
        return true;
    return fstat(STDERR_FILENO, &st) == 0 && !S_ISFIFO(st.st_mode) && !S_ISSOCK(st.st_mode);
}

static void watch_detached(struct pidwatch_options *options, int error_fd, int ready_fd)
{
    struct watcher_io io = {.options = options, .error_fd = error_fd, .ready_fd = ready_fd};

    options->watch.news = on_news;
    options->watch.context = &io;
    if (options->debug)
        options->watch.trace = on_trace;
    if (pidwatch_run(&options->watch) < 0)
        cli_error_to(io.error_fd, "pidwatch", "cannot watch: %s; the command runs unwatched",
                     strerror(errno));
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
    return cli_error("pidwatch", EX_OSERR, "%s: %s", what, strerror(errno));
}

/* Returns 0, or the status to exit with after saying why. */
static int start_watcher(struct pidwatch_options *options)
{
    int keep[3] = {options->watch.victim.fd, may_keep_stderr(options) ? STDERR_FILENO : -1, -1};
    int ready[2], result;

    if (pipe2(ready, O_CLOEXEC) != 0)
        return fail("cannot start the watcher");
    keep[2] = ready[1];
    result = double_fork(keep, 3);
    if (result == 0)
        watch_detached(options, keep[1], keep[2]);
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
                  strerror(errno));
}

static int run_command(struct pidwatch_options *options)
{
    struct pidwatch *watch = &options->watch;
    char *command = shell_line_join(options->command);
    int status;

    if (command == NULL)
        return fail("cannot run the command");
    change_directory(options->cd);
    /* A group of its own, as timeout(1) has: the one it is in may be that of a whole script. */
    if (watch->group && getpgrp() != getpid() && setpgid(0, 0) != 0)
        return fail("cannot make a process group");
    if (process_ref_open(&watch->victim, getpid(), 0) != 0)
        return fail("cannot start the watcher");
    status = start_watcher(options);
    if (status != 0)
        return status;
    execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    return cli_error("pidwatch", errno == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE,
                     "cannot run /bin/sh: %s", strerror(errno));
}

int main(int argc, char **argv)
{
    struct pidwatch_options options;
    int status = pidwatch_options_parse(&options, argc, argv);

    if (status >= 0)
        return status;
    return options.foreground ? watch_for(&options) : run_command(&options);
}
