/* How many seats of a pool are in use outside of lockerd. */
#ifndef FARMLOCK_LOCKFLEX_TALLY_H
#define FARMLOCK_LOCKFLEX_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "feature_map.h"
#include "reading.h"
#include "standing.h"

enum { TALLY_WHY_SIZE = 400 };

struct tally {
    uint64_t in_use;          /* licenses that are checked out */
    uint64_t ours;            /* of these, what lockerd's holders use */
    uint64_t reserved;        /* set aside for others than the farm */
    uint64_t queued;          /* licenses that are waited for */
    uint64_t outside;         /* seats that lockerd is not to give out */
    bool is_whole;            /* all of the pool's features were counted */
    char why[TALLY_WHY_SIZE]; /* why not, or what else to tell about it; "" for nothing */
};

/* Counts a pool, what its features say in all readings together.
 *
 * What a user has on a machine beyond the seats that he holds there is outside; so are licenses in
 * use that the list does not say by whom, and those that are reserved for others.  Where the
 * readings are not whole, it is not less than what lockerd knows already: a server that is down
 * gives nothing back.
 * Returns 0, or -1 with errno ENOMEM.
 */
int tally_count(struct tally *tally, const struct feature_map *map,
                const struct feature_map_pool *pool, const struct reading *readings,
                size_t reading_count, const struct standing *standing);

#endif
