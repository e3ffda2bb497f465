/* Runs Slurm's own command: the plugin is not linked with libslurm, whose calls may block or exit.
 * Must not pass on anything of the job's environment. */
#include "cancel.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    NODE_PAUSE_S = 1,
    DEADLINE_S = 30,
    TRIES_MAX = 13,
    PAUSE_S = 5, /* doubled with each try */
    PAUSE_MAX_S = 300,
};

/* Where slurmstepd is in PREFIX/sbin, scancel is in PREFIX/bin. */
static bool find_scancel(char *path, size_t size)
{
    static const char *const usual[] = {"/usr/bin/scancel", "/usr/local/bin/scancel",
                                        "/opt/slurm/bin/scancel"};
    char own[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", own, sizeof own - 1);

    if (len > 0) {
        own[len] = '\0';
        snprintf(path, size, "%s/../bin/scancel", dirname(own));
        if (access(path, X_OK) == 0)
            return true;
    }
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++) {
        snprintf(path, size, "%s", usual[i]);
        if (access(path, X_OK) == 0)
            return true;
    }
    return false;
}

/* slurmstepd's own environment says which slurm.conf slurmd was started with. */
static void run_scancel(const char *path, const char *job)
{
    const char *conf = getenv("SLURM_CONF");
    char setting[PATH_MAX + 16];
    char *environment[] = {(char[]){"PATH=/usr/bin:/bin"}, NULL, NULL};

    if (conf != NULL) {
        snprintf(setting, sizeof setting, "SLURM_CONF=%s", conf);
        environment[1] = setting;
    }
    signal(SIGPIPE, SIG_DFL);
    alarm(DEADLINE_S);
    execle(path, path, job, (char *)NULL, environment);
    _exit(127);
}

static bool try_to_cancel(const char *path, const char *job)
{
    int status = 0;
    pid_t child = fork();

    if (child == 0)
        run_scancel(path, job);
    while (child > 0 && waitpid(child, &status, 0) < 0) {
        if (errno != EINTR)
            return false;
    }
    return child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void cancel_job(uint32_t job, uint32_t node_id)
{
    char path[PATH_MAX + 32], text[16];
    unsigned pause_s = PAUSE_S;

    if (node_id >= CANCEL_NODES_MAX || !find_scancel(path, sizeof path))
        return;
    snprintf(text, sizeof text, "%u", job);
    sleep(node_id * NODE_PAUSE_S);
    for (int tries = 0; tries < TRIES_MAX && !try_to_cancel(path, text); tries++) {
        sleep(pause_s);
        pause_s = pause_s * 2 < PAUSE_MAX_S ? pause_s * 2 : PAUSE_MAX_S;
    }
}
