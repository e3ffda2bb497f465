/* A reservation of licences in Slurm: without nodes, for a while, to be renewed. */
#ifndef FARMLOCK_SLURM_RESERVATION_H
#define FARMLOCK_SLURM_RESERVATION_H

#include <stdbool.h>
#include <stdint.h>

#include "call.h"
#include "job/slurm_id.h"
#include "scheduler/seat_map.h"

enum { RESERVATION_NAME_SIZE = 65 };

/* What is asked and answered, in memory that is shared with the process that asks. */
struct reservation {
    char name[RESERVATION_NAME_SIZE];

    /* Found by reservation_look(). */
    char cluster[SLURM_CLUSTER_SIZE];
    bool exists;
    bool has_nodes;                /* it is somebody else's, for something else */
    char licenses[SEAT_TEXT_SIZE]; /* what it sets aside */
    int64_t end_s;                 /* since 1970 */
    struct seat_maps maps; /* their totals are filled in, 0 where Slurm has no such licence */

    /* Wanted by reservation_put(). */
    char wanted[SEAT_TEXT_SIZE];
    int64_t wanted_end_s;
};

/* NULL with errno. */
struct reservation *reservation_create(void);
void reservation_destroy(struct reservation *reservation);

/* All return 0, or -1 with errno and the error as slurm_call() has them. */

/* Looks what there is. */
int reservation_look(struct reservation *reservation, int64_t deadline_ms,
                     char error[CHILD_ERROR_SIZE]);

/* Creates it, or changes it if it `exists`. */
int reservation_put(struct reservation *reservation, int64_t deadline_ms,
                    char error[CHILD_ERROR_SIZE]);

/* Deletes it; one that is not there is no error. */
int reservation_drop(struct reservation *reservation, int64_t deadline_ms,
                     char error[CHILD_ERROR_SIZE]);

#endif
