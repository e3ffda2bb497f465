/* Host names as programs tell them of one and the same machine: "CAD07", "cad07.lab.example". */
#ifndef FARMLOCK_LOCKFLEX_MACHINE_NAME_H
#define FARMLOCK_LOCKFLEX_MACHINE_NAME_H

#include "span.h"

/* Returns what all names of a machine have in common, for the caller to free(3): the first label in
 * lower case, or the whole of an address.  NULL with errno ENOMEM.
 */
char *machine_name_key(struct span host);

#endif
