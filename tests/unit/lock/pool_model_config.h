/* Random declarations of pools over a few names. */
#ifndef FARMLOCK_POOL_MODEL_CONFIG_H
#define FARMLOCK_POOL_MODEL_CONFIG_H

#include <stdint.h>

#include "lock/pools.h"

/* a b c are single; p q r are pools: p1 to p6, q1 to q4, and m n o. */
enum {
    PM_SINGLES = 3,
    PM_POOLS = 3,
    PM_POOL_NAMES = PM_SINGLES,
    PM_P1 = PM_SINGLES + PM_POOLS,
    PM_P_SEATS = 6,
    PM_Q_SEATS = 4,
    PM_R_SEATS = 3,
    PM_Q1 = PM_P1 + PM_P_SEATS,
    PM_M = PM_Q1 + PM_Q_SEATS,
    PM_NAMES = PM_M + PM_R_SEATS,
    PM_OWNERS = 20,
    PM_USERS = 4,
    PM_PROJECTS = 3,
    PM_HOSTS = 2,
    PM_JOBS = 3,
};

extern const char *const pm_names[PM_NAMES];
extern const char *const pm_owners[PM_OWNERS];
extern const char *const pm_users[PM_USERS];
extern const char *const pm_projects[PM_PROJECTS];
extern const char *const pm_hosts[PM_HOSTS];
extern const char *const pm_jobs[PM_JOBS];

struct pm_config {
    struct pools_config config;
    uint64_t seeds[PM_POOLS]; /* 0: not declared; what a pool is follows from its seed */
    int index[PM_POOLS];      /* in the configuration */
    int season;               /* 0 or 1 */
    struct pool_config pools[PM_POOLS];
    struct pool_limit limits[PM_POOLS][4];
    struct pool_reserve reserves[PM_POOLS][2];
    struct pool_weight weights[PM_POOLS][2];
    struct pool_head_start most[PM_POOLS][2];
};

/* The groups of a user, which are others in another season. */
struct pool_list pm_memberships(const struct pm_config *config, int user);

/* Fills it in after its seeds. */
void pm_config_build(struct pm_config *config);

#endif
