/* Grid Engine, as locksync tells it of seats: by how many of a consumable there are. */
#ifndef FARMLOCK_GRIDENGINE_SEAT_KEEPER_H
#define FARMLOCK_GRIDENGINE_SEAT_KEEPER_H

#include "scheduler/seat_keeper.h"

extern const struct seat_keeper gridengine_seat_keeper;

#endif
