/* Whether pools may be like that.
 * Must not know a table. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/likeness.h"
#include "pool_create.h"
#include "pool_groups.h"
#include "pools.h"

/* Who is told of faults. */
struct check {
    const struct pools_config *config;
    pools_fault_fn *tell;
    void *context;
    size_t count;
};

static void __attribute__((format(printf, 3, 4)))
fault(struct check *check, const struct pool_place *at, const char *format, ...)
{
    struct pools_fault fault = {.at = *at};
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(fault.text, sizeof fault.text, format, arguments);
    va_end(arguments);
    check->count++;
    check->tell(check->context, &fault);
}

static void check_seats(struct check *check, const struct pool_config *pool)
{
    uint32_t seats = pool_config_seats(pool);

    if (pool->seats > 0 && pool->names.count > 0)
        fault(check, &pool->at, "pool %.64s has both a number of seats and names of them",
              pool->name);
    else if (seats == 0)
        fault(check, &pool->at, "pool %.64s has no seats; give it seats or names", pool->name);
    else if (seats > POOL_SEATS_MOST || pool->names.count > POOL_SEATS_MOST)
        fault(check, &pool->at, "pool %.64s has more than %d seats", pool->name, POOL_SEATS_MOST);
    else if (pool->outside_most > seats)
        fault(check, &pool->at, "pool %.64s has %u seats, but %u may be in use outside", pool->name,
              seats, pool->outside_most);
}

/* How many counters it is for one request at most. */
static size_t charges_of(const struct pool_limit *limit)
{
    return limit->by == POOL_BY_GROUP && limit->each > 0 ? limit->of.count : 1;
}

static void check_limit(struct check *check, const struct pool_config *pool,
                        const struct pool_limit *limit)
{
    if ((limit->each > 0) == (limit->together > 0))
        fault(check, &limit->at, "a limit of pool %.64s needs one of each and together",
              pool->name);
    if (limit->by == POOL_BY_GROUP && limit->of.count == 0)
        fault(check, &limit->at, "a limit by group of pool %.64s must say of which groups",
              pool->name);
    if (limit->by == POOL_BY_GROUP && limit->of.count > POOL_OF_MOST)
        fault(check, &limit->at, "a limit of pool %.64s names more than %d groups", pool->name,
              POOL_OF_MOST);
}

/* Whom two lists name; NULL for nobody, "" where both name nobody and so everybody. */
static const char *in_both(const struct pool_list *a, const struct pool_list *b)
{
    if (a->count == 0 && b->count == 0)
        return "";
    for (size_t i = 0; i < a->count; i++) {
        if (pool_list_has(b, a->items[i]))
            return a->items[i];
    }
    return NULL;
}

/* Of two lines for the same, only the first would count. */
static void check_again(struct check *check, const struct pool_config *pool, size_t which)
{
    const struct pool_limit *limit = &pool->limits[which];

    for (size_t i = 0; i < which && limit->each > 0; i++) {
        const struct pool_limit *before = &pool->limits[i];
        const char *whom =
            before->by == limit->by && before->each > 0 ? in_both(&before->of, &limit->of) : NULL;

        if (whom == NULL)
            continue;
        fault(check, &limit->at, "pool %.64s has a limit for each%s%.48s in line %d already",
              pool->name, whom[0] != '\0' ? " of " : "", whom, before->at.line);
        return;
    }
}

static void check_limits(struct check *check, const struct pool_config *pool)
{
    const size_t charges_most = (size_t)2 * POOL_LIMITS_MOST;
    size_t charges = 0;

    if (pool->limit_count > POOL_LIMITS_MOST)
        fault(check, &pool->at, "pool %.64s has more than %d limits", pool->name, POOL_LIMITS_MOST);
    for (size_t i = 0; i < pool->limit_count && i < POOL_LIMITS_MOST; i++) {
        const struct pool_limit *limit = &pool->limits[i];
        size_t before = charges;

        check_limit(check, pool, limit);
        check_again(check, pool, i);
        charges += charges_of(limit);
        if (charges > charges_most && before <= charges_most)
            fault(check, &limit->at, "the limits of pool %.64s name too many groups", pool->name);
    }
}

static void check_reserves(struct check *check, const struct pool_config *pool)
{
    uint64_t seats = 0, all = pool_config_seats(pool);

    if (pool->reserve_count > POOL_RESERVES_MOST)
        fault(check, &pool->at, "pool %.64s has more than %d reserves", pool->name,
              POOL_RESERVES_MOST);
    for (size_t i = 0; i < pool->reserve_count; i++) {
        const struct pool_reserve *reserve = &pool->reserves[i];
        const struct pool_who *who = &reserve->who;

        if (reserve->seats == 0)
            fault(check, &reserve->at, "a reserve of pool %.64s keeps no seats", pool->name);
        if (who->users.count == 0 && who->hosts.count == 0 && who->projects.count == 0)
            fault(check, &reserve->at,
                  "a reserve of pool %.64s is for nobody; name users, hosts or projects",
                  pool->name);
        seats += reserve->seats;
        if (seats > all && seats - reserve->seats <= all && all > 0)
            fault(check, &reserve->at,
                  "pool %.64s has %" PRIu64 " seats, but %" PRIu64 " are reserved", pool->name, all,
                  seats);
    }
}

static bool is_weight(uint32_t weight)
{
    return weight >= 1 && weight <= POOL_WEIGHT_MOST;
}

static void check_weight(struct check *check, const struct pool_config *pool, size_t which)
{
    const struct pool_weight *weights = pool->share.weights;

    if (!is_weight(weights[which].weight))
        fault(check, &pool->share.at, "the weight of %.48s in pool %.64s must be from 1 to %d",
              weights[which].of, pool->name, POOL_WEIGHT_MOST);
    for (size_t i = 0; i < which; i++) {
        if (strcmp(weights[i].of, weights[which].of) == 0)
            fault(check, &pool->share.at, "%.48s has two weights in pool %.64s", weights[i].of,
                  pool->name);
    }
}

static void check_share(struct check *check, const struct pool_config *pool)
{
    const struct pool_share_rule *share = &pool->share;

    if (!share->is_set)
        return;
    if (share->by != POOL_BY_USER && share->by != POOL_BY_PROJECT)
        fault(check, &share->at, "pool %.64s can be shared by user or project only", pool->name);
    if (!is_weight(share->others))
        fault(check, &share->at, "the weight of others in pool %.64s must be from 1 to %d",
              pool->name, POOL_WEIGHT_MOST);
    for (size_t i = 0; i < share->weight_count; i++)
        check_weight(check, pool, i);
}

static void check_priority(struct check *check, const struct pool_config *pool)
{
    const struct pool_priority_rule *priority = &pool->priority;

    if (priority->step_ms < 0 || priority->step_ms > INT64_MAX / 4 / POOL_PRIORITY_MOST)
        fault(check, &priority->at, "the priority step of pool %.64s is out of range", pool->name);
    for (size_t i = 0; i < priority->most_count; i++) {
        if (priority->most[i].most < 0 || priority->most[i].most > POOL_PRIORITY_MOST)
            fault(check, &priority->most[i].at,
                  "the most priority of pool %.64s must be from 0 to %d", pool->name,
                  POOL_PRIORITY_MOST);
    }
}

static bool has_name(const struct pool_config *pool)
{
    return pool->name != NULL && pool->name[0] != '\0';
}

static void check_pool(struct check *check, const struct pool_config *pool)
{
    if (!has_name(pool)) {
        fault(check, &pool->at, "a pool has no name");
        return;
    }
    check_seats(check, pool);
    check_limits(check, pool);
    check_reserves(check, pool);
    check_share(check, pool);
    check_priority(check, pool);
    if (pool->hold_limit_ms < 0 || pool->hold_default_ms < 0)
        fault(check, &pool->at, "a hold of pool %.64s cannot last less than nothing", pool->name);
    if (pool->hold_limit_ms > 0 && pool->hold_default_ms > pool->hold_limit_ms)
        fault(check, &pool->at, "the hold-default of pool %.64s is above its hold-limit",
              pool->name);
}

/* A declared group that is like a name that is none; NULL. */
static const char *find_like(const struct pools_config *config, const char *name)
{
    size_t len = strlen(name), best = likeness_limit(len - sizeof POOL_GROUP + 1);
    const char *like = NULL;

    for (size_t i = 0; i < config->group_count; i++) {
        const char *other = config->groups[i].name;
        size_t apart = likeness_distance(name, len, other, strlen(other));

        if (apart < best) {
            best = apart;
            like = other;
        }
    }
    return like;
}

static void check_users(void *context, const struct pool_list *users, const struct pool_place *at)
{
    struct check *check = context;

    for (size_t i = 0; i < users->count; i++) {
        const char *name = users->items[i], *like;

        if (!pool_groups_is_declared(name) || pool_groups_find(check->config, name) != NULL)
            continue;
        like = find_like(check->config, name);
        fault(check, at, "there is no %.48s; %s%.48s%s", name,
              like != NULL ? "did you mean " : "declare it in groups, or name unix:GROUP",
              like != NULL ? like : "", like != NULL ? "?" : "");
    }
}

static void check_group(struct check *check, size_t which)
{
    const struct pool_group *group = &check->config->groups[which];

    for (size_t i = 0; i < which; i++) {
        if (strcmp(check->config->groups[i].name, group->name) == 0)
            fault(check, &group->at, "%.48s is declared twice", group->name);
    }
    for (size_t i = 0; i < group->users.count; i++) {
        if (pool_groups_find(check->config, group->users.items[i]) != NULL)
            fault(check, &group->at, "%.48s names %.48s; name its users, or a unix:GROUP",
                  group->name, group->users.items[i]);
    }
}

/* A declared name, and whose it is. */
struct declared {
    char *name;
    const struct pool_config *pool;
    bool is_pool;
};

static int compare_names(const void *a, const void *b)
{
    const struct declared *left = a, *right = b;

    int order = strcmp(left->name, right->name);

    /* The one that was written last is at fault. */
    return order != 0 ? order : (left->pool > right->pool) - (left->pool < right->pool);
}

/* Returns how many; SIZE_MAX when there is no memory. */
static size_t list_names(const struct pools_config *config, struct declared *names)
{
    size_t count = 0;

    for (size_t i = 0; i < config->pool_count; i++) {
        const struct pool_config *pool = &config->pools[i];

        names[count++] = (struct declared){strdup(pool->name), pool, true};
        for (uint32_t k = 0; k < pool_config_seats(pool); k++) {
            size_t size = (size_t)pool_config_seat_name(pool, k, NULL, 0) + 1;
            char *name = malloc(size);

            if (name != NULL)
                pool_config_seat_name(pool, k, name, size);
            names[count++] = (struct declared){name, pool, false};
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (names[i].name == NULL)
            return SIZE_MAX;
    }
    return count;
}

static size_t count_names(const struct pools_config *config)
{
    size_t count = 0;

    for (size_t i = 0; i < config->pool_count; i++)
        count += 1 + pool_config_seats(&config->pools[i]);
    return count;
}

/* Of two pools, once. */
static void find_twice(struct check *check, struct declared *names, size_t count)
{
    const struct pool_config *last[2] = {NULL, NULL};

    qsort(names, count, sizeof *names, compare_names);
    for (size_t i = 1; i < count; i++) {
        const struct declared *a = &names[i - 1], *b = &names[i];

        if (strcmp(a->name, b->name) != 0 ||
            (last[0] != NULL && a->pool == last[0] && b->pool == last[1]))
            continue;
        last[0] = a->pool;
        last[1] = b->pool;
        fault(check, &b->pool->at, "%.48s is %s pool %.32s, and %s pool %.32s", a->name,
              a->is_pool ? "the name of" : "a seat of", a->pool->name,
              b->is_pool ? "the name of" : "a seat of", b->pool->name);
    }
}

static void check_names(struct check *check)
{
    const struct pool_place nowhere = {NULL, 0};
    size_t most = count_names(check->config), count;
    struct declared *names = calloc(most + 1, sizeof *names);

    count = names != NULL ? list_names(check->config, names) : SIZE_MAX;
    if (count != SIZE_MAX)
        find_twice(check, names, count);
    else
        fault(check, &nowhere, "there is no memory");
    for (size_t i = 0; names != NULL && i < most; i++)
        free(names[i].name);
    free(names);
}

/* Whether there are names to be compared, and not too many. */
static bool has_sound_names(const struct pools_config *config)
{
    for (size_t i = 0; i < config->pool_count; i++) {
        if (!has_name(&config->pools[i]) || pool_config_seats(&config->pools[i]) > POOL_SEATS_MOST)
            return false;
    }
    return true;
}

size_t pools_config_check_all(const struct pools_config *config, pools_fault_fn *tell,
                              void *context)
{
    struct check check = {.config = config, .tell = tell, .context = context};

    for (size_t i = 0; i < config->group_count; i++)
        check_group(&check, i);
    for (size_t i = 0; i < config->pool_count; i++)
        check_pool(&check, &config->pools[i]);
    pools_config_visit_users(config, check_users, &check);
    if (has_sound_names(config))
        check_names(&check);
    return check.count;
}

static void keep_first(void *context, const struct pools_fault *fault)
{
    struct pools_fault *first = context;

    if (first->text[0] == '\0')
        *first = *fault;
}

bool pools_config_check(const struct pools_config *config, struct pools_fault *fault)
{
    struct pools_fault first = {.text = ""};

    if (pools_config_check_all(config, keep_first, &first) == 0)
        return true;
    *fault = first;
    return false;
}
