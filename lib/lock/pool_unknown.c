/* Waiting requests whose words mean nothing since a reload or a restart.
 * Must not judge what has a meaning. */
#include "pool_unknown.h"

#include <stdlib.h>
#include <string.h>

int pool_unknown_compare(const struct tree_node *a, const struct tree_node *b)
{
    const struct lock_request *left =
        tree_entry(a, const struct pool_standing, limit_node)->request;
    const struct lock_request *right =
        tree_entry(b, const struct pool_standing, limit_node)->request;
    int order = strcmp(left->owner, right->owner);

    return order != 0 ? order : lock_compare_numbers(left->ticket, right->ticket);
}

static int copy_words(struct lock_demand *words, const struct lock_ask *ask)
{
    for (size_t g = 0; g < ask->group_count; g++) {
        if (lock_demand_add_group(words, ask->groups[g].names, ask->groups[g].name_count) != 0)
            return -1;
        lock_demand_set_count(words, ask->groups[g].count);
        lock_demand_set_shared(words, ask->groups[g].shared);
    }
    return 0;
}

struct pool_standing *pool_unknown_create(struct lock_request *request, const struct lock_ask *ask,
                                          enum lock_rule rule)
{
    struct pool_standing *standing = calloc(1, sizeof *standing);

    if (standing == NULL)
        return NULL;
    standing->request = request;
    standing->is_unknown = true;
    standing->stage = POOL_ASIDE;
    standing->aside.rule = rule;
    if (copy_words(&standing->words, ask) != 0) {
        lock_demand_fini(&standing->words);
        free(standing);
        return NULL;
    }
    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): an ask names something */
    standing->aside.pool = standing->words.names[0];
    standing->aside.wanted = (uint32_t)ask->groups[0].count;
    return standing;
}

static const char *named(const struct lock_demand *words, const char *name)
{
    for (uint32_t i = 0; i < words->name_count; i++) {
        if (strcmp(words->names[i], name) == 0)
            return words->names[i];
    }
    return NULL;
}

/* Steps through those of an owner. */
static struct pool_standing *next_of(const struct pool_set *set, const char *owner,
                                     const struct pool_standing *last)
{
    struct lock_request request = {.owner = owner};
    const struct pool_standing probe = {.request = &request};
    struct tree_node *node = last != NULL ? tree_next(&set->unknown, &last->limit_node)
                                          : tree_at_least(&set->unknown, &probe.limit_node);
    struct pool_standing *standing =
        node != NULL ? tree_entry(node, struct pool_standing, limit_node) : NULL;

    return standing != NULL && strcmp(standing->request->owner, owner) == 0 ? standing : NULL;
}

struct lock_request *pool_unknown_next(const struct pool_set *set, const char *owner,
                                       const char *name, const struct lock_request *last)
{
    const struct pool_standing *standing = last != NULL ? last->pooled : NULL;

    if (tree_count(&set->unknown) == 0)
        return NULL;
    while ((standing = next_of(set, owner, standing)) != NULL) {
        if (named(&standing->words, name) != NULL)
            return standing->request;
    }
    return NULL;
}

struct lock_request *pool_unknown_find_any(const struct pool_set *set, const struct lock_ask *ask,
                                           const char **name)
{
    for (size_t g = 0; g < ask->group_count; g++) {
        for (size_t i = 0; i < ask->groups[g].name_count; i++) {
            struct lock_request *request;

            *name = ask->groups[g].names[i];
            request = pool_unknown_next(set, ask->owner, *name, NULL);
            if (request != NULL)
                return request;
        }
    }
    return NULL;
}

bool pool_unknown_is_same(const struct lock_request *request, const struct lock_ask *ask)
{
    const struct lock_demand *words = &request->pooled->words;

    if (words->group_count != ask->group_count)
        return false;
    for (size_t g = 0; g < ask->group_count; g++) {
        const struct lock_group *a = &words->groups[g], *b = &ask->groups[g];

        if (a->count != b->count || a->shared != b->shared || a->name_count != b->name_count)
            return false;
        for (size_t i = 0; i < a->name_count; i++) {
            if (strcmp(a->names[i], b->names[i]) != 0)
                return false;
        }
    }
    return true;
}

enum lock_rule pool_unknown_rule(enum lock_outcome outcome)
{
    if (outcome == LOCK_OUTCOME_CHOOSES)
        return LOCK_RULE_CHOOSES;
    return outcome == LOCK_OUTCOME_BAD_COUNT ? LOCK_RULE_GONE : LOCK_RULE_MIXED;
}
