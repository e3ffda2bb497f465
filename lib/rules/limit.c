/* Reads limits, reserves, shares and priorities.
 * Must not judge what belongs together: lock/pools.h does. */
#include "limit.h"

#include "people.h"

/* As enum pool_by has them. */
static const char *const kinds[] = {"job", "user", "host", "project", "group", NULL};

static void take_each(struct reading *reading, const struct conf_node *node, void *out)
{
    ((struct pool_limit *)out)->each = reading_number(reading, node, 1, POOL_SEATS_MOST);
}

static void take_together(struct reading *reading, const struct conf_node *node, void *out)
{
    ((struct pool_limit *)out)->together = reading_number(reading, node, 1, POOL_SEATS_MOST);
}

/* Its section has read it before. */
static void take_nothing(struct reading *reading, const struct conf_node *node, void *out)
{
    (void)reading;
    (void)node;
    (void)out;
}

static void take_of(struct reading *reading, const struct conf_node *node, struct pool_limit *limit)
{
    switch (limit->by) {
    case POOL_BY_USER:
        people_users(reading, node, &limit->of);
        break;
    case POOL_BY_HOST:
        people_hosts(reading, node, &limit->of);
        break;
    case POOL_BY_GROUP:
        people_groups(reading, node, &limit->of);
        break;
    case POOL_BY_JOB:
    case POOL_BY_PROJECT:
        people_words(reading, node, &limit->of);
        break;
    }
}

/* What it counts says what is meant by the others, wherever it stands among them. */
static bool take_limit(struct reading *reading, const struct conf_node *node, void *item)
{
    static const struct reading_key keys[] = {{"by", take_nothing},
                                              {"of", take_nothing},
                                              {"each", take_each},
                                              {"together", take_together},
                                              {NULL, NULL}};
    struct pool_limit *limit = item;
    const struct conf_node *by, *of;

    limit->at = reading_place(reading, node);
    if (!reading_section(reading, node, "a limit", keys, limit))
        return false;
    by = conf_find(node, "by");
    of = conf_find(node, "of");
    if (by == NULL) {
        reading_fault(reading, node,
                      "a limit says what it counts by: by = \"user\", \"group\", "
                      "\"project\", \"host\" or \"job\"");
        return false;
    }
    limit->by = (enum pool_by)reading_word(reading, by, kinds);
    if (of != NULL)
        take_of(reading, of, limit);
    return true;
}

void limit_take_limits(struct reading *reading, const struct conf_node *node,
                       struct pool_config *pool)
{
    pool->limits =
        reading_list(reading, node, sizeof *pool->limits, take_limit, &pool->limit_count);
}

static void take_seats(struct reading *reading, const struct conf_node *node, void *out)
{
    ((struct pool_reserve *)out)->seats = reading_number(reading, node, 1, POOL_SEATS_MOST);
}

static void take_users(struct reading *reading, const struct conf_node *node, void *out)
{
    people_users(reading, node, &((struct pool_reserve *)out)->who.users);
}

static void take_hosts(struct reading *reading, const struct conf_node *node, void *out)
{
    people_hosts(reading, node, &((struct pool_reserve *)out)->who.hosts);
}

static void take_projects(struct reading *reading, const struct conf_node *node, void *out)
{
    people_words(reading, node, &((struct pool_reserve *)out)->who.projects);
}

static bool take_reserve(struct reading *reading, const struct conf_node *node, void *item)
{
    static const struct reading_key keys[] = {{"seats", take_seats},
                                              {"users", take_users},
                                              {"hosts", take_hosts},
                                              {"projects", take_projects},
                                              {NULL, NULL}};
    struct pool_reserve *reserve = item;

    reserve->at = reading_place(reading, node);
    return reading_section(reading, node, "a reserve", keys, reserve);
}

void limit_take_reserve(struct reading *reading, const struct conf_node *node,
                        struct pool_config *pool)
{
    pool->reserves =
        reading_list(reading, node, sizeof *pool->reserves, take_reserve, &pool->reserve_count);
}

static void take_weight_of(struct reading *reading, const struct conf_node *node, void *out)
{
    struct pool_list list;

    people_words(reading, node, &list);
    if (list.count > 1)
        reading_fault(reading, node, "a weight is of one; give the others one of their own");
    ((struct pool_weight *)out)->of = list.count > 0 ? list.items[0] : "";
}

static void take_weight_number(struct reading *reading, const struct conf_node *node, void *out)
{
    ((struct pool_weight *)out)->weight = reading_number(reading, node, 1, POOL_WEIGHT_MOST);
}

static bool take_weight(struct reading *reading, const struct conf_node *node, void *item)
{
    static const struct reading_key keys[] = {
        {"of", take_weight_of}, {"weight", take_weight_number}, {NULL, NULL}};
    struct pool_weight *weight = item;

    if (!reading_section(reading, node, "a weight", keys, weight))
        return false;
    if (weight->of != NULL && weight->weight > 0)
        return weight->of[0] != '\0';
    reading_fault(reading, node, "a weight has both of and weight");
    return false;
}

static void take_share_by(struct reading *reading, const struct conf_node *node, void *out)
{
    static const char *const words[] = {"project", "user", NULL};

    ((struct pool_share_rule *)out)->by =
        reading_word(reading, node, words) == 0 ? POOL_BY_PROJECT : POOL_BY_USER;
}

static void take_weights(struct reading *reading, const struct conf_node *node, void *out)
{
    struct pool_share_rule *share = out;

    share->weights =
        reading_list(reading, node, sizeof *share->weights, take_weight, &share->weight_count);
}

static void take_others(struct reading *reading, const struct conf_node *node, void *out)
{
    ((struct pool_share_rule *)out)->others = reading_number(reading, node, 1, POOL_WEIGHT_MOST);
}

void limit_take_share(struct reading *reading, const struct conf_node *node,
                      struct pool_config *pool)
{
    static const struct reading_key keys[] = {
        {"by", take_share_by}, {"weights", take_weights}, {"others", take_others}, {NULL, NULL}};

    pool->share = (struct pool_share_rule){
        .by = POOL_BY_PROJECT, .others = 1, .at = reading_place(reading, node)};
    pool->share.is_set = reading_section(reading, node, "share", keys, &pool->share);
    if (pool->share.is_set && conf_find(node, "by") == NULL)
        reading_fault(reading, node, "share says who takes turns: by = \"project\" or \"user\"");
}

static void take_most_users(struct reading *reading, const struct conf_node *node, void *out)
{
    people_users(reading, node, &((struct pool_head_start *)out)->users);
}

static void take_most_number(struct reading *reading, const struct conf_node *node, void *out)
{
    ((struct pool_head_start *)out)->most =
        (int32_t)reading_number(reading, node, 0, POOL_PRIORITY_MOST);
}

static bool take_most_of(struct reading *reading, const struct conf_node *node, void *item)
{
    static const struct reading_key keys[] = {
        {"users", take_most_users}, {"most", take_most_number}, {NULL, NULL}};
    struct pool_head_start *most = item;

    most->at = reading_place(reading, node);
    if (!reading_section(reading, node, "a line of most", keys, most))
        return false;
    if (conf_find(node, "most") == NULL)
        reading_fault(reading, node, "a line of most says how much priority: most = 3");
    return true;
}

static void take_step(struct reading *reading, const struct conf_node *node, void *out)
{
    ((struct pool_priority_rule *)out)->step_ms = reading_time(reading, node);
}

static void take_most(struct reading *reading, const struct conf_node *node, void *out)
{
    struct pool_priority_rule *priority = out;

    priority->most =
        reading_list(reading, node, sizeof *priority->most, take_most_of, &priority->most_count);
}

void limit_take_priority(struct reading *reading, const struct conf_node *node,
                         struct pool_config *pool)
{
    static const struct reading_key keys[] = {
        {"step", take_step}, {"most", take_most}, {NULL, NULL}};

    pool->priority.at = reading_place(reading, node);
    if (reading_section(reading, node, "priority", keys, &pool->priority) &&
        conf_find(node, "step") == NULL)
        reading_fault(reading, node,
                      "priority says how much waiting time one of it is worth: step = \"10m\"");
}
