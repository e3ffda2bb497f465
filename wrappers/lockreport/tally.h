/* Many lengths of time, of which the ranks are wanted, in little memory.  Pure.
 *
 * A few are kept as they are.  Of more than TALLY_EXACT only how many there are in each part of a
 * scale is known, and the longest of these: after the HDR histogram of Tene, a scale of powers of
 * two, each in 64 parts.  What is told then did occur, and is at most 1/64 above what is meant.
 */
#ifndef FARMLOCK_LOCKREPORT_TALLY_H
#define FARMLOCK_LOCKREPORT_TALLY_H

#include <stddef.h>
#include <stdint.h>

#include "lengths.h"

enum { TALLY_EXACT = 512, TALLY_PARTS = 64, TALLY_POWERS = 34 };

struct tally_cell {
    uint32_t count;
    uint32_t longest; /* beyond the beginning of the cell */
};

/* All 0 is empty. */
struct tally {
    size_t count;
    size_t bytes; /* the memory that they take */
    int64_t longest_ms;
    int64_t *exact; /* NULL once there are more */
    size_t exact_room;
    struct tally_cell **powers; /* then: TALLY_POWERS of TALLY_PARTS cells each, or NULL */
};

/* Returns -1 with errno ENOMEM. */
int tally_add(struct tally *tally, int64_t length_ms);

/* As lengths_of() of all; may sort them. */
struct lengths tally_lengths(struct tally *tally);

void tally_fini(struct tally *tally);

#endif
