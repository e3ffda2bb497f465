/* Daemon start, readiness and supervision.
 * Must not know what is served. */
#include "background.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/descriptor.h"
#include "base/error_text.h"
#include "cli/sd_notify.h"
#include "log.h"
#include "pid_file.h"

enum {
    EXIT_SYSTEM = 71, /* sysexits.h EX_OSERR */
    RESTART_DELAY_MIN_MS = 100,
    RESTART_DELAY_MAX_MS = 10000,
    STABLE_AFTER_MS = 60000,
    STAND_IN_S = 5,
    SOON_MS = 2000, /* who dies again sooner than that, or is started again later, is away */
};

/* Where readiness is reported to the process that the user started; -1 for nowhere. */
static int ready_fd = -1;
static bool let_go_of_stderr;

/* Shared between the server and the parent that restarts it: a server that never got as far as
 * to serve has said why, and would only say it again. */
static bool *has_served;

/* What the parent passes on to the server, and SIGCHLD.  Both have them blocked from the start: the
 * parent takes them one by one, and a server is not ended by one for which it is not ready yet. */
static sigset_t supervised, usual_mask;

static void close_ready_fd(void)
{
    descriptor_close(ready_fd);
    ready_fd = -1;
}

void background_ready(void)
{
    if (sd_notify_send("READY=1") != 0)
        log_line(LOG_WARNING, "cannot tell systemd: %s", error_text(errno));
    if (has_served == NULL)
        return;
    *has_served = true;
    sigprocmask(SIG_SETMASK, &usual_mask, NULL);
    if (ready_fd >= 0 && write(ready_fd, "R", 1) != 1)
        log_line(LOG_DEBUG, "nobody waits for the start to finish");
    close_ready_fd();
    descriptor_streams_to_null(let_go_of_stderr);
}

bool background_is_again(void)
{
    return has_served != NULL && *has_served;
}

static int serve_with_pid_file(const struct background *bg, int (*serve)(const struct background *))
{
    int status, fd = -1;

    if (bg->pid_file != NULL) {
        fd = pid_file_claim(bg->name, bg->pid_file);
        if (fd < 0)
            return EXIT_SYSTEM;
    }
    status = serve(bg);
    if (bg->ended != NULL)
        bg->ended(bg->context);
    if (fd >= 0 && pid_file_remove(bg->pid_file, fd) != 0)
        log_line(LOG_WARNING, "cannot remove %s: %s", bg->pid_file, error_text(errno));
    return status;
}

static int serve_here(const struct background *bg)
{
    return bg->serve(bg->context);
}

static pid_t start_server(const struct background *bg)
{
    pid_t parent = getpid();
    pid_t pid = fork();

    if (pid != 0)
        return pid;
    /* A server without its parent could not be stopped through the pid file. */
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(EXIT_SYSTEM);
    exit(bg->serve(bg->context));
}

/* Waits for the server's end and passes signals on to it meanwhile.  Returns its wait status. */
static int wait_for_server(pid_t pid, bool *stopping)
{
    int wait_status, signal;

    for (;;) {
        if (sigwait(&supervised, &signal) != 0)
            continue;
        if (signal == SIGCHLD) {
            if (waitpid(pid, &wait_status, WNOHANG) == pid)
                return wait_status;
            continue;
        }
        *stopping |= signal == SIGTERM || signal == SIGINT;
        kill(pid, signal);
    }
}

static void describe_end(const char *name, int wait_status, int delay_ms)
{
    if (WIFSIGNALED(wait_status))
        log_line(LOG_ERR, "%s was ended by signal %d; starting it again in %d ms", name,
                 WTERMSIG(wait_status), delay_ms);
    else
        log_line(LOG_ERR, "%s ended with status %d; starting it again in %d ms", name,
                 WEXITSTATUS(wait_status), delay_ms);
}

/* Sleeps, unless a signal to stop comes first: then returns true. */
static bool stopped_while_waiting(int delay_ms)
{
    struct timespec delay = {.tv_sec = delay_ms / 1000, .tv_nsec = delay_ms % 1000 * 1000000L};
    sigset_t set = supervised;
    int signal;

    /* Of a process that was waited for. */
    sigdelset(&set, SIGCHLD);
    signal = sigtimedwait(&set, NULL, &delay);
    return signal == SIGTERM || signal == SIGINT;
}

/* Has a process of its own do what is to be done while no server runs: it may have threads and
 * connections, which a server that is forked later must not inherit. */
static void stand_in(const struct background *bg)
{
    pid_t parent = getpid(), pid = bg->away != NULL ? fork() : -1;

    if (pid < 0)
        return;
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        alarm(STAND_IN_S);
        if (getppid() == parent)
            bg->away(bg->context);
        _exit(0);
    }
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        continue;
}

static int exit_status(int wait_status)
{
    return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

/* After each end of the server: is it to be started again?  Sleeps before it says yes. */
static bool restarts(const struct background *bg, int wait_status, int64_t begun_ms, int *delay_ms)
{
    int64_t lived_ms = clock_now_ms() - begun_ms;
    bool is_away;

    if (lived_ms >= STABLE_AFTER_MS)
        *delay_ms = RESTART_DELAY_MIN_MS;
    describe_end(bg->name, wait_status, *delay_ms);
    is_away = (*delay_ms > RESTART_DELAY_MIN_MS && lived_ms < SOON_MS) || *delay_ms >= SOON_MS;
    if (is_away)
        stand_in(bg);
    if (stopped_while_waiting(*delay_ms)) {
        if (!is_away)
            stand_in(bg);
        return false;
    }
    *delay_ms = *delay_ms * 2 < RESTART_DELAY_MAX_MS ? *delay_ms * 2 : RESTART_DELAY_MAX_MS;
    return true;
}

static void block_signals(void)
{
    sigemptyset(&supervised);
    sigaddset(&supervised, SIGCHLD);
    sigaddset(&supervised, SIGTERM);
    sigaddset(&supervised, SIGINT);
    sigaddset(&supervised, SIGHUP);
    sigaddset(&supervised, SIGUSR1);
    sigprocmask(SIG_BLOCK, &supervised, &usual_mask);
}

static int supervise(const struct background *bg)
{
    int delay_ms = RESTART_DELAY_MIN_MS;
    int wait_status;
    bool stopping = false;
    int64_t begun_ms;

    do {
        pid_t pid = start_server(bg);

        begun_ms = clock_now_ms();
        if (pid < 0) {
            log_line(LOG_ERR, "cannot start the server: %s", error_text(errno));
            wait_status = EXIT_SYSTEM << 8;
        } else {
            /* From now on only the server can report readiness, or fail to. */
            close_ready_fd();
            descriptor_streams_to_null(bg->quiet);
            wait_status = wait_for_server(pid, &stopping);
        }
        if (stopping && wait_status != 0 && *has_served)
            stand_in(bg);
        if (stopping || wait_status == 0 || !*has_served)
            break;
        if (bg->died != NULL)
            bg->died(bg->context);
    } while (restarts(bg, wait_status, begun_ms, &delay_ms));
    return stopping && WIFSIGNALED(wait_status) ? 0 : exit_status(wait_status);
}

/* In the process that the user started: waits until the server is ready or has failed. */
static int wait_until_ready(int fd, pid_t daemon)
{
    char ready;
    ssize_t got;
    int wait_status;

    do {
        got = read(fd, &ready, 1);
    } while (got < 0 && errno == EINTR);
    if (got == 1)
        return 0;
    while (waitpid(daemon, &wait_status, 0) < 0) {
        if (errno != EINTR)
            return EXIT_SYSTEM;
    }
    return exit_status(wait_status);
}

static int run_detached(const struct background *bg)
{
    int fds[2];
    pid_t pid;

    has_served =
        mmap(NULL, sizeof *has_served, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (has_served == MAP_FAILED || pipe2(fds, O_CLOEXEC) != 0 || (pid = fork()) < 0) {
        fprintf(stderr, "%s: cannot go into the background: %s\n", bg->name, error_text(errno));
        return EXIT_SYSTEM;
    }
    if (pid > 0) {
        close(fds[1]);
        return wait_until_ready(fds[0], pid);
    }
    close(fds[0]);
    ready_fd = fds[1];
    let_go_of_stderr = bg->quiet;
    setsid();
    block_signals();
    return serve_with_pid_file(bg, supervise);
}

int background_run(const struct background *bg)
{
    return bg->foreground ? serve_with_pid_file(bg, serve_here) : run_detached(bg);
}
