/* Reads the settings about pools.
 * Must not read files, nor ask anybody who is in which group. */
#include "rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error_text.h"
#include "memory.h"
#include "people.h"
#include "pool.h"
#include "reading.h"

const char *const rules_settings[] = {"groups", "pools", "unknown-names", NULL};

static void take_group_name(struct reading *reading, const struct conf_node *node, void *out)
{
    const char *name = reading_name(reading, node);
    char *spelled;

    if (name == NULL)
        return;
    if (strchr(name, ':') != NULL) {
        reading_fault(reading, node, "a group's name has no : in it; rules name it \"group:NAME\"");
        return;
    }
    spelled = reading_alloc(reading, 1, sizeof POOL_GROUP + strlen(name));
    if (spelled != NULL)
        stpcpy(stpcpy(spelled, POOL_GROUP), name);
    ((struct pool_group *)out)->name = spelled;
}

static void take_group_users(struct reading *reading, const struct conf_node *node, void *out)
{
    people_users(reading, node, &((struct pool_group *)out)->users);
}

static bool take_group(struct reading *reading, const struct conf_node *node, void *item)
{
    static const struct reading_key keys[] = {
        {"name", take_group_name}, {"users", take_group_users}, {NULL, NULL}};
    struct pool_group *group = item;

    group->at = reading_place(reading, node);
    if (!reading_section(reading, node, "a group", keys, group))
        return false;
    if (conf_find(node, "name") == NULL)
        reading_fault(reading, node, "a group has a name: name = \"...\"");
    if (conf_find(node, "users") == NULL)
        reading_fault(reading, node, "a group has users: users = [\"alice\", \"unix:NAME\"]");
    return group->name != NULL;
}

static void take_unknown_names(struct reading *reading, const struct conf_node *node)
{
    static const char *const words[] = {"allow", "refuse", NULL};

    reading->rules->config.refuse_unknown = reading_word(reading, node, words) == 1;
}

static void take_all(struct reading *reading, const struct conf_node *root)
{
    struct pools_config *config = &reading->rules->config;
    const struct conf_node *groups = conf_find(root, "groups"), *pools = conf_find(root, "pools"),
                           *unknown = conf_find(root, "unknown-names");

    if (groups != NULL)
        config->groups =
            reading_list(reading, groups, sizeof *config->groups, take_group, &config->group_count);
    if (pools != NULL)
        config->pools =
            reading_list(reading, pools, sizeof *config->pools, pool_take, &config->pool_count);
    if (unknown != NULL)
        take_unknown_names(reading, unknown);
}

static void tell_pools_fault(void *context, const struct pools_fault *fault)
{
    const struct reading *reading = context;
    const struct conf_node at = {.file = fault->at.file != NULL ? fault->at.file : reading->file,
                                 .line = fault->at.line > 0 ? (unsigned)fault->at.line : 1};

    conf_fault(reading->faults, &at, "%s", fault->text);
}

struct rules *rules_read(const struct conf_node *root, struct conf_faults *faults)
{
    struct reading reading = {.rules = calloc(1, sizeof *reading.rules), .faults = faults};
    size_t before = faults->count;

    if (reading.rules != NULL) {
        reading_place(&reading, root);
        take_all(&reading, root);
        if (!reading.no_memory)
            pools_config_check_all(&reading.rules->config, tell_pools_fault, &reading);
    }
    if (reading.rules == NULL || reading.no_memory)
        conf_fault(faults, root, "%s", error_text(ENOMEM));
    if (faults->count == before)
        return reading.rules;
    rules_free(reading.rules);
    return NULL;
}

void rules_free(struct rules *rules)
{
    if (rules == NULL)
        return;
    rules_free_all(rules);
    free(rules);
}

const struct pools_config *rules_pools(const struct rules *rules)
{
    return &rules->config;
}
