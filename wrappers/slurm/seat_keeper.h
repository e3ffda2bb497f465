/* Slurm, as locksync tells it of seats: by a reservation of licenses. */
#ifndef FARMLOCK_SLURM_SEAT_KEEPER_H
#define FARMLOCK_SLURM_SEAT_KEEPER_H

#include "scheduler/seat_keeper.h"

extern const struct seat_keeper slurm_seat_keeper;

#endif
