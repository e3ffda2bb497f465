/* Stays with a command until it ends, or ends it when the near end is gone.
 * Must not come between the command and its streams, signals and terminal. */
#include "tie.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error_text.h"
#include "cli/message.h"
#include "launcher.h"
#include "near_end.h"
#include "process/descendants.h"
#include "process/signal_name.h"
#include "shell.h"

enum { POLL_MS = 500 };

struct tie {
    const struct tied *tied;
    struct near_end near;
    bool broken;
};

static int run_command(void *context)
{
    const struct tied *tied = context;

    return become(tied->shell, tied->command);
}

static void look(void *context)
{
    struct tie *tie = context;

    if (tie->broken || !near_end_is_gone(&tie->near))
        return;
    tie->broken = true;
    descendants_end(tie->tied->grace_ms);
}

/* What ssh makes of these ends is its own status, too. */
static void tell(int status)
{
    char host[HOST_NAME_MAX + 1] = "";
    char name[16];

    gethostname(host, sizeof host - 1);
    if (WIFSIGNALED(status)) {
        signal_name_format(name, sizeof name, WTERMSIG(status));
        cli_error("uriexec", 0, "the command on %s was ended by signal %s", host, name);
    } else if (WEXITSTATUS(status) == STATUS_SSH) {
        cli_error("uriexec", 0, "the command on %s itself ended with status %d", host, STATUS_SSH);
    }
}

int tie_run(const struct tied *tied)
{
    struct tie tie = {.tied = tied};
    struct launcher launcher;
    int status;

    descendants_keep();
    near_end_init(&tie.near, tied->word);
    if (launcher_start(&launcher, run_command, (void *)tied) != 0) {
        near_end_fini(&tie.near);
        return cli_error("uriexec", EX_OSERR, "cannot start a process: %s", error_text(errno));
    }
    status = launcher_wait(&launcher, tie.near.watched, NEAR_WATCHED,
                           tie.near.needs_polling ? POLL_MS : -1, look, &tie);
    near_end_fini(&tie.near);
    /* Through ssh, the same signal to the near end would have ended all. */
    if (launcher.told != 0 && WIFSIGNALED(status))
        descendants_end(tied->grace_ms);
    if (tied->word != NULL && tied->word->tell && !tie.broken)
        tell(status);
    return WIFSIGNALED(status) ? launcher_end_by(WTERMSIG(status)) : WEXITSTATUS(status);
}
