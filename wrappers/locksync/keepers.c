/* The schedulers that locksync can tell of seats.
 * Must not know anything of them but their names. */
#include "keepers.h"

#include <stddef.h>

#include "gridengine/seat_keeper.h"
#ifdef FARMLOCK_SLURM
#include "slurm/seat_keeper.h"
#endif

static const struct seat_keeper *const keepers[] = {
#ifdef FARMLOCK_SLURM
    &slurm_seat_keeper,
#else
    NULL,
#endif
    &gridengine_seat_keeper,
};

const struct seat_keeper *keepers_find(unsigned index)
{
    return index < sizeof keepers / sizeof keepers[0] ? keepers[index] : NULL;
}
