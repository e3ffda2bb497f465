/* The parts of the plugin, one for each of Slurm's programs that load it. */
#ifndef FARMLOCK_SPANK_PLUGIN_H
#define FARMLOCK_SPANK_PLUGIN_H

#include <stdbool.h>

#include "settings.h"
#include "slurm_compat.h"

/* What the plugin was told; valid from slurm_spank_init() on. */
struct plugin {
    struct settings settings;
    int wish; /* of the user, by --pidwatch: 1 on, 0 off, below 0 none */
};

/* In srun, once it has read its options; called for each component of a heterogeneous job.  Listens
 * for watchers, and exports where; or exports nothing where the step is not to be watched.
 */
void srun_begin(const struct plugin *plugin);

/* In sbatch and salloc: what a step around them was told is not for the job. */
void allocator_begin(void);

/* In slurmstepd: takes the variables out of the step's environment, notes each task, and leaves the
 * watcher behind with the last.
 */
void step_begin(const struct plugin *plugin, spank_t spank);
void step_add_task(const struct plugin *plugin, spank_t spank);

/* Writes what the watcher has to say to slurmd's log; the last time, lets it go. */
void step_take_reports(const struct plugin *plugin, spank_t spank);
void step_end(const struct plugin *plugin, spank_t spank);

#endif
