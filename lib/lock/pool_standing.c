/* What a request has to do with pools, as memory.
 * Must not move the request. */
#include "pool_standing.h"

#include <errno.h>
#include <stdlib.h>

#include "pool_counter.h"
#include "pool_share.h"
#include "pool_tree.h"

enum { NODES_MOST = 64 }; /* of one range of seats */

struct pool_asker pool_asker_of_ask(const struct lock_ask *ask)
{
    return (struct pool_asker){
        .user = ask->user,
        .memberships = ask->memberships,
        .membership_count = ask->membership_count,
        .host = ask->host,
        .job = ask->job,
        .project = ask->project,
        .priority = ask->priority,
    };
}

struct pool_asker pool_asker_of_request(const struct lock_request *request)
{
    const struct lock_claimant *process = request->process;
    struct pool_asker asker = {
        .user = process->user,
        .host = process->host,
        .job = process->job,
        .project = process->project,
        .priority = process->priority,
    };

    if (process->person != NULL) {
        asker.memberships = (const char *const *)process->person->memberships;
        asker.membership_count = process->person->membership_count;
    }
    return asker;
}

/* The end of the run of seats in a row that begins at `first`. */
static uint32_t end_of_run(const struct pool_part *part, uint32_t first)
{
    uint32_t end = first + 1;

    while (end < part->seat_count && part->seats[end] == part->seats[end - 1] + 1)
        end++;
    return end;
}

static uint32_t count_entries(const struct pool_part *part)
{
    uint32_t nodes[NODES_MOST], count = 0;

    if (part->is_whole)
        return 1;
    for (uint32_t first = 0, end; first < part->seat_count; first = end) {
        end = end_of_run(part, first);
        count += pool_tree_cover(part->pool, part->seats[first], part->seats[end - 1] + 1, nodes);
    }
    return count;
}

/* How many of each a standing has. */
struct sizes {
    size_t wants, entries, credits;
};

static struct sizes count_all(const struct pool_demand *demand)
{
    struct sizes sizes = {0};

    for (size_t g = 0; g < demand->ask->group_count; g++) {
        if (demand->parts[g].pool == NULL)
            continue;
        sizes.wants++;
        sizes.entries += count_entries(&demand->parts[g]);
    }
    for (size_t i = 0; i < demand->claim_count; i++)
        sizes.credits += demand->claims[i].verdict.charge_count;
    return sizes;
}

static struct pool_standing *allocate(const struct pool_demand *demand, struct pool_entry **entries)
{
    struct sizes sizes = count_all(demand);
    size_t ties_size = demand->claim_count * sizeof(struct pool_tie);
    size_t wants_size = sizes.wants * sizeof(struct pool_want);
    size_t entries_size = sizes.entries * sizeof(struct pool_entry);
    struct pool_standing *standing =
        calloc(1, sizeof *standing + ties_size + wants_size + entries_size +
                      sizes.credits * sizeof(struct pool_credit));

    if (standing == NULL)
        return NULL;
    standing->ties = (struct pool_tie *)(void *)(standing + 1);
    standing->wants = (struct pool_want *)(void *)(standing->ties + demand->claim_count);
    *entries = (struct pool_entry *)(void *)(standing->wants + sizes.wants);
    standing->credits = (struct pool_credit *)(void *)(*entries + sizes.entries);
    return standing;
}

/* Puts a credit where it is taken: narrow before wide. */
static int add_credit(struct pool_set *set, struct pool_standing *standing,
                      const struct pool_tie *tie, const struct pool_charge *charge)
{
    struct pool_counter *counter =
        pool_counter_get_after(set, tie->pool, charge, standing->request->pooled);
    uint32_t at = standing->credit_count;

    if (counter == NULL)
        return -1;
    for (uint32_t i = 0; i < at; i++) {
        if (standing->credits[i].counter == counter) { /* the line names it twice */
            pool_counter_put(set, counter);
            return 0;
        }
    }
    for (; at > 0; at--) {
        if (pool_counter_compare(&standing->credits[at - 1].counter->key_node, &counter->key_node) <
            0)
            break;
        standing->credits[at] = standing->credits[at - 1];
    }
    standing->credits[at] = (struct pool_credit){.counter = counter, .tie = tie};
    standing->exceeds_a_limit |= tie->amount > counter->limit;
    standing->credit_count++;
    return 0;
}

static int add_tie(struct pool_set *set, struct pool_standing *standing,
                   const struct pool_claim *claim)
{
    const struct pool_verdict *verdict = &claim->verdict;
    struct pool_tie *tie = &standing->ties[standing->tie_count++];

    *tie = (struct pool_tie){
        .request = standing->request,
        .pool = claim->pool,
        .amount = claim->amount,
        .reserve_class = verdict->reserve_class,
        .order_ms = -verdict->head_start_ms, /* more when it is known since when it waits */
    };
    if (!claim->pool->has_rules)
        return 0;
    standing->has_rules = true;
    tie->share = pool_share_get(claim->pool, verdict->share, verdict->weight);
    if (tie->share == NULL)
        return -1;
    for (size_t i = 0; i < verdict->charge_count; i++) {
        if (add_credit(set, standing, tie, &verdict->charges[i]) != 0)
            return -1;
    }
    return 0;
}

static int add_entry(struct pool_want *want, uint32_t queue)
{
    struct pool_entry *entry = &want->entries[want->entry_count];

    *entry = (struct pool_entry){.want = want, .queue = queue};
    if (want->tie->share != NULL) {
        entry->line = pool_line_get(want->tie->share, queue);
        if (entry->line == NULL)
            return -1;
    }
    want->entry_count++;
    return 0;
}

static int add_entries(struct pool_want *want, const struct pool_part *part)
{
    const struct pool *pool = part->pool;

    if (part->is_whole)
        return add_entry(want, pool->keeps_room ? want->tie->reserve_class : POOL_ROOT);
    for (uint32_t first = 0, end; first < part->seat_count; first = end) {
        uint32_t nodes[NODES_MOST], count;

        end = end_of_run(part, first);
        count = pool_tree_cover(pool, part->seats[first], part->seats[end - 1] + 1, nodes);
        for (uint32_t i = 0; i < count; i++) {
            if (add_entry(want, nodes[i]) != 0)
                return -1;
        }
    }
    return 0;
}

static struct pool_tie *tie_to(const struct pool_standing *standing, const struct pool *pool)
{
    struct pool_tie *tie = standing->ties;

    while (tie->pool != pool)
        tie++;
    return tie;
}

static int fill(struct pool_set *set, struct pool_standing *standing,
                const struct pool_demand *demand, struct pool_entry *entries)
{
    uint32_t slot = 0;
    size_t single = 0;

    for (size_t i = 0; i < demand->claim_count; i++) {
        if (add_tie(set, standing, &demand->claims[i]) != 0)
            return -1;
    }
    for (uint32_t g = 0; g < demand->ask->group_count; g++) {
        const struct pool_part *part = &demand->parts[g];
        struct pool_want *want = &standing->wants[standing->want_count];

        for (; single < demand->singles.name_count && demand->singles.names[single].group == g;
             single++)
            slot++;
        if (part->pool == NULL)
            continue;
        *want = (struct pool_want){
            .tie = tie_to(standing, part->pool),
            .entries = entries,
            .group = g,
            .first_slot = slot,
            .seat_count = part->seat_count,
            .is_whole = part->is_whole,
        };
        standing->want_count++;
        if (add_entries(want, part) != 0)
            return -1;
        entries += want->entry_count;
        slot += (uint32_t)demand->ask->groups[g].count;
    }
    return 0;
}

struct pool_standing *pool_standing_create(struct pool_set *set, struct lock_request *request,
                                           const struct pool_demand *demand)
{
    struct pool_entry *entries;
    struct pool_standing *standing = allocate(demand, &entries);

    if (standing == NULL)
        return NULL;
    standing->request = request;
    if (fill(set, standing, demand, entries) == 0)
        return standing;
    pool_standing_destroy(set, standing);
    errno = ENOMEM;
    return NULL;
}

static void own(struct pool_tie *tie)
{
    if (!tie->is_owned)
        tree_insert(&tie->pool->by_owner, &tie->owner_node);
    tie->is_owned = true;
}

/* A pool that was never in force, and is given up, has forgotten all of them at once. */
static void disown(struct pool_tie *tie)
{
    if (tie->is_owned && tree_count(&tie->pool->by_owner) > 0)
        tree_remove(&tie->pool->by_owner, &tie->owner_node);
    tie->is_owned = false;
}

void pool_standing_destroy(struct pool_set *set, struct pool_standing *standing)
{
    if (standing == NULL)
        return;
    pool_standing_destroy(set, standing->heir);
    for (uint32_t i = 0; i < standing->want_count; i++) {
        struct pool_want *want = &standing->wants[i];

        for (uint32_t k = 0; k < want->entry_count; k++) {
            if (want->entries[k].line != NULL)
                pool_line_put(want->entries[k].line);
        }
    }
    for (uint32_t i = 0; i < standing->credit_count; i++)
        pool_counter_put(set, standing->credits[i].counter);
    for (uint32_t i = 0; i < standing->tie_count; i++) {
        disown(&standing->ties[i]);
        if (standing->ties[i].share != NULL)
            pool_share_put(standing->ties[i].share);
    }
    lock_demand_fini(&standing->words);
    free(standing);
}

void pool_standing_own_early(struct pool_standing *standing)
{
    for (uint32_t i = 0; i < standing->tie_count; i++) {
        if (!standing->ties[i].pool->is_kept)
            own(&standing->ties[i]);
    }
}

void pool_standing_drop_heir(struct pool_set *set, struct pool_standing *standing)
{
    pool_standing_destroy(set, standing->heir);
    standing->heir = NULL;
}

void pool_standing_tie(struct pool_set *set, struct pool_standing *standing)
{
    if (standing->is_unknown)
        tree_insert(&set->unknown, &standing->limit_node);
    for (uint32_t i = 0; i < standing->tie_count; i++) {
        struct pool_tie *tie = &standing->ties[i];

        own(tie);
        tie->pool->waiting += tie->request->token == 0;
        if (tie->amount > tie->pool->most_wanted)
            tie->pool->most_wanted = tie->amount;
    }
}

void pool_standing_untie(struct pool_set *set, struct pool_standing *standing)
{
    if (standing->is_unknown)
        tree_remove(&set->unknown, &standing->limit_node);
    for (uint32_t i = 0; i < standing->tie_count; i++) {
        struct pool *pool = standing->ties[i].pool;

        disown(&standing->ties[i]);
        pool->waiting -= standing->request->token == 0;
        if (tree_count(&pool->by_owner) == 0)
            pool->most_wanted = 0;
    }
}

void pool_standing_give_back(struct pool_set *set, struct pool_standing *standing,
                             bool was_selected)
{
    for (uint32_t i = 0; i < standing->tie_count; i++) {
        struct pool_tie *tie = &standing->ties[i];

        if (was_selected && tie->share != NULL)
            pool_share_add_use(tie->share, -(int64_t)tie->amount);
        pool_counter_give_back(set, standing, tie, tie->amount);
    }
    standing->credits_taken = 0;
}
