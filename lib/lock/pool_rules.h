/* The rules of a pool, applied to one request: attributes in, numbers out.  Pure. */
#ifndef FARMLOCK_LOCK_POOL_RULES_H
#define FARMLOCK_LOCK_POOL_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pools.h"

/* Who asks: NULL where that is not known. */
struct pool_asker {
    const char *user;
    const char *const *memberships;
    size_t membership_count;
    const char *host, *job, *project;
    int32_t priority;
};

/* One counter that a request's seats count at. */
struct pool_charge {
    enum lock_rule rule; /* one of LOCK_RULE_LIMIT_..., the kind */
    uint32_t line;       /* which of the pool's limits, for TOGETHER; else 0 */
    const char *value;   /* what that counts; "" for what is not known */
    uint32_t limit;
    uint32_t source; /* which of the pool's limits says so */
};

enum { POOL_CHARGES_MOST = 4 + POOL_LIMITS_MOST * 2 };

struct pool_verdict {
    enum lock_rule refused;                        /* NONE, ALLOW or DENY */
    struct pool_charge charges[POOL_CHARGES_MOST]; /* in the order in which they are taken */
    size_t charge_count;
    uint32_t reserve_class; /* 0, or which reserve line, from 1 */
    const char *share;      /* the class; "" where all are one */
    uint32_t weight;
    int64_t head_start_ms; /* may be below 0 */
};

/* Whether a pool has rules that change whose turn it is; and whether its seats cannot be chosen. */
bool pool_rules_any(const struct pool_config *config);
bool pool_rules_keep_room(const struct pool_config *config);

/* Applies the rules.  What the verdict points to is the asker's and the configuration's. */
void pool_rules_apply(const struct pool_config *config, const struct pool_asker *asker,
                      struct pool_verdict *verdict);

/* The most that a hold may last: the shorter of what was asked for, or else the default, and the
 * limit.  0 is for ever, here and there. */
int64_t pool_rules_hold_ms(const struct pool_config *config, int64_t asked_ms);

/* How many seats a request of this reserve class could have if nobody held anything, of `seats`
 * which are neither offline nor outside. */
int64_t pool_rules_capacity(const struct pool_config *config, uint32_t reserve_class,
                            int64_t seats);

#endif
