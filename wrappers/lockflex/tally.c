/* How many seats of a pool are in use outside of lockerd.
 * Must not count more seats as the farm's own than lockerd has given out. */
#include "tally.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* What several features and servers say of one pool. */
struct sum {
    struct use rows;  /* who uses it */
    uint64_t shared;  /* check-outs that share a license with others */
    uint64_t unnamed; /* licenses in use that the list does not say by whom */
};

static void explain(struct tally *tally, bool is_whole, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void explain(struct tally *tally, bool is_whole, const char *format, ...)
{
    va_list args;

    tally->is_whole &= is_whole;
    if (tally->why[0] != '\0')
        return;
    va_start(args, format);
    vsnprintf(tally->why, sizeof tally->why, format, args);
    va_end(args);
}

/* The total of a list has reservations in it, where they are not in use. */
static void compare_with_total(const struct use *use, struct sum *sum)
{
    uint64_t told = use->listed + use->reserved + use->reserved_ours;

    if (!use->has_total)
        return;
    if (use->total > told)
        sum->unnamed += use->total - told;
    else if (use->listed > use->total)
        sum->shared += use->listed - use->total;
}

static int add_use(struct tally *tally, struct sum *sum, const struct use *use)
{
    for (size_t i = 0; i < use->row_count; i++) {
        const struct use_row *row = &use->rows[i];
        struct span user = {.at = row->user, .len = strlen(row->user)};
        struct span machine = {.at = row->machine, .len = strlen(row->machine)};

        if (use_add(&sum->rows, user, machine, row->count) != 0)
            return -1;
    }
    compare_with_total(use, sum);
    tally->reserved += use->reserved;
    tally->queued += use->queued;
    return 0;
}

static int add_feature(struct tally *tally, struct sum *sum, const char *feature, size_t index,
                       const struct reading *readings, size_t reading_count)
{
    bool is_heard = false;

    for (size_t i = 0; i < reading_count; i++) {
        const struct use *use = &readings[i].uses[index];

        is_heard |= use->state != USE_UNHEARD;
        if (use->state == USE_FAULTY && use->why[0] == '\0')
            tally->is_whole = false;
        else if (use->state == USE_FAULTY)
            explain(tally, false, "%s: %s", feature, use->why);
        else if (use->state == USE_UNCOUNTED)
            explain(tally, true, "%s has no limit: nobody takes a seat by using it", feature);
        else if (use->state == USE_COUNTED && add_use(tally, sum, use) != 0)
            return -1;
    }
    if (!is_heard)
        explain(tally, false, "no license server tells of a feature %s; correct --map", feature);
    return 0;
}

/* Both are in one order. */
static uint64_t count_ours(const struct use *rows, const struct use *held)
{
    uint64_t ours = 0;
    size_t i = 0, k = 0;

    while (i < rows->row_count && k < held->row_count) {
        int order = use_row_compare(&rows->rows[i], &held->rows[k]);
        uint64_t used = rows->rows[i].count, seats = held->rows[k].count;

        if (order == 0)
            ours += used < seats ? used : seats;
        i += order <= 0;
        k += order >= 0;
    }
    return ours;
}

static uint64_t less(uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0;
}

int tally_count(struct tally *tally, const struct feature_map *map,
                const struct feature_map_pool *pool, const struct reading *readings,
                size_t reading_count, const struct standing *standing)
{
    struct sum sum = {.shared = 0};
    int result = 0;

    *tally = (struct tally){.is_whole = true};
    for (size_t i = 0; i < reading_count; i++)
        tally->is_whole &= readings[i].is_whole;
    for (size_t i = 0; i < pool->features.count && result == 0; i++) {
        const char *feature = pool->features.names[i];

        result = add_feature(tally, &sum, feature, feature_map_index(map, feature), readings,
                             reading_count);
    }
    use_merge_rows(&sum.rows);
    tally->ours = count_ours(&sum.rows, &standing->held);
    tally->in_use = less(sum.rows.listed, sum.shared) + sum.unnamed;
    tally->outside =
        less(sum.rows.listed - tally->ours, sum.shared) + sum.unnamed + tally->reserved;
    if (!tally->is_whole && tally->outside < standing->outside)
        tally->outside = standing->outside;
    use_fini(&sum.rows);
    return result;
}
