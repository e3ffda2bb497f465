/* How a pool of lockerd's stands: who holds its seats, and what is known to be in use elsewhere. */
#ifndef FARMLOCK_LOCKFLEX_STANDING_H
#define FARMLOCK_LOCKFLEX_STANDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "feature_map.h"
#include "use.h"

struct standing {
    bool exists;      /* lockerd has such a pool */
    uint64_t most;    /* so many of its seats can be outside */
    uint64_t outside; /* what it takes to be in use elsewhere now */
    struct use held;  /* its holders, a seat each, with their rows merged */
};

/* Reads the standing of each mapped pool, `map->count` of them, out of the list that
 * ipclocker_lock_list_json() fetches.  A holder's user is the login that is proven, else the one in
 * its name.  Without `by_machine` all is on one machine, "".
 * Returns an array for the caller to end with standings_free(); or NULL with errno
 *   EPROTO   it is not the list of a farmlock server
 *   ENOTSUP  the server has no pools, or is one that does not know what that is
 *   ENOMEM
 */
struct standing *standings_parse(const struct feature_map *map, const char *json, bool by_machine);

/* Ignores NULL, and keeps errno. */
void standings_free(struct standing *standings, size_t count);

#endif
