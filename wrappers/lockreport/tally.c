/* Counts lengths on a scale that is finer where they are shorter.
 * Must not tell one that did not occur. */
#include "tally.h"

#include <stdlib.h>

#include "base/array.h"

enum { PART_BITS = 6 };
_Static_assert(TALLY_PARTS == 1 << PART_BITS, "a power of two has as many parts");

/* Seventeen years, which is longer than any lock is held. */
#define SCALE_MS ((INT64_C(1) << (TALLY_POWERS + PART_BITS - 1)) - 1)

/* Where on the scale a length is: its power of two, and the part of that. */
struct place {
    size_t power, part;
};

static struct place place_of(int64_t length_ms)
{
    uint64_t length = (uint64_t)(length_ms < SCALE_MS ? length_ms : SCALE_MS);
    int shift = 63 - PART_BITS - __builtin_clzll(length | TALLY_PARTS);

    /* The shortest are one to a part, and have no power below their own. */
    if (length < TALLY_PARTS)
        return (struct place){.power = 0, .part = length};
    return (struct place){.power = (size_t)shift + 1, .part = (length >> shift) - TALLY_PARTS};
}

static int64_t start_of(const struct place *place)
{
    if (place->power == 0)
        return (int64_t)place->part;
    return (int64_t)(place->part + TALLY_PARTS) << (place->power - 1);
}

static int add_to_scale(struct tally *tally, int64_t length_ms)
{
    const struct place place = place_of(length_ms);
    int64_t beyond = (length_ms < SCALE_MS ? length_ms : SCALE_MS) - start_of(&place);
    struct tally_cell **power = &tally->powers[place.power], *cell;

    if (*power == NULL) {
        if ((*power = calloc(TALLY_PARTS, sizeof **power)) == NULL)
            return -1;
        tally->bytes += TALLY_PARTS * sizeof **power;
    }
    cell = &(*power)[place.part];
    cell->count++;
    if (beyond > cell->longest)
        cell->longest = (uint32_t)beyond;
    return 0;
}

/* There are too many to keep them. */
static int give_up_exact(struct tally *tally)
{
    if (tally->powers == NULL)
        tally->powers = calloc(TALLY_POWERS, sizeof(struct tally_cell *));
    if (tally->powers == NULL)
        return -1;
    for (size_t i = 0; i < tally->count; i++) {
        if (add_to_scale(tally, tally->exact[i]) != 0)
            return -1;
    }
    free(tally->exact);
    tally->exact = NULL;
    tally->bytes -= tally->exact_room * sizeof *tally->exact;
    return 0;
}

static int add_exact(struct tally *tally, int64_t length_ms)
{
    size_t before = tally->exact_room;
    int64_t *exact =
        array_grow(tally->exact, &tally->exact_room, tally->count, sizeof *tally->exact);

    if (exact == NULL)
        return -1;
    tally->exact = exact;
    tally->bytes += (tally->exact_room - before) * sizeof *exact;
    exact[tally->count] = length_ms;
    return 0;
}

int tally_add(struct tally *tally, int64_t length_ms)
{
    int result;

    if (tally->count == TALLY_EXACT && tally->exact != NULL && give_up_exact(tally) != 0)
        return -1;
    result =
        tally->count < TALLY_EXACT ? add_exact(tally, length_ms) : add_to_scale(tally, length_ms);
    if (result != 0)
        return -1;
    tally->count++;
    if (length_ms > tally->longest_ms)
        tally->longest_ms = length_ms;
    return 0;
}

/* The longest of the cell in which so many have been passed. */
static int64_t of_rank(const struct tally *tally, size_t rank)
{
    struct place place;
    size_t seen = 0;

    for (place.power = 0; place.power < TALLY_POWERS; place.power++) {
        const struct tally_cell *cells = tally->powers[place.power];

        for (place.part = 0; cells != NULL && place.part < TALLY_PARTS; place.part++) {
            seen += cells[place.part].count;
            if (seen >= rank)
                return start_of(&place) + cells[place.part].longest;
        }
    }
    return tally->longest_ms;
}

struct lengths tally_lengths(struct tally *tally)
{
    if (tally->count <= TALLY_EXACT)
        return lengths_of(tally->exact, tally->count);
    return (struct lengths){
        .median_ms = of_rank(tally, lengths_median_rank(tally->count)),
        .p90_ms = of_rank(tally, lengths_p90_rank(tally->count)),
        .longest_ms = tally->longest_ms,
    };
}

void tally_fini(struct tally *tally)
{
    free(tally->exact);
    for (size_t i = 0; tally->powers != NULL && i < TALLY_POWERS; i++)
        free(tally->powers[i]);
    free(tally->powers);
    *tally = (struct tally){0};
}
