/* The plugin in slurmstepd. */
#ifndef FARMLOCK_SPANK_STEP_H
#define FARMLOCK_SPANK_STEP_H

#include "plugin.h"
#include "slurm_compat.h"

/* In slurmstepd: takes the variables out of the step's environment, notes each task, and leaves the
 * watcher behind with the last.
 */
void step_begin(const struct plugin *plugin, spank_t spank);
void step_add_task(const struct plugin *plugin, spank_t spank);

/* Writes what the watcher has to say to slurmd's log; the last time, lets it go. */
void step_take_reports(const struct plugin *plugin, spank_t spank);
void step_end(const struct plugin *plugin, spank_t spank);

#endif
