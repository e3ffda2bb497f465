/* Finds a node in the node lists of a heterogeneous job.
 * Must not guess: components may share a node. */
#include "slurm_component.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/name_list.h"

/* 1 or 0; -1 when the list cannot be read. */
static int has_node(const char *list, const char *node)
{
    struct name_list names = {0};
    char error[256];
    int has = -1;

    if (name_list_append(&names, list, error, sizeof error) == 0)
        has = name_list_has(names.names, names.count, node);
    name_list_fini(&names);
    return has;
}

int slurm_component_of(const char *node, const char *const *lists, size_t count)
{
    int found = -1;

    for (size_t i = 0; i < count; i++) {
        int has = has_node(lists[i], node);

        if (has < 0 || (has == 1 && found >= 0))
            return -1;
        if (has == 1)
            found = (int)i;
    }
    return found;
}
