/* Random declarations of pools over a few names.
 * Must be sound whatever the seeds. */
#include "pool_model_config.h"

#include <string.h>

#include "lock_operation.h"

const char *const pm_names[PM_NAMES] = {"a",  "b",  "c",  "p",  "q",  "r",  "p1", "p2", "p3", "p4",
                                        "p5", "p6", "q1", "q2", "q3", "q4", "m",  "n",  "o"};
const char *const pm_owners[PM_OWNERS] = {"oda",  "odin", "ofra", "ohad", "olaf", "olav", "olga",
                                          "olim", "omar", "onno", "opal", "oren", "orla", "osip",
                                          "otis", "otto", "ove",  "owen", "oya",  "ozzy"};
const char *const pm_users[PM_USERS] = {"ulla", "uma", "ugo", "uri"};
const char *const pm_projects[PM_PROJECTS] = {"chip", "core", "ci"};
const char *const pm_hosts[PM_HOSTS] = {"h1", "h2"};
const char *const pm_jobs[PM_JOBS] = {"7", "8", "9"};

static const char *const groups[] = {"group:eda", "group:night"};

/* In the other season the night shift is of others. */
struct pool_list pm_memberships(const struct pm_config *config, int user)
{
    if (user < 0 || user >= 3)
        return (struct pool_list){groups, 0};
    if (config->season > 0 && user != 1)
        user = 2 - user;
    return (struct pool_list){&groups[user / 2], user == 1 ? 2 : 1};
}

static struct pool_list one_of(uint64_t *random, const char *const *items, int count)
{
    return (struct pool_list){&items[play_random(random, (uint64_t)count)], 1};
}

static void add_limit(struct pool_config *pool, struct pool_limit *limit, uint64_t *random)
{
    limit->by = (enum pool_by)play_random(random, 5);
    limit->each = 1 + (uint32_t)play_random(random, 3);
    if (limit->by == POOL_BY_GROUP) {
        limit->of = (struct pool_list){groups, 1 + play_random(random, 2)};
    } else if (play_random(random, 3) == 0) {
        limit->together = limit->each;
        limit->each = 0;
    }
    if (limit->by == POOL_BY_USER && play_random(random, 2) == 0)
        limit->of = play_random(random, 2) == 0 ? one_of(random, pm_users, PM_USERS)
                                                : one_of(random, groups, 2);
    else if (limit->by == POOL_BY_PROJECT && play_random(random, 2) == 0)
        limit->of = one_of(random, pm_projects, PM_PROJECTS);
    pool->limit_count++;
}

static void add_reserves(struct pool_config *pool, struct pool_reserve *reserves, uint64_t *random,
                         uint32_t seats)
{
    uint32_t left = seats;

    for (size_t i = 0; i < 2 && left > 0 && play_random(random, 2) == 0; i++) {
        reserves[i].seats = 1 + (uint32_t)play_random(random, left < 3 ? left : 3);
        left -= reserves[i].seats;
        if (play_random(random, 2) == 0)
            reserves[i].who.projects = one_of(random, pm_projects, PM_PROJECTS);
        else
            reserves[i].who.users = one_of(random, pm_users, PM_USERS);
        pool->reserve_count++;
    }
}

static void build_pool(struct pm_config *config, int which, struct pool_config *pool)
{
    uint64_t random = config->seeds[which];
    static const uint32_t most[] = {PM_P_SEATS, PM_Q_SEATS, PM_R_SEATS};
    uint32_t seats = 1 + (uint32_t)play_random(&random, most[which]);

    *pool = (struct pool_config){.name = pm_names[PM_POOL_NAMES + which]};
    if (which == 2)
        pool->names = (struct pool_list){&pm_names[PM_M], seats};
    else
        pool->seats = seats;
    pool->seat_order = (enum pool_seat_order)play_random(&random, 2);
    pool->at = (struct pool_place){"test.conf", which + 1};
    if (play_random(&random, 3) == 0) /* no rules */
        return;
    pool->limits = config->limits[which];
    while (pool->limit_count < 4 && play_random(&random, 2) == 0)
        add_limit(pool, &config->limits[which][pool->limit_count], &random);
    pool->reserves = config->reserves[which];
    if (play_random(&random, 2) == 0)
        add_reserves(pool, config->reserves[which], &random, seats);
    if (play_random(&random, 3) == 0)
        pool->outside_most = 1 + (uint32_t)play_random(&random, seats);
    if (play_random(&random, 2) == 0) {
        config->weights[which][0] = (struct pool_weight){"chip", 3};
        config->weights[which][1] = (struct pool_weight){"ulla", 2};
        pool->share = (struct pool_share_rule){
            .is_set = true,
            .by = play_random(&random, 2) == 0 ? POOL_BY_USER : POOL_BY_PROJECT,
            .weights = config->weights[which],
            .weight_count = 2,
            .others = 1,
        };
    }
    if (play_random(&random, 3) == 0) {
        config->most[which][0] = (struct pool_head_start){.users = {pm_users, 2}, .most = 2};
        pool->priority = (struct pool_priority_rule){
            .step_ms = 50, .most = config->most[which], .most_count = 1};
    }
    if (play_random(&random, 4) == 0)
        pool->hold_limit_ms = 500;
    if (play_random(&random, 6) == 0)
        pool->deny.users = (struct pool_list){&pm_users[3], 1};
}

void pm_config_build(struct pm_config *config)
{
    memset(config->limits, 0, sizeof config->limits);
    memset(config->reserves, 0, sizeof config->reserves);
    config->config = (struct pools_config){.pools = config->pools};
    for (int i = 0; i < PM_POOLS; i++) {
        if (config->seeds[i] == 0)
            continue;
        config->index[i] = (int)config->config.pool_count;
        build_pool(config, i, &config->pools[config->config.pool_count++]);
    }
}
