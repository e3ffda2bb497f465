/* Making and freeing pools.
 * Must not move anybody. */
#include "pool_create.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "grant.h"
#include "pool_counter.h"
#include "pool_index.h"
#include "pool_person.h"
#include "pool_rules.h"
#include "pool_seat.h"
#include "pool_share.h"
#include "pool_tree.h"
#include "pool_unknown.h"

uint32_t pool_config_seats(const struct pool_config *config)
{
    return config->seats > 0 ? config->seats : (uint32_t)config->names.count;
}

int pool_config_seat_name(const struct pool_config *config, uint32_t seat, char *out, size_t size)
{
    if (config->seats == 0)
        return snprintf(out, size, "%s", config->names.items[seat]);
    /* cppcheck-suppress nullPointer ; nothing is written with a size of 0 */
    return snprintf(out, size, "%s%u", config->name, seat + 1);
}

static int compare_tickets(const struct tree_node *a, const struct tree_node *b)
{
    return lock_compare_numbers(
        tree_entry(a, const struct pool_entry, node)->want->tie->request->ticket,
        tree_entry(b, const struct pool_entry, node)->want->tie->request->ticket);
}

static int compare_owners(const struct tree_node *a, const struct tree_node *b)
{
    const struct lock_request *left = tree_entry(a, const struct pool_tie, owner_node)->request;
    const struct lock_request *right = tree_entry(b, const struct pool_tie, owner_node)->request;
    int order = strcmp(left->owner, right->owner);

    return order != 0 ? order : lock_compare_numbers(left->ticket, right->ticket);
}

static int compare_last_first(const struct tree_node *a, const struct tree_node *b)
{
    return lock_compare_numbers(
        tree_entry(b, const struct pool_tie, promise_node)->request->ticket,
        tree_entry(a, const struct pool_tie, promise_node)->request->ticket);
}

static int compare_tokens(const struct tree_node *a, const struct tree_node *b)
{
    return lock_compare_numbers(tree_entry(a, const struct pool_tie, holder_node)->request->token,
                                tree_entry(b, const struct pool_tie, holder_node)->request->token);
}

static struct lock *create_seat(const struct pool_config *config, struct pool *pool, uint32_t seat)
{
    size_t size = (size_t)pool_config_seat_name(config, seat, NULL, 0) + 1;
    struct lock *lock = malloc(sizeof *lock + size);

    if (lock == NULL)
        return NULL;
    lock_init(lock);
    lock->pool = pool;
    lock->number = seat;
    pool_config_seat_name(config, seat, lock->name, size);
    return lock;
}

static int create_seats(struct pool *pool)
{
    for (uint32_t i = 0; i < pool->size; i++) {
        pool->seats[i].lock = create_seat(pool->config, pool, i);
        if (pool->seats[i].lock == NULL)
            return -1;
    }
    pool->free = pool->size;
    pool->stale = POOL_NO_SEAT;
    return 0;
}

static int create_arrays(struct pool *pool, uint32_t spare)
{
    size_t queues;

    pool->leaves = 1;
    while (pool->leaves < pool->size)
        pool->leaves *= 2;
    pool->class_count = 1 + (uint32_t)pool->config->reserve_count;
    queues = pool->keeps_room ? pool->class_count : 2 * (size_t)pool->leaves;
    pool->seats = calloc(pool->size + spare + 1, sizeof *pool->seats);
    pool->nodes = calloc(2 * (size_t)pool->leaves, sizeof *pool->nodes);
    pool->queues = calloc(queues, sizeof *pool->queues);
    pool->classes = calloc(pool->class_count, sizeof *pool->classes);
    if (pool->seats == NULL || pool->nodes == NULL || pool->queues == NULL || pool->classes == NULL)
        return -1;
    for (size_t i = 0; i < queues; i++) {
        pool->queues[i].selected.compare = compare_tickets;
        pool->queues[i].lines.compare = pool_line_compare;
        pool->queues[i].parts.compare = pool_line_compare_parts;
    }
    for (uint32_t i = 0; i < pool->class_count; i++) {
        pool->classes[i].promised.compare = compare_last_first;
        pool->classes[i].seats = i > 0 ? pool->config->reserves[i - 1].seats : 0;
    }
    return create_seats(pool);
}

struct pool *pool_create(const struct pool_config *config, uint64_t serial, uint32_t spare)
{
    size_t size = strlen(config->name) + 1;
    struct pool *pool = calloc(1, sizeof *pool + size);

    if (pool == NULL)
        return NULL;
    memcpy(pool->name, config->name, size);
    pool->config = config;
    pool->serial = serial;
    pool->size = pool_config_seats(config);
    pool->has_rules = pool_rules_any(config);
    pool->keeps_room = pool_rules_keep_room(config);
    pool->shares.compare = pool_share_compare_values;
    pool->idle.compare = pool_share_compare_passes;
    pool->by_owner.compare = compare_owners;
    pool->holders.compare = compare_tokens;
    if (create_arrays(pool, spare) != 0) {
        pool_destroy(pool);
        return NULL;
    }
    pool_tree_update_all(pool);
    return pool;
}

void pool_destroy(struct pool *pool)
{
    if (pool == NULL)
        return;
    pool_share_forget_idle(pool, 0);
    for (uint32_t i = 0; pool->seats != NULL && i < pool->size + pool->leaving; i++)
        free(pool->seats[i].lock);
    free(pool->seats);
    free(pool->nodes);
    free(pool->queues);
    free(pool->classes);
    free(pool);
}

static bool is_same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool is_same_list(const struct pool_list *a, const struct pool_list *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        if (strcmp(a->items[i], b->items[i]) != 0)
            return false;
    }
    return true;
}

static bool is_same_who(const struct pool_who *a, const struct pool_who *b)
{
    return is_same_list(&a->users, &b->users) && is_same_list(&a->hosts, &b->hosts) &&
           is_same_list(&a->projects, &b->projects);
}

static bool has_same_limits(const struct pool_config *a, const struct pool_config *b)
{
    if (a->limit_count != b->limit_count)
        return false;
    for (size_t i = 0; i < a->limit_count; i++) {
        const struct pool_limit *left = &a->limits[i], *right = &b->limits[i];

        if (left->by != right->by || left->each != right->each ||
            left->together != right->together || !is_same_list(&left->of, &right->of))
            return false;
    }
    return true;
}

static bool has_same_reserves(const struct pool_config *a, const struct pool_config *b)
{
    if (a->reserve_count != b->reserve_count)
        return false;
    for (size_t i = 0; i < a->reserve_count; i++) {
        if (a->reserves[i].seats != b->reserves[i].seats ||
            !is_same_who(&a->reserves[i].who, &b->reserves[i].who))
            return false;
    }
    return true;
}

static bool has_same_share(const struct pool_share_rule *a, const struct pool_share_rule *b)
{
    if (a->is_set != b->is_set || a->by != b->by || a->others != b->others ||
        a->weight_count != b->weight_count)
        return false;
    for (size_t i = 0; i < a->weight_count; i++) {
        if (a->weights[i].weight != b->weights[i].weight ||
            strcmp(a->weights[i].of, b->weights[i].of) != 0)
            return false;
    }
    return true;
}

static bool has_same_priority(const struct pool_priority_rule *a,
                              const struct pool_priority_rule *b)
{
    if (a->step_ms != b->step_ms || a->most_count != b->most_count)
        return false;
    for (size_t i = 0; i < a->most_count; i++) {
        if (a->most[i].most != b->most[i].most ||
            !is_same_list(&a->most[i].users, &b->most[i].users))
            return false;
    }
    return true;
}

bool pool_config_is_same(const struct pool_config *a, const struct pool_config *b)
{
    return strcmp(a->name, b->name) == 0 && a->seats == b->seats &&
           is_same_list(&a->names, &b->names) && a->seat_order == b->seat_order &&
           is_same_text(a->project, b->project) && is_same_who(&a->allow, &b->allow) &&
           is_same_who(&a->deny, &b->deny) && has_same_limits(a, b) && has_same_reserves(a, b) &&
           has_same_share(&a->share, &b->share) && has_same_priority(&a->priority, &b->priority) &&
           a->hold_limit_ms == b->hold_limit_ms && a->hold_default_ms == b->hold_default_ms &&
           a->outside_most == b->outside_most;
}

struct pool_set *pool_set_create(void)
{
    struct pool_set *set = calloc(1, sizeof *set);

    if (set == NULL)
        return NULL;
    set->persons.compare = pool_person_compare;
    set->unknown.compare = pool_unknown_compare;
    set->counters.compare = pool_counter_compare;
    set->ready_counters.compare = pool_counter_compare_ready;
    set->ready_pools.compare = pool_compare_ready;
    return set;
}

void pool_set_destroy(struct pool_set *set)
{
    if (set == NULL)
        return;
    for (size_t i = 0; i < set->pool_count; i++)
        pool_destroy(set->pools[i]);
    free(set->pools);
    pool_index_fini(&set->index);
    free(set);
}
