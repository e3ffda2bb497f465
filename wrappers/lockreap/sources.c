/* The schedulers that lockreap can ask.
 * Must not know anything of them but their names. */
#include "sources.h"

#include "gridengine/job_source.h"
#ifdef FARMLOCK_SLURM
#include "slurm/job_source.h"
#endif

static const struct job_source *const sources[] = {
#ifdef FARMLOCK_SLURM
    &slurm_job_source,
#else
    NULL,
#endif
    &gridengine_job_source,
};

const struct job_source *sources_find(unsigned index)
{
    return index < sizeof sources / sizeof sources[0] ? sources[index] : NULL;
}
