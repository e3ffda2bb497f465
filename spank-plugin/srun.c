/* The plugin in srun, sbatch and salloc: srun holds the end of the connections that breaks with it.
 * Must not write anything to the user's terminal, nor keep srun from its work. */
#include "srun.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "allocator.h"
#include "contact.h"
#include "peer_port.h"
#include "process/process.h"
#include "slurm_compat.h"

static struct peer_port port;

/* srun forks a shepherd, which must not keep the connections of a dead srun. */
static void close_in_child(void)
{
    peer_port_close(&port);
}

/* --jobid, which getopt_long(3) takes abbreviated, too.  A word of the command's that looks like
 * it does no harm: then the allocation stays. */
static bool names_a_job(void)
{
    char *words = NULL;
    bool found = false;
    size_t len = 0;
    FILE *file = fopen("/proc/self/cmdline", "re");

    if (file == NULL)
        return true;
    while (!found && getdelim(&words, &len, '\0', file) > 0)
        found = strncmp(words, "--jobi", 6) == 0;
    free(words);
    fclose(file);
    return found;
}

static bool makes_its_own_allocation(void)
{
    return getenv("SLURM_JOB_ID") == NULL && getenv("SLURM_JOBID") == NULL && !names_a_job();
}

static void export_contact(void)
{
    struct contact contact = {
        .port = port.port,
        .pid = getpid(),
        .start = process_start_time(getpid()),
        .owns_allocation = makes_its_own_allocation(),
    };
    char text[CONTACT_SIZE];

    snprintf(contact.boot, sizeof contact.boot, "%s", process_boot_id());
    contact_format(text, &contact);
    setenv(CONTACT_VARIABLE, text, 1);
}

static void export_allocator(const struct allocator *allocator)
{
    char text[ALLOCATOR_SIZE];

    allocator_format(text, allocator);
    setenv(ALLOCATOR_VARIABLE, text, 1);
}

/* What a step around this process was told. */
static void forget_outer_step(void)
{
    unsetenv(CONTACT_VARIABLE);
    unsetenv(CONTACT_MARK);
    unsetenv(ALLOCATOR_VARIABLE);
}

void srun_begin(const struct plugin *plugin)
{
    const struct settings *settings = &plugin->settings;
    bool wanted = plugin->wish >= 0 ? plugin->wish : settings->on;
    struct allocator allocator;
    bool has_allocator;

    /* The other components of a heterogeneous job are this srun's, too. */
    if (port.count > 0)
        return;
    forget_outer_step();
    has_allocator = !names_a_job() && allocator_find(&allocator);
    unsetenv(ALLOCATOR_SALLOC_VARIABLE);
    if (!wanted)
        return;
    if (peer_port_listen(&port, settings->port_low, settings->port_high, 0) != 0) {
        slurm_verbose("pidwatch: cannot listen for the nodes: %m; the step is not watched");
        return;
    }
    pthread_atfork(NULL, NULL, close_in_child);
    export_contact();
    if (has_allocator)
        export_allocator(&allocator);
}

/* By the name that Slurm gives it in the environment of a job whose own it was. */
void srun_forget_outer_option(void)
{
    unsetenv("SLURM_SPANK__SLURM_SPANK_OPTION_pidwatch_pidwatch");
    unsetenv("_SLURM_SPANK_OPTION_pidwatch_pidwatch");
}

void srun_begin_allocator(void)
{
    forget_outer_step();
    allocator_announce();
}
