/* Reads a pool.
 * Must not judge what belongs together: lock/pools.h does. */
#include "pool.h"

#include <string.h>

#include "base/name_list.h"
#include "limit.h"
#include "people.h"

/* The name of a lock, as clients can ask for it. */
static bool is_lock_name(const char *name)
{
    return strpbrk(name, ":[]") == NULL && strlen(name) + 6 <= NAME_LIST_NAME_LEN_MAX;
}

static void take_name(struct reading *reading, const struct conf_node *node, void *out)
{
    const char *name = reading_name(reading, node);

    if (name != NULL && is_lock_name(name))
        ((struct pool_config *)out)->name = name;
    else if (name != NULL)
        reading_fault(reading, node,
                      "a pool's name has no : and no brackets, and %d letters at most",
                      NAME_LIST_NAME_LEN_MAX - 6);
}

/* Where the number is wrong, what is reserved of them need not be told of as well. */
static void take_seats(struct reading *reading, const struct conf_node *node, void *out)
{
    struct pool_config *pool = out;
    size_t before = reading->faults->count;

    pool->seats = reading_number(reading, node, 1, POOL_SEATS_MOST);
    if (reading->faults->count > before)
        pool->seats = POOL_SEATS_MOST;
}

static void take_names(struct reading *reading, const struct conf_node *node, void *out)
{
    struct pool_config *pool = out;

    people_hosts(reading, node, &pool->names);
    if (pool->names.count == 0)
        pool->seats = POOL_SEATS_MOST;
}

static void take_seat_order(struct reading *reading, const struct conf_node *node, void *out)
{
    static const char *const words[] = {
        [POOL_LOWEST_FIRST] = "lowest", [POOL_LONGEST_UNUSED_FIRST] = "longest-unused", NULL};

    ((struct pool_config *)out)->seat_order =
        (enum pool_seat_order)reading_word(reading, node, words);
}

static void take_project(struct reading *reading, const struct conf_node *node, void *out)
{
    ((struct pool_config *)out)->project = reading_name(reading, node);
}

static void take_allow(struct reading *reading, const struct conf_node *node, void *out)
{
    struct pool_config *pool = out;

    pool->allow_at = reading_place(reading, node);
    people_who(reading, node, &pool->allow);
}

static void take_deny(struct reading *reading, const struct conf_node *node, void *out)
{
    struct pool_config *pool = out;

    pool->deny_at = reading_place(reading, node);
    people_who(reading, node, &pool->deny);
}

static void take_limits(struct reading *reading, const struct conf_node *node, void *out)
{
    limit_take_limits(reading, node, out);
}

static void take_reserve(struct reading *reading, const struct conf_node *node, void *out)
{
    limit_take_reserve(reading, node, out);
}

static void take_share(struct reading *reading, const struct conf_node *node, void *out)
{
    limit_take_share(reading, node, out);
}

static void take_priority(struct reading *reading, const struct conf_node *node, void *out)
{
    limit_take_priority(reading, node, out);
}

static void take_hold_limit(struct reading *reading, const struct conf_node *node, void *out)
{
    ((struct pool_config *)out)->hold_limit_ms = reading_time(reading, node);
}

static void take_hold_default(struct reading *reading, const struct conf_node *node, void *out)
{
    ((struct pool_config *)out)->hold_default_ms = reading_time(reading, node);
}

static void take_outside_most(struct reading *reading, const struct conf_node *node, void *out)
{
    ((struct pool_config *)out)->outside_most = reading_number(reading, node, 0, POOL_SEATS_MOST);
}

static void take_administrators(struct reading *reading, const struct conf_node *node, void *out)
{
    struct pool_config *pool = out;

    pool->administrators_at = reading_place(reading, node);
    people_users(reading, node, &pool->administrators);
}

bool pool_take(struct reading *reading, const struct conf_node *node, void *item)
{
    static const struct reading_key keys[] = {{"name", take_name},
                                              {"seats", take_seats},
                                              {"names", take_names},
                                              {"seat-order", take_seat_order},
                                              {"project", take_project},
                                              {"allow", take_allow},
                                              {"deny", take_deny},
                                              {"limits", take_limits},
                                              {"reserve", take_reserve},
                                              {"share", take_share},
                                              {"priority", take_priority},
                                              {"hold-limit", take_hold_limit},
                                              {"hold-default", take_hold_default},
                                              {"outside-most", take_outside_most},
                                              {"administrators", take_administrators},
                                              {NULL, NULL}};
    struct pool_config *pool = item;

    pool->at = reading_place(reading, node);
    if (!reading_section(reading, node, "a pool", keys, pool))
        return false;
    if (conf_find(node, "name") == NULL)
        reading_fault(reading, node, "a pool has a name: name = \"...\"");
    return pool->name != NULL;
}
