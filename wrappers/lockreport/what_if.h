/* A report on what would have been with other numbers of seats. */
#ifndef FARMLOCK_LOCKREPORT_WHAT_IF_H
#define FARMLOCK_LOCKREPORT_WHAT_IF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "holes.h"
#include "replay.h"
#include "rows.h"
#include "wanted_pools.h"

enum { WHAT_IF_MOST = 64 };

/* "39,41" are numbers of seats, "-1,+1,+5" so many less or more than there are. */
struct seat_count {
    bool is_relative;
    int32_t seats;
};

struct what_if {
    struct seat_count counts[WHAT_IF_MOST];
    size_t count;
    struct span time;
    struct wanted_pools pool; /* one */
    size_t seats;             /* that it has; 0: that is not known */
    bool is_servers;          /* it is a pool of a server's, and not a list of locks */
    struct replay *replay;
    struct hole_list holes; /* in what was told; the caller's to free */
};

/* Reads such a list.  Returns -1 with errno EINVAL; E2BIG: more than WHAT_IF_MOST. */
int what_if_parse(struct what_if *what_if, const char *text);

/* For a struct report_target: a struct what_if is the context. */
int what_if_add(void *what_if, const struct store_history *entry);
int what_if_tell_seats(void *what_if, const char *pool, size_t seats);

/* Prints it.  Returns -1 with errno: ENOMEM; ERANGE: a number of seats is below 1, or above 65,536;
 * ENODATA: it would have to be known how many seats there are. */
int what_if_print(struct what_if *what_if, enum rows_format format, FILE *out);

#endif
