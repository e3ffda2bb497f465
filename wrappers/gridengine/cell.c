/* Which cell of Grid Engine's this process talks to.
 * Must not take another cell's job for one of this. */
#include "cell.h"

#include <stdlib.h>
#include <string.h>

bool cell_has(const struct gridengine_job *job, const char *cluster, bool takes_bare)
{
    const char *name = cluster != NULL
                           ? cluster
                           : gridengine_cluster(getenv("SGE_CLUSTER_NAME"), getenv("SGE_CELL"));

    if (job->cluster[0] == '\0')
        return name == NULL || takes_bare;
    return name != NULL && strcmp(name, job->cluster) == 0;
}
