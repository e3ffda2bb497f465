/* The history itself, a line for each entry, as it comes. */
#ifndef FARMLOCK_LOCKREPORT_ROWS_H
#define FARMLOCK_LOCKREPORT_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "holes.h"
#include "report.h"
#include "store/store.h"
#include "wanted_pools.h"

enum rows_format { ROWS_TABLE, ROWS_CSV, ROWS_JSON };

struct rows {
    enum rows_format format;
    bool in_vain; /* what was refused or left, instead of what was held */
    int64_t since_ms, until_ms;
    struct wanted_pools pools;
    report_login_fn *login_of; /* or NULL */
    FILE *out;
    size_t count;           /* printed so far */
    struct hole_list holes; /* in what was told; the caller's to free */
};

/* Prints what stands before all of them, and behind.  They return -1 with errno ENOMEM. */
int rows_begin(const struct rows *rows);
int rows_end(struct rows *rows);

/* Prints one, if it is wanted; a struct rows is the context.  Returns -1 with errno ENOMEM, or as
 * write(2) where nobody reads any more. */
int rows_take(void *rows, const struct store_history *entry);

#endif
