/* Which servers share this one's state.
 * Must not be made up: two that do not share one and say the same id give out a lock twice. */
#include "cluster.h"

#include <errno.h>
#include <string.h>

#include "context.h"
#include "protocol/cluster_id.h"

int ipclocker_server_set_cluster(struct ipclocker_server *server, const char *id)
{
    if (id == NULL) {
        server->cluster[0] = '\0';
        return 0;
    }
    if (!cluster_id_is_valid(id)) {
        errno = EINVAL;
        return context_fail(server, "the id of a cluster is 1 to %d letters, digits and hyphens",
                            CLUSTER_ID_SIZE - 1);
    }
    memcpy(server->cluster, id, strlen(id) + 1);
    return 0;
}
