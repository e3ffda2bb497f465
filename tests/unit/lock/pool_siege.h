/* A pool under siege: somebody waits for a seat, and all others do what makes him wait longest.
 *
 * What they do is a string of decisions: who asks for how much, who gives back early, tick by tick.
 * The string is changed here and there, and what made the wait longer is kept; so the waits that it
 * comes to are bad ones, not usual ones.
 */
#ifndef FARMLOCK_POOL_SIEGE_H
#define FARMLOCK_POOL_SIEGE_H

#include <stdbool.h>
#include <stdint.h>

#include "lock/pools.h"

enum {
    SIEGE_TICK_MS = 1000,
    SIEGE_HOLD = 8, /* ticks: the longest that a seat is held */
    SIEGE_PLAYERS = 6,
    SIEGE_DECISIONS = 1200,
};

struct siege_player {
    const char *user, *project;
    int32_t priority;
    uint32_t most; /* seats at a time; 1 where it is 0 */
};

/* What stands before the victim, at the moment when it asks. */
struct siege_queue {
    uint32_t all;      /* requests that wait and come before it, and itself */
    uint32_t own;      /* those of its user and project */
    uint32_t overtook; /* that came later and were served before it */
};

struct siege {
    const char *name;
    struct pool_config pool;
    struct siege_player players[SIEGE_PLAYERS]; /* the first is the victim */
    int player_count;
    bool is_alone; /* the victim asks for nothing else */
    uint32_t outside;
    uint32_t wants;            /* of the victim; 1 where it is 0 */
    int32_t latest_to_pass_ms; /* who comes later than that is not served before it */
    /* How many ticks it may wait. */
    int64_t (*bound)(const struct siege *siege, const struct siege_queue *queue);
};

/* Tries so many strings.  Fails the test where one makes the victim wait longer than the bound, and
 * says which.  Returns the longest wait as a part of its bound, in percent. */
int siege_worst(const struct siege *siege, uint64_t seed, int tries);

#endif
