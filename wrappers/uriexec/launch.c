/* Runs launchers: starts them, hands them signals and waits for them.
 * Must not build command lines; uricommand.h does. */
#include "launch.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/error_text.h"
#include "cli/message.h"
#include "shell.h"

static const int forwarded[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM};

/* Without input, which is the command's that runs later. */
static void redirect(int output, bool quietly)
{
    if (descriptor_streams_to_null(quietly) != 0 || dup2(output, STDOUT_FILENO) < 0)
        _exit(EX_OSERR);
}

static void become_launcher(const struct launcher *launcher, const char *command, pid_t parent)
{
    if (launcher->output >= 0)
        redirect(launcher->output, launcher->quietly);
    sigprocmask(SIG_SETMASK, &launcher->mask, NULL);
    /* Who ends uriexec with SIGKILL means the launcher. */
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(STATUS_SIGNAL + SIGTERM);
    _exit(become("/bin/sh", command));
}

int launch_start(struct launcher *launcher, const char *command)
{
    sigset_t watched;
    pid_t parent = getpid();

    sigemptyset(&watched);
    sigaddset(&watched, SIGCHLD);
    for (size_t i = 0; i < sizeof forwarded / sizeof *forwarded; i++)
        sigaddset(&watched, forwarded[i]);
    launcher->told = 0;
    launcher->signals = signalfd(-1, &watched, SFD_CLOEXEC);
    if (launcher->signals < 0)
        return -1;
    signal(SIGCHLD, SIG_DFL);
    sigprocmask(SIG_BLOCK, &watched, &launcher->mask);
    launcher->pid = fork();
    if (launcher->pid == 0)
        become_launcher(launcher, command, parent);
    if (launcher->pid > 0)
        return 0;
    close(launcher->signals);
    sigprocmask(SIG_SETMASK, &launcher->mask, NULL);
    return -1;
}

/* The terminal tells the launcher too, but a hangup only reaches the leader of a session. */
static bool is_from_terminal(const struct signalfd_siginfo *info)
{
    return info->ssi_code == SI_KERNEL &&
           (info->ssi_signo == SIGINT || info->ssi_signo == SIGQUIT ||
            (info->ssi_signo == SIGHUP && getsid(0) != getpid()));
}

/* Takes one signal.  Returns true at the launcher's end. */
static bool hear(struct launcher *launcher, int *status)
{
    struct signalfd_siginfo info;
    struct sigaction action;

    if (read(launcher->signals, &info, sizeof info) != (ssize_t)sizeof info)
        return false;
    if (info.ssi_signo == SIGCHLD)
        return waitpid(launcher->pid, status, WNOHANG) == launcher->pid;
    if (!is_from_terminal(&info))
        kill(launcher->pid, (int)info.ssi_signo);
    if (sigaction((int)info.ssi_signo, NULL, &action) == 0 && action.sa_handler != SIG_IGN)
        launcher->told = (int)info.ssi_signo;
    return false;
}

int launch_wait(struct launcher *launcher, int from, bool (*take)(int from, void *context),
                void *context)
{
    bool ended = false;
    int status = 0;

    while (!ended) {
        struct pollfd watched[] = {{launcher->signals, POLLIN, 0}, {from, POLLIN, 0}};

        if (poll(watched, 2, -1) < 0)
            continue;
        if (from >= 0 && watched[1].revents != 0 && !take(from, context))
            from = -1;
        ended = watched[0].revents != 0 && hear(launcher, &status);
    }
    if (from >= 0) /* what it wrote last */
        take(from, context);
    close(launcher->signals);
    sigprocmask(SIG_SETMASK, &launcher->mask, NULL);
    return status;
}

int launch_end_by(int number)
{
    const struct rlimit no_core = {0, 0};

    setrlimit(RLIMIT_CORE, &no_core);
    signal(number, SIG_DFL);
    raise(number);
    return STATUS_SIGNAL + number;
}

/* Here uriexec stays: only from the launcher's status can it know that the far side had nothing
 * to run, and env(1)'s one line there does not say where that was or what to do. */
int launch(const struct uricommand_hop *hops, size_t count, const char *command)
{
    struct launcher launcher = {.output = -1};
    int status;

    if (launch_start(&launcher, command) != 0)
        return cli_error("uriexec", EX_OSERR, "cannot start a process: %s", error_text(errno));
    status = launch_wait(&launcher, -1, NULL, NULL);
    if (WIFSIGNALED(status))
        return launch_end_by(WTERMSIG(status));
    if (WEXITSTATUS(status) == STATUS_NOT_FOUND) {
        const char *last = hops[count - 1].launcher;

        cli_error("uriexec", 0,
                  "status 127 came back through %zu hop%s, the last '%s': no uriexec there, or no "
                  "such command; --check tells which, --uriexec-path says where it is",
                  count, count > 1 ? "s" : "", clean(last, strlen(last)));
    }
    return WEXITSTATUS(status);
}
