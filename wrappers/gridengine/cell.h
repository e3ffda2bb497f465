/* Which cell of Grid Engine's this process talks to. */
#ifndef FARMLOCK_GRIDENGINE_CELL_H
#define FARMLOCK_GRIDENGINE_CELL_H

#include <stdbool.h>

#include "job/gridengine_id.h"

/* Whether a job is of this cell: of the one that is called `cluster`; if that is NULL, of the one
 * that SGE_CLUSTER_NAME or SGE_CELL name.  An id without a name is of a cell that has none, and, if
 * `takes_bare`, of any.
 */
bool cell_has(const struct gridengine_job *job, const char *cluster, bool takes_bare);

#endif
