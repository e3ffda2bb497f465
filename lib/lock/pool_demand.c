/* Demands that name pools: which seats of which pool each group means.
 * Must not know who holds or waits for anything. */
#include "pool_demand.h"

#include <stdlib.h>
#include <string.h>

#include "overlap.h"

bool pool_demand_is_one(const struct pool_index *index, const struct lock_ask *ask,
                        const char **unknown)
{
    bool is_one = false;

    *unknown = NULL;
    for (size_t g = 0; g < ask->group_count; g++) {
        for (size_t i = 0; i < ask->groups[g].name_count; i++) {
            if (pool_index_find(index, ask->groups[g].names[i]) != NULL)
                is_one = true;
            else if (*unknown == NULL)
                *unknown = ask->groups[g].names[i];
        }
    }
    return is_one;
}

bool pool_part_has(const struct pool_part *part, uint32_t seat)
{
    uint32_t first = 0, end = part->seat_count;

    if (part->is_whole)
        return true;
    while (first < end) {
        uint32_t middle = first + (end - first) / 2;

        if (part->seats[middle] == seat)
            return true;
        if (seat < part->seats[middle])
            end = middle;
        else
            first = middle + 1;
    }
    return false;
}

static int compare_seats(const void *a, const void *b)
{
    const uint32_t *left = a, *right = b;

    return lock_compare_numbers(*left, *right);
}

/* Sorts the seats of a part, drops those that stand twice, and sees whether they are all. */
static void tidy(struct pool_part *part, uint32_t *seats)
{
    uint32_t kept = 0;

    if (part->seat_count > 1)
        qsort(seats, part->seat_count, sizeof *seats, compare_seats);
    for (uint32_t i = 0; i < part->seat_count; i++) {
        if (kept == 0 || seats[kept - 1] != seats[i])
            seats[kept++] = seats[i];
    }
    part->seats = seats;
    part->seat_count = kept;
    part->is_whole = part->is_whole || kept == part->pool->size;
}

/* Adds a name to its group's part.  Returns false where it does not go with those before it. */
static bool add_name(struct pool_part *part, const struct pool_name *name, bool is_first,
                     uint32_t *seats)
{
    struct pool *pool = name != NULL ? name->pool : NULL;

    if (!is_first && pool != part->pool)
        return false;
    part->pool = pool;
    if (name == NULL)
        return true;
    if (name->seat == POOL_NO_SEAT)
        part->is_whole = true;
    else
        seats[part->seat_count++] = (uint32_t)name->seat;
    return true;
}

static enum lock_outcome read_group(struct pool_part *part, const struct pool_index *index,
                                    const struct lock_group *group, uint32_t *seats,
                                    const char **culprit)
{
    for (size_t i = 0; i < group->name_count; i++) {
        *culprit = group->names[i];
        if (!add_name(part, pool_index_find(index, group->names[i]), i == 0, seats))
            return LOCK_OUTCOME_MIXED;
    }
    if (part->pool == NULL)
        return LOCK_OUTCOME_GRANTED;
    tidy(part, seats);
    if (part->pool->keeps_room && !part->is_whole)
        return LOCK_OUTCOME_CHOOSES;
    /* More than a whole pool has is a matter of its size, which may change. */
    if (group->count < 1 || group->count > POOL_SEATS_MOST ||
        (!part->is_whole && group->count > part->seat_count))
        return LOCK_OUTCOME_BAD_COUNT;
    return LOCK_OUTCOME_GRANTED;
}

static bool overlap(const struct pool_part *a, const struct pool_part *b)
{
    if (a->pool == NULL || a->pool != b->pool)
        return false;
    if (a->is_whole || b->is_whole)
        return true;
    for (uint32_t i = 0; i < a->seat_count; i++) {
        if (pool_part_has(b, a->seats[i]))
            return true;
    }
    return false;
}

static const char *find_overlap(const struct pool_demand *demand)
{
    for (size_t g = 1; g < demand->ask->group_count; g++) {
        for (size_t h = 0; h < g; h++) {
            if (overlap(&demand->parts[g], &demand->parts[h]))
                return demand->ask->groups[g].names[0];
        }
    }
    return NULL;
}

static void claim(struct pool_demand *demand, struct pool *pool, size_t amount)
{
    for (size_t i = 0; i < demand->claim_count; i++) {
        /* The analyser takes the count for anything behind a call elsewhere. */
        if (demand->claims[i].pool == pool) { /* NOLINT(clang-analyzer-core.*) */
            demand->claims[i].amount += (uint32_t)amount;
            return;
        }
    }
    /* Of the verdict, which is large, nothing is anything before it is given. */
    demand->claims[demand->claim_count].pool = pool;
    demand->claims[demand->claim_count++].amount = (uint32_t)amount;
}

/* The groups of single locks, as a demand of their own. */
static enum lock_outcome read_singles(struct pool_demand *demand, const char **culprit)
{
    const struct lock_ask *ask = demand->ask;
    uint32_t numbers[2] = {0, 0}; /* of a group among all, of a group among the single ones */
    enum lock_outcome outcome;

    demand->single_ask.groups = demand->single_groups;
    for (size_t g = 0; g < ask->group_count; g++) {
        if (demand->parts[g].pool == NULL)
            demand->single_groups[demand->single_ask.group_count++] = ask->groups[g];
    }
    if (demand->single_ask.group_count == 0)
        return LOCK_OUTCOME_GRANTED;
    outcome = lock_want_init(&demand->singles, &demand->single_ask, culprit);
    if (outcome != LOCK_OUTCOME_GRANTED)
        return outcome;
    if (demand->singles.overlap != NULL) {
        *culprit = demand->singles.names[demand->singles.overlap->overlap.first].name;
        return LOCK_OUTCOME_OVERLAP;
    }
    for (size_t i = 0; i < demand->singles.name_count; i++) {
        struct lock_want_name *name = &demand->singles.names[i];

        while (demand->parts[numbers[0]].pool != NULL || numbers[1] < name->group) {
            numbers[1] += demand->parts[numbers[0]].pool == NULL;
            numbers[0]++;
        }
        name->group = numbers[0];
    }
    return LOCK_OUTCOME_GRANTED;
}

static int allocate(struct pool_demand *demand)
{
    const struct lock_ask *ask = demand->ask;
    size_t names = 0;

    for (size_t g = 0; g < ask->group_count; g++)
        names += ask->groups[g].name_count;
    if (ask->group_count == 1 && names <= POOL_DEMAND_FEW) {
        demand->few.part = (struct pool_part){0};
        demand->parts = &demand->few.part;
        demand->seats = demand->few.seats;
        demand->claims = &demand->few.claim;
        demand->single_groups = &demand->few.single_group;
        return 0;
    }
    demand->parts = calloc(ask->group_count + 1, sizeof *demand->parts);
    demand->seats = calloc(names + 1, sizeof *demand->seats);
    demand->claims = malloc((ask->group_count + 1) * sizeof *demand->claims);
    demand->single_groups = calloc(ask->group_count + 1, sizeof *demand->single_groups);
    if (demand->parts == NULL || demand->seats == NULL || demand->claims == NULL ||
        demand->single_groups == NULL)
        return -1;
    return 0;
}

static enum lock_outcome read_groups(struct pool_demand *demand, const struct pool_index *index,
                                     const char **culprit)
{
    const struct lock_ask *ask = demand->ask;
    uint32_t *seats = demand->seats;

    for (size_t g = 0; g < ask->group_count; g++) {
        if (!ask->groups[g].shared)
            continue;
        *culprit = ask->groups[g].names[0];
        return LOCK_OUTCOME_SHARES;
    }
    for (size_t g = 0; g < ask->group_count; g++) {
        struct pool_part *part = &demand->parts[g];
        enum lock_outcome outcome = read_group(part, index, &ask->groups[g], seats, culprit);

        if (outcome != LOCK_OUTCOME_GRANTED)
            return outcome;
        seats += part->seat_count;
        if (part->pool != NULL)
            claim(demand, part->pool, ask->groups[g].count);
    }
    *culprit = find_overlap(demand);
    if (*culprit != NULL)
        return LOCK_OUTCOME_OVERLAP;
    return read_singles(demand, culprit);
}

enum lock_outcome pool_demand_init(struct pool_demand *demand, const struct pool_index *index,
                                   const struct lock_ask *ask, const char **culprit)
{
    enum lock_outcome outcome = LOCK_OUTCOME_NO_MEMORY;

    /* Not all of it is cleared: what it has room for is much. */
    demand->ask = ask;
    demand->claim_count = 0;
    demand->singles = (struct lock_want){0};
    demand->single_ask = (struct lock_ask){0};
    *culprit = NULL;
    if (allocate(demand) == 0)
        outcome = read_groups(demand, index, culprit);
    if (outcome == LOCK_OUTCOME_GRANTED)
        return outcome;
    if (outcome == LOCK_OUTCOME_BAD_COUNT || outcome == LOCK_OUTCOME_NO_MEMORY)
        *culprit = NULL;
    pool_demand_fini(demand);
    return outcome;
}

void pool_demand_fini(struct pool_demand *demand)
{
    if (demand->singles.names != NULL)
        lock_want_fini(&demand->singles);
    if (demand->parts == &demand->few.part)
        return;
    free(demand->parts);
    free(demand->seats);
    free(demand->claims);
    free(demand->single_groups);
}

size_t pool_demand_seats(const struct pool_demand *demand)
{
    size_t count = demand->singles.name_count;

    for (size_t g = 0; g < demand->ask->group_count; g++)
        count += demand->parts[g].pool != NULL ? demand->ask->groups[g].count : 0;
    return count;
}

void pool_demand_judge(struct pool_demand *demand, const struct pool_asker *asker)
{
    for (size_t i = 0; i < demand->claim_count; i++)
        pool_rules_apply(demand->claims[i].pool->config, asker, &demand->claims[i].verdict);
}
