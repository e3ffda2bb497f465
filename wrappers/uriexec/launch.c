/* Runs launchers: waits for them, and looks whether uriexec is where they lead.
 * Must not build command lines; uricommand.h does. */
#include "launch.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shell.h"

static const int forwarded[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM};

static void run_launcher(const char *command, const sigset_t *mask, pid_t parent)
{
    sigprocmask(SIG_SETMASK, mask, NULL);
    /* Who ends uriexec with SIGKILL means the launcher. */
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(STATUS_SIGNAL + SIGTERM);
    _exit(become("/bin/sh", command));
}

/* The terminal tells the launcher too, but a hangup only reaches the leader of a session. */
static bool is_from_terminal(const siginfo_t *info)
{
    return info->si_code == SI_KERNEL &&
           (info->si_signo == SIGINT || info->si_signo == SIGQUIT ||
            (info->si_signo == SIGHUP && getsid(0) != getpid()));
}

/* Waits for the launcher's end and hands it signals meanwhile. */
static int wait_for(pid_t launcher, const sigset_t *watched)
{
    siginfo_t info;
    int status;

    for (;;) {
        if (sigwaitinfo(watched, &info) < 0)
            continue;
        if (info.si_signo == SIGCHLD) {
            if (waitpid(launcher, &status, WNOHANG) == launcher)
                return status;
        } else if (!is_from_terminal(&info)) {
            kill(launcher, info.si_signo);
        }
    }
}

/* Ends as the launcher did; returns where the signal is not one that ends a process. */
static int die_by(int number, const sigset_t *mask)
{
    const struct rlimit no_core = {0, 0};

    setrlimit(RLIMIT_CORE, &no_core);
    signal(number, SIG_DFL);
    raise(number);
    sigprocmask(SIG_SETMASK, mask, NULL);
    return STATUS_SIGNAL + number;
}

/* Here uriexec stays: only from the launcher's status can it know that the far side had nothing
 * to run, and env(1)'s one line there does not say where that was or what to do. */
int launch(const struct uricommand_hop *hops, size_t count, const char *command)
{
    sigset_t watched;
    sigset_t mask;
    pid_t parent = getpid();
    pid_t launcher;
    int status;

    sigemptyset(&watched);
    sigaddset(&watched, SIGCHLD);
    for (size_t i = 0; i < sizeof forwarded / sizeof *forwarded; i++)
        sigaddset(&watched, forwarded[i]);
    signal(SIGCHLD, SIG_DFL);
    sigprocmask(SIG_BLOCK, &watched, &mask);
    launcher = fork();
    if (launcher == 0)
        run_launcher(command, &mask, parent);
    if (launcher < 0)
        return complain(EX_OSERR, "cannot start a process: %s", strerror(errno));
    status = wait_for(launcher, &watched);
    if (WIFSIGNALED(status))
        return die_by(WTERMSIG(status), &mask);
    if (WEXITSTATUS(status) == STATUS_NOT_FOUND) {
        const char *last = hops[count - 1].launcher;

        complain(0,
                 "status 127 came back through %zu hop%s, the last '%s': no uriexec there, or no "
                 "such command; --check tells which, --uriexec-path says where it is",
                 count, count > 1 ? "s" : "", clean(last, strlen(last)));
    }
    return WEXITSTATUS(status);
}

/* ---- checking ------------------------------------------------------------------------------- */

static const char answer[] = "uriexec-answers";

/* Runs a command without input and looks for the answer in what it prints.  Returns 1 when it is
 * there, 0 when it is not, -1 when there is no memory or process for it. */
static int answers(const struct uricommand_hop *hops, size_t count, const char *command,
                   bool quietly)
{
    char line[1024];
    int found = 0;
    char *built = uricommand_build_hops(hops, count, command);
    char *full = NULL;
    FILE *from = NULL;

    if (built != NULL &&
        asprintf(&full, "%s </dev/null%s", built, quietly ? " 2>/dev/null" : "") > 0)
        from = popen(full, "r");
    free(built);
    free(full);
    if (from == NULL)
        return -1;
    /* To the end, as login shells may greet at length. */
    while (fgets(line, sizeof line, from) != NULL)
        found |= strstr(line, answer) != NULL;
    pclose(from);
    return found;
}

/* Whether one launcher gets through to its far side at all: there env(1) runs echo. */
static int gets_through(struct uricommand_hop *hops, size_t at)
{
    const char *uriexec = hops[at].uriexec;
    int found;

    hops[at].uriexec = "echo";
    found = answers(hops, at + 1, answer, false);
    hops[at].uriexec = uriexec;
    return found;
}

static int complain_of_hop(const struct uricommand_hop *hop, bool through)
{
    const char *launcher = clean(hop->launcher, strlen(hop->launcher));

    if (!through)
        return complain(STATUS_NOT_FOUND,
                        "'%s' does not get through: it does not run 'env echo' there", launcher);
    return complain(STATUS_NOT_FOUND,
                    "no %s beyond '%s'; install farmlock there or say with --uriexec-path where "
                    "it is",
                    hop->uriexec != NULL ? hop->uriexec : "uriexec", launcher);
}

int check_hops(struct uricommand_hop *hops, size_t count)
{
    char command[64];

    snprintf(command, sizeof command, "echo %s", answer);
    if (answers(hops, count, command, true) > 0)
        return 0;
    for (size_t i = 0; i < count; i++) {
        int through = gets_through(hops, i);
        int there = through > 0 ? answers(hops, i + 1, command, true) : through;

        if (there < 0)
            return complain(EX_OSERR, "cannot check the hops: %s", strerror(errno));
        if (there == 0)
            return complain_of_hop(&hops[i], through > 0);
    }
    return 0;
}

bool carries_no_status(const struct uricommand_hop *hop)
{
    const char *word = hop->launcher + strspn(hop->launcher, " ");

    while (*word != '\0') {
        size_t len = strcspn(word, " ");
        const char *slash = memrchr(word, '/', len);
        const char *name = slash != NULL ? slash + 1 : word;
        size_t name_len = (size_t)(word + len - name);

        if ((name_len == 3 && strncmp(name, "rsh", 3) == 0) ||
            (name_len > 4 && strncmp(name, "rsh-", 4) == 0) ||
            (name_len == 5 && strncmp(name, "remsh", 5) == 0))
            return true;
        word += len + strspn(word + len, " ");
    }
    return false;
}
