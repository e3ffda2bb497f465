/* Which lock was used longest ago.
 * Must not decide who gets it: it only puts the names of a demand in order. */
#include "spread.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "overlap.h"

struct lock_use {
    struct tree_node name_node;
    TAILQ_ENTRY(lock_use) age; /* that was asked for longest ago first */
    uint64_t released;         /* counts releases; 0: none is known */
    char name[];
};

struct lock_spread {
    struct tree names;
    TAILQ_HEAD(lock_use_list, lock_use) ages;
    uint64_t releases;
};

static int compare_names(const struct tree_node *a, const struct tree_node *b)
{
    return strcmp(tree_entry(a, const struct lock_use, name_node)->name,
                  tree_entry(b, const struct lock_use, name_node)->name);
}

static struct lock_use *find(const struct lock_spread *spread, const char *name)
{
    const struct tree_node *node = spread->names.root;

    /* Not tree_find(): as lock_find(). */
    while (node != NULL) {
        struct lock_use *use = tree_entry(node, struct lock_use, name_node);
        int order = strcmp(name, use->name);

        if (order == 0)
            return use;
        node = order < 0 ? node->left : node->right;
    }
    return NULL;
}

static void forget(struct lock_spread *spread, struct lock_use *use)
{
    tree_remove(&spread->names, &use->name_node);
    TAILQ_REMOVE(&spread->ages, use, age);
    free(use);
}

static struct lock_use *add(struct lock_spread *spread, const char *name)
{
    size_t size = strlen(name) + 1;
    struct lock_use *use = malloc(sizeof *use + size);

    if (use == NULL)
        return NULL;
    if (tree_count(&spread->names) >= SPREAD_NAMES_MOST)
        forget(spread, TAILQ_FIRST(&spread->ages));
    use->released = 0;
    memcpy(use->name, name, size);
    tree_insert(&spread->names, &use->name_node);
    TAILQ_INSERT_TAIL(&spread->ages, use, age);
    return use;
}

/* What is known of a name that somebody asks for; from now on more will be. */
static uint64_t look_up(struct lock_spread *spread, const char *name)
{
    struct lock_use *use = find(spread, name);

    if (use == NULL) {
        use = add(spread, name);
        return use != NULL ? use->released : 0;
    }
    TAILQ_REMOVE(&spread->ages, use, age);
    TAILQ_INSERT_TAIL(&spread->ages, use, age);
    return use->released;
}

static struct lock_spread *create(void)
{
    struct lock_spread *spread = calloc(1, sizeof *spread);

    if (spread == NULL)
        return NULL;
    spread->names.compare = compare_names;
    TAILQ_INIT(&spread->ages);
    return spread;
}

struct sorted_name {
    struct lock_want_name name;
    uint64_t released;
    uint8_t mask;
};

static int compare_uses(const void *a, const void *b)
{
    const struct sorted_name *left = a, *right = b;

    if (left->name.group != right->name.group)
        return lock_compare_numbers(left->name.group, right->name.group);
    if (left->released != right->released)
        return lock_compare_numbers(left->released, right->released);
    return lock_compare_numbers(left->name.order, right->name.order);
}

/* The parts that each name of a group is named in go with it. */
static uint8_t *mask_of(struct lock_want *want, size_t name)
{
    struct lock_overlap *overlap = want->overlap != NULL ? &want->overlap->overlap : NULL;

    if (overlap == NULL || want->names[name].group != overlap->group)
        return NULL;
    return &overlap->masks[name - overlap->first];
}

static void sort(struct lock_spread *spread, struct lock_want *want, struct sorted_name *sorted)
{
    for (size_t i = 0; i < want->name_count; i++) {
        const uint8_t *mask = mask_of(want, i);

        sorted[i] = (struct sorted_name){.name = want->names[i], .mask = mask != NULL ? *mask : 0};
        sorted[i].name.order = (uint32_t)i;
        if (want->groups[want->names[i].group].spread)
            sorted[i].released = look_up(spread, want->names[i].name);
    }
    qsort(sorted, want->name_count, sizeof *sorted, compare_uses);
    for (size_t i = 0; i < want->name_count; i++) {
        uint8_t *mask;

        want->names[i] = sorted[i].name;
        mask = mask_of(want, i);
        if (mask != NULL)
            *mask = sorted[i].mask;
    }
}

void lock_spread_sort(struct lock_table *table, struct lock_want *want)
{
    struct sorted_name *sorted = calloc(want->name_count, sizeof *sorted);

    if (sorted != NULL && table->spread == NULL)
        table->spread = create();
    if (sorted != NULL && table->spread != NULL)
        sort(table->spread, want, sorted);
    free(sorted);
}

void lock_spread_note(struct lock_table *table, const char *name)
{
    struct lock_use *use = find(table->spread, name);

    if (use != NULL)
        use->released = ++table->spread->releases;
}

void lock_spread_destroy(struct lock_table *table)
{
    struct lock_use *use;

    while (table->spread != NULL && (use = TAILQ_FIRST(&table->spread->ages)) != NULL)
        forget(table->spread, use); /* NOLINT(clang-analyzer-unix.Malloc): it moves the head on */
    free(table->spread);
}
