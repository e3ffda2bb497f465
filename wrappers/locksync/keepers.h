/* The schedulers that locksync can tell of seats. */
#ifndef FARMLOCK_LOCKSYNC_KEEPERS_H
#define FARMLOCK_LOCKSYNC_KEEPERS_H

#include "scheduler/seat_keeper.h"

/* As --scheduler has them, in this order. */
#define KEEPERS_WORDS "slurm|sge"

/* NULL for one that this locksync was built without. */
const struct seat_keeper *keepers_find(unsigned index);

#endif
