/* Which component of a heterogeneous job of Slurm's a node belongs to. */
#ifndef FARMLOCK_JOB_SLURM_COMPONENT_H
#define FARMLOCK_JOB_SLURM_COMPONENT_H

#include <stddef.h>

/* Finds the one node list that has a node: Slurm writes "n[1-2],m3".  Returns its index, or -1 when
 * no list has it, when several have, or when one of them cannot be read, so that it may have it
 * too.
 */
int slurm_component_of(const char *node, const char *const *lists, size_t count);

#endif
