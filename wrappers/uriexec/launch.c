/* Runs the first launcher.
 * Must not build command lines; uricommand.h does. */
#include "launch.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/error_text.h"
#include "cli/message.h"
#include "launcher.h"
#include "launcher_name.h"
#include "shell.h"
#include "tie.h"

struct run {
    const struct launch *launch;
    int input[2]; /* a pipe, or -1 */
};

bool launch_has_no_input(void)
{
    struct stat st;

    if (fstat(STDIN_FILENO, &st) != 0)
        return errno == EBADF;
    return S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3);
}

/* With a tie a guard stays between, whose parent uriexec is: it also ends what a launcher of
 * several commands leaves behind. */
static int run_launcher(void *context)
{
    const struct run *run = context;
    const struct tied tied = {
        .shell = "/bin/sh",
        .command = run->launch->command,
        .grace_ms = run->launch->grace_ms,
    };

    if (run->input[0] >= 0 && dup2(run->input[0], STDIN_FILENO) < 0)
        return EX_OSERR;
    descriptor_close(run->input[0]);
    descriptor_close(run->input[1]);
    return run->launch->tie ? tie_run(&tied) : become(tied.shell, tied.command);
}

static bool any_is_ssh(const struct launch *launch)
{
    for (size_t i = 0; i < launch->hop_count; i++) {
        if (launcher_name_is_ssh(launch->hops[i].launcher))
            return true;
    }
    return false;
}

/* Only from its status can this side know that the far side had nothing to run, and neither env(1)
 * nor a shell there says where that was or what to do. */
static const char *explain(const struct launch *launch, int status)
{
    if (status == STATUS_NOT_FOUND)
        return "no uriexec there, or no such command; --check tells which, --uriexec-path says "
               "where it is";
    if (status == EX_OSERR && launch->enters)
        return "the folder of --cd cannot be entered there, unless the command ended so";
    if (status != STATUS_SSH || !any_is_ssh(launch))
        return NULL;
    if (launch->tie)
        return "where no line of uriexec's above tells of the command's end, it is ssh's own: no "
               "connection, or one that was lost; --check tells which hop does not work";
    return "ssh's own for a connection that failed or was lost, or the command's, or that of one "
           "that a signal ended; --tie tells them apart, --check whether all hops work";
}

static void say_where(const struct launch *launch, int status)
{
    const char *last = launch->hops[launch->hop_count - 1].launcher;
    const char *why = explain(launch, status);

    if (why != NULL)
        cli_error("uriexec", 0, "status %d came back through %zu hop%s, the last '%s': %s", status,
                  launch->hop_count, launch->hop_count > 1 ? "s" : "", clean(last, strlen(last)),
                  why);
}

/* Here uriexec stays: see explain(). */
int launch(const struct launch *launch)
{
    struct run run = {.launch = launch, .input = {-1, -1}};
    struct launcher launcher;
    int status;

    if (launch->holds_input && pipe2(run.input, O_CLOEXEC) != 0)
        return cli_error("uriexec", EX_OSERR, "cannot make a pipe: %s", error_text(errno));
    if (launcher_start(&launcher, run_launcher, &run) != 0)
        return cli_error("uriexec", EX_OSERR, "cannot start a process: %s", error_text(errno));
    descriptor_close(run.input[0]);
    status = launcher_wait(&launcher, NULL, 0, -1, NULL, NULL);
    descriptor_close(run.input[1]);
    if (WIFSIGNALED(status))
        return launcher_end_by(WTERMSIG(status));
    say_where(launch, WEXITSTATUS(status));
    return WEXITSTATUS(status);
}
