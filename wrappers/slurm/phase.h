/* What the state of a job, as Slurm has it, means to the rule. */
#ifndef FARMLOCK_SLURM_PHASE_H
#define FARMLOCK_SLURM_PHASE_H

#include <stdbool.h>

#include "scheduler/job_source.h"

/* `state` is slurm_job_info_t's job_state.  An ended job is over also where it carries a flag that
 * no release had when this was written: such flags say how a job ended.  A waiting one with such a
 * flag counts as live, as does a base state that is not known.
 */
enum job_phase phase_of(uint32_t state);

/* True where phase_of() says that a job lives because it does not know better. */
bool phase_is_strange(uint32_t state);

#endif
