/* Words for what the watcher has to say, and the way to where the user reads them.
 * Must not hold a pipe that somebody may wait for the end of, nor wait for a reader. */
#include "say.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/text.h"
#include "cli/message.h"
#include "net/port.h"
#include "process/proc_stat.h"
#include "process/process.h"
#include "process/signal_name.h"

enum { LINE_SIZE = 700, PLACE_SIZE = 300, SIGNAL_SIZE = 16 };

/* A file or terminal may stay open: its end is nobody's news.  A socket, such as sshd's, cannot be
 * opened again; that of a command goes with the command. */
static bool may_keep(const struct speaker *speaker)
{
    if (S_ISFIFO(speaker->stderr.st_mode))
        return false;
    return !S_ISSOCK(speaker->stderr.st_mode) || !speaker->options->foreground;
}

void speaker_init(struct speaker *speaker, const struct pidwatch_options *options)
{
    *speaker = (struct speaker){.options = options, .fd = -1};
    if (fstat(STDERR_FILENO, &speaker->stderr) != 0)
        return;
    speaker->keeps = options->debug || may_keep(speaker);
    if (speaker->keeps || !options->foreground)
        speaker->fd = STDERR_FILENO;
}

void speaker_release(struct speaker *speaker)
{
    if (speaker->keeps || speaker->fd < 0)
        return;
    close(speaker->fd);
    speaker->fd = -1;
}

/* The victim's standard error, if it is what ours was: it may have put anything there since. */
static int open_again(const struct speaker *speaker)
{
    char path[40];
    struct stat now;

    snprintf(path, sizeof path, "/proc/%d/fd/2", (int)speaker->options->watch.victim.pid);
    if (!S_ISFIFO(speaker->stderr.st_mode) || stat(path, &now) != 0 ||
        now.st_dev != speaker->stderr.st_dev || now.st_ino != speaker->stderr.st_ino ||
        process_ref_has_ended(&speaker->options->watch.victim))
        return -1;
    return open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

/* As syslog(3), which may wait for the daemon. */
static void log_it(const char *text)
{
    struct sockaddr_un log = {.sun_family = AF_UNIX, .sun_path = "/dev/log"};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    char line[LINE_SIZE + 50], clean[TEXT_CLEAN_GROWTH * LINE_SIZE];
    int len;

    text_clean(clean, sizeof clean, text, strlen(text));
    len = snprintf(line, sizeof line, "<%d>pidwatch[%d]: %s", LOG_USER | LOG_NOTICE, (int)getpid(),
                   clean);
    if (len >= (int)sizeof line)
        len = sizeof line - 1;
    if (fd >= 0 && sendto(fd, line, (size_t)len, MSG_NOSIGNAL | MSG_DONTWAIT,
                          (struct sockaddr *)&log, sizeof log) < 0)
        errno = 0; /* there is nobody to tell */
    descriptor_close(fd);
}

static void say(const struct speaker *speaker, const char *text)
{
    int fd = speaker->fd >= 0 ? speaker->fd : open_again(speaker);
    struct pollfd poll_fd = {.fd = fd, .events = POLLOUT};

    if (fd >= 0 && poll(&poll_fd, 1, 0) == 1 && poll_fd.revents == POLLOUT)
        cli_error_to(fd, "pidwatch", "%s", text);
    else
        log_it(text);
    if (fd != speaker->fd)
        descriptor_close(fd);
}

static const char *host_of(const struct pidwatch *watch)
{
    return watch->host != NULL ? watch->host : "localhost";
}

static unsigned port_of(const struct pidwatch *watch)
{
    return watch->port != 0 ? watch->port : port_default("pidstatd", "udp", PORT_PIDSTATD);
}

/* "process 4242", "process 4242 on farm1". */
static void name_watched(char out[PLACE_SIZE], const struct pidwatch *watch)
{
    snprintf(out, PLACE_SIZE, "process %d%s%s", (int)watch->pid, watch->host != NULL ? " on " : "",
             watch->host != NULL ? watch->host : "");
}

/* "sending HUP to process 77 and all that it has started". */
static void name_deed(char out[PLACE_SIZE], const struct pidwatch *watch)
{
    char name[SIGNAL_SIZE], target[100];
    int pid = (int)watch->victim.pid;

    signal_name_format(name, sizeof name, watch->signal);
    snprintf(target, sizeof target, "%sprocess %d%s",
             watch->scope == PIDWATCH_GROUP ? "the process group of " : "", pid,
             watch->scope == PIDWATCH_TREE ? " and all that comes from it" : "");
    if (watch->killer != NULL)
        snprintf(out, PLACE_SIZE, "running %.200s -%s %d", watch->killer, watch->shown, pid);
    else
        snprintf(out, PLACE_SIZE, "sending %s to %s", name, target);
}

static void describe_watch(char out[LINE_SIZE], const struct pidwatch *watch,
                           const struct pidwatch_news *news)
{
    const char *host = host_of(watch);

    switch (news->kind) {
    case PIDWATCH_UNRESOLVED:
        snprintf(out, LINE_SIZE,
                 "the host name %s does not resolve; the command runs unwatched until it does",
                 host);
        break;
    case PIDWATCH_SILENT:
        snprintf(out, LINE_SIZE,
                 "no pidstatd answers on %s port %u; the command runs unwatched until one does",
                 host, port_of(watch));
        break;
    case PIDWATCH_REFUSED:
        snprintf(out, LINE_SIZE,
                 "no pidstatd answers on %s port %u: the host is up, but nothing listens there "
                 "(Connection refused); the command runs unwatched until you start one",
                 host, port_of(watch));
        break;
    case PIDWATCH_CLASSIC:
        snprintf(out, LINE_SIZE,
                 "the pidstatd on %s port %u is a classic one, and not believed "
                 "(--classic-pidstatd no); the command runs unwatched until you run farmlock's "
                 "there",
                 host, port_of(watch));
        break;
    default:
        snprintf(
            out, LINE_SIZE,
            "the pidstatd on %s port %u is in a container (pid namespace %" PRIu64
            ") and cannot tell of process %d of the host; the command runs unwatched until you "
            "run one on the host itself; if the process is of that container, give "
            "--pid-namespace %" PRIu64,
            host, port_of(watch), news->pid_namespace, (int)watch->pid, news->pid_namespace);
        break;
    }
}

static void describe_cause(char out[LINE_SIZE], const struct pidwatch *watch,
                           enum pidwatch_news_kind kind)
{
    char watched[PLACE_SIZE], deed[PLACE_SIZE], here[100] = "";
    uint64_t pid_namespace = process_pid_namespace();

    name_watched(watched, watch);
    name_deed(deed, watch);
    if (watch->host == NULL && process_namespace_is_container(pid_namespace))
        snprintf(here, sizeof here, " (here is pid namespace %" PRIu64 ", a container's)",
                 pid_namespace);
    if (kind == PIDWATCH_ENDED)
        snprintf(out, LINE_SIZE, "%s has ended: %s", watched, deed);
    else if (kind == PIDWATCH_HOST_DOWN)
        snprintf(out, LINE_SIZE, "%s has been silent for %g s (--on-host-down): %s", host_of(watch),
                 (double)watch->host_down_ms / 1000, deed);
    else if (watch->start != 0)
        snprintf(out, LINE_SIZE, "there is no %s that started at %" PRIu64 " (any more): %s",
                 watched, watch->start, deed);
    else
        snprintf(
            out, LINE_SIZE,
            "there is no %s: it had ended before, or its pid is another host's or container's%s: "
            "%s",
            watched, here, deed);
}

/* Why a process lives on that was sent a signal. */
static void describe_state(char *out, size_t size, pid_t pid, int number)
{
    struct proc_signals signals = {0};
    struct proc_stat stat = proc_stat_read(pid);
    bool killed = number == SIGKILL;

    proc_signals_read(pid, &signals);
    if (pid == 1)
        snprintf(out, size, "as the first of its pid namespace it hears no signal from inside");
    else if (stat.state == 'D')
        snprintf(out, size, "it waits in the kernel (state D) and ends when that lets it go");
    else if (stat.state == 't')
        snprintf(out, size, "a debugger holds it");
    else if (killed)
        snprintf(out, size, "see ps -o user,stat,wchan -p %d", (int)pid);
    else if (proc_signals_has(signals.ignored, number))
        snprintf(out, size, "it ignores that; --grace SECONDS sends KILL");
    else if (proc_signals_has(signals.caught, number))
        snprintf(out, size, "it acts on that in its own way; --grace SECONDS sends KILL");
    else
        snprintf(out, size, "--grace SECONDS sends KILL");
}

static void describe_end(char out[LINE_SIZE], const struct pidwatch_news *news)
{
    char name[SIGNAL_SIZE], next[SIGNAL_SIZE], state[200], others[40] = "";

    signal_name_format(name, sizeof name, news->signal);
    signal_name_format(next, sizeof next, news->next);
    if (news->kind == PIDWATCH_PRESSED) {
        snprintf(out, LINE_SIZE, "process %d ignores or blocks %s: sending %s", (int)news->pid,
                 name, next);
    } else if (news->kind == PIDWATCH_DENIED) {
        snprintf(
            out, LINE_SIZE,
            "process %d is another user's (a set-user-ID program?) and runs on; end it as that "
            "user or as root",
            (int)news->pid);
    } else {
        describe_state(state, sizeof state, news->pid, news->signal);
        if (news->others > 0)
            snprintf(others, sizeof others, " and %zu more", news->others);
        snprintf(out, LINE_SIZE, "process %d%s still run%s after %s: %s", (int)news->pid, others,
                 news->others > 0 ? "" : "s", name, state);
    }
}

void speaker_tell(struct speaker *speaker, const struct pidwatch_news *news)
{
    const struct pidwatch *watch = &speaker->options->watch;
    char text[LINE_SIZE];

    if (speaker->options->quiet || news->kind == PIDWATCH_ANSWERED)
        return;
    if (news->kind <= PIDWATCH_CLASSIC)
        describe_watch(text, watch, news);
    else if (news->kind <= PIDWATCH_HOST_DOWN)
        describe_cause(text, watch, news->kind);
    else
        describe_end(text, news);
    say(speaker, text);
}
