/* The plugin in srun, sbatch and salloc. */
#ifndef FARMLOCK_SPANK_SRUN_H
#define FARMLOCK_SPANK_SRUN_H

#include "plugin.h"

/* In srun, once it has read its options; called for each component of a heterogeneous job.  Listens
 * for watchers, and exports where; or exports nothing where the step is not to be watched.
 */
void srun_begin(const struct plugin *plugin);

/* In sbatch and salloc, before they read their options: --pidwatch of a job around them is not for
 * the job that they make.
 */
void srun_forget_outer_option(void);

/* In sbatch and salloc: what a step around them was told is not for the job.  The sruns that salloc
 * will start are told who it is.
 */
void srun_begin_allocator(void);

#endif
