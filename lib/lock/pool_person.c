/* Logins that have to do with pools, and their groups.
 * Must not ask anybody who is in which group. */
#include "pool_person.h"

#include <stdlib.h>
#include <string.h>

int pool_person_compare(const struct tree_node *a, const struct tree_node *b)
{
    return strcmp(tree_entry(a, const struct pool_person, user_node)->user,
                  tree_entry(b, const struct pool_person, user_node)->user);
}

static struct pool_person *find(const struct pool_set *set, const char *user)
{
    const struct tree_node *node = set->persons.root;

    while (node != NULL) {
        struct pool_person *person = tree_entry(node, struct pool_person, user_node);
        int order = strcmp(user, person->user);

        if (order == 0)
            return person;
        node = order < 0 ? node->left : node->right;
    }
    return NULL;
}

static char **copy_memberships(const char *const *memberships, size_t count)
{
    size_t size = (count + 1) * sizeof(char *);
    char **copy, *text;

    for (size_t i = 0; i < count; i++)
        size += strlen(memberships[i]) + 1;
    copy = malloc(size);
    if (copy == NULL)
        return NULL;
    text = (char *)(copy + count);
    for (size_t i = 0; i < count; i++) {
        copy[i] = text;
        text = stpcpy(text, memberships[i]) + 1;
    }
    return copy;
}

static bool has_same_memberships(const struct pool_person *person, const char *const *memberships,
                                 size_t count)
{
    if (person->membership_count != count)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(person->memberships[i], memberships[i]) != 0)
            return false;
    }
    return true;
}

/* `asking`: how many of its requests go by the new ones in any case. */
static int set_memberships(struct pool_person *person, const char *const *memberships, size_t count,
                           uint32_t asking)
{
    char **copy;

    if (memberships == NULL || has_same_memberships(person, memberships, count))
        return 0;
    person->set->has_other_groups |= person->references > asking;
    copy = copy_memberships(memberships, count);
    if (copy == NULL)
        return -1;
    free(person->memberships);
    person->changes++;
    person->memberships = copy;
    person->membership_count = count;
    return 0;
}

static struct pool_person *create(struct pool_set *set, const char *user)
{
    size_t size = strlen(user) + 1;
    struct pool_person *person = calloc(1, sizeof *person + size);

    if (person == NULL)
        return NULL;
    person->set = set;
    memcpy(person->user, user, size);
    tree_insert(&set->persons, &person->user_node);
    return person;
}

struct pool_person *pool_person_get(struct pool_set *set, const char *user,
                                    const char *const *memberships, size_t count)
{
    struct pool_person *person = find(set, user);

    if (person == NULL)
        person = create(set, user);
    if (person == NULL)
        return NULL;
    person->references++;
    if (set_memberships(person, memberships, count, 1) == 0)
        return person;
    pool_person_put(person);
    return NULL;
}

void pool_person_put(struct pool_person *person)
{
    person->references--;
    if (person->references > 0)
        return;
    tree_remove(&person->set->persons, &person->user_node);
    free(person->memberships);
    free(person);
}

int lock_table_renew_memberships(struct lock_table *table, lock_memberships_fn *find_groups,
                                 void *context)
{
    struct tree_node *node = table->pools != NULL ? tree_first(&table->pools->persons) : NULL;

    for (; node != NULL; node = tree_next(&table->pools->persons, node)) {
        struct pool_person *person = tree_entry(node, struct pool_person, user_node);
        size_t count;
        const char *const *groups = find_groups(context, person->user, &count);

        if (set_memberships(person, groups, count, 0) != 0)
            return -1;
    }
    return table->pools != NULL && table->pools->has_other_groups;
}
