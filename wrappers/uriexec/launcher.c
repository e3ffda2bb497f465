/* Runs a child between the user's signals and its end.
 * Must not know what runs in it. */
#include "launcher.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shell.h"

static const int forwarded[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM};

int launcher_start(struct launcher *launcher, int (*run)(void *context), void *context)
{
    sigset_t watched;
    pid_t parent = getpid();

    sigemptyset(&watched);
    sigaddset(&watched, SIGCHLD);
    for (size_t i = 0; i < sizeof forwarded / sizeof *forwarded; i++)
        sigaddset(&watched, forwarded[i]);
    launcher->told = 0;
    launcher->signals = signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK);
    if (launcher->signals < 0)
        return -1;
    signal(SIGCHLD, SIG_DFL);
    sigprocmask(SIG_BLOCK, &watched, &launcher->mask);
    launcher->pid = fork();
    if (launcher->pid == 0) {
        sigprocmask(SIG_SETMASK, &launcher->mask, NULL);
        /* Who ends uriexec with SIGKILL means the launcher. */
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (getppid() != parent)
            _exit(STATUS_SIGNAL + SIGTERM);
        _exit(run(context));
    }
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

/* Takes one signal; returns false when there is none. */
static bool hear(struct launcher *launcher)
{
    struct signalfd_siginfo info;
    struct sigaction action;

    if (read(launcher->signals, &info, sizeof info) != (ssize_t)sizeof info)
        return false;
    if (info.ssi_signo == SIGCHLD)
        return true;
    if (launcher->pid > 0 && !is_from_terminal(&info))
        kill(launcher->pid, (int)info.ssi_signo);
    if (sigaction((int)info.ssi_signo, NULL, &action) == 0 && action.sa_handler != SIG_IGN)
        launcher->told = (int)info.ssi_signo;
    return true;
}

/* The terminal's signal may have ended the launcher before it was heard here: what the launcher
 * made of it counts. */
static void hear_the_rest(struct launcher *launcher)
{
    launcher->pid = 0;
    while (hear(launcher))
        continue;
}

/* Takes the statuses of children; returns true when the launcher's is among them.  The others are
 * orphans of its, or came with this process. */
static bool reap(const struct launcher *launcher, int *status)
{
    int taken;
    pid_t pid;

    while ((pid = waitpid(-1, &taken, WNOHANG)) > 0) {
        if (pid == launcher->pid) {
            *status = taken;
            return true;
        }
    }
    return false;
}

int launcher_wait(struct launcher *launcher, const struct pollfd *watched, size_t count,
                  int every_ms, void (*look)(void *context), void *context)
{
    struct pollfd all[1 + LAUNCHER_WATCHED_MAX] = {{launcher->signals, POLLIN, 0}};
    int status = 0;

    if (look != NULL)
        look(context);
    while (!reap(launcher, &status)) {
        if (count > 0)
            memcpy(all + 1, watched, count * sizeof *watched);
        if (poll(all, 1 + count, every_ms) < 0)
            continue;
        hear(launcher);
        if (look != NULL)
            look(context);
    }
    if (look != NULL)
        look(context);
    hear_the_rest(launcher);
    close(launcher->signals);
    sigprocmask(SIG_SETMASK, &launcher->mask, NULL);
    return status;
}

int launcher_end_by(int number)
{
    const struct rlimit no_core = {0, 0};

    setrlimit(RLIMIT_CORE, &no_core);
    signal(number, SIG_DFL);
    raise(number);
    return STATUS_SIGNAL + number;
}
