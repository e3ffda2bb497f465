/* Consumables, in what qconf(1) prints. */
#ifndef FARMLOCK_GRIDENGINE_CONSUMABLE_H
#define FARMLOCK_GRIDENGINE_CONSUMABLE_H

#include <stdbool.h>
#include <stdint.h>

enum consumable_kind {
    CONSUMABLE_ABSENT, /* no complex of that name */
    CONSUMABLE_FIXED,  /* one that jobs do not use up */
    CONSUMABLE_USED,
};

/* Looks for a name in the table of qconf -sc. */
enum consumable_kind consumable_kind(const char *table, const char *name);

/* Reads how many there are of it on a host, in what qconf -se prints.  False when it says nothing
 * of it, or what is no whole number.
 */
bool consumable_amount(const char *host, const char *name, uint64_t *amount);

#endif
