/* The rules of a pool, applied to one request: attributes in, numbers out.
 * Must not know who holds or waits for anything. */
#include "pool_rules.h"

#include <string.h>

static bool has_group_of(const struct pool_list *list, const struct pool_asker *asker)
{
    return pool_list_has_user(list, NULL, asker->memberships, asker->membership_count);
}

static bool has_user(const struct pool_list *list, const struct pool_asker *asker)
{
    return pool_list_has_user(list, asker->user, asker->memberships, asker->membership_count);
}

static const char *project_of(const struct pool_config *config, const struct pool_asker *asker)
{
    return asker->project != NULL ? asker->project : config->project;
}

/* Every list that says something names the asker. */
static bool is_named(const struct pool_who *who, const struct pool_config *config,
                     const struct pool_asker *asker)
{
    return (who->users.count == 0 || has_user(&who->users, asker)) &&
           (who->hosts.count == 0 || pool_list_has(&who->hosts, asker->host)) &&
           (who->projects.count == 0 || pool_list_has(&who->projects, project_of(config, asker)));
}

static bool is_denied(const struct pool_config *config, const struct pool_asker *asker)
{
    return has_user(&config->deny.users, asker) ||
           pool_list_has(&config->deny.hosts, asker->host) ||
           pool_list_has(&config->deny.projects, project_of(config, asker));
}

bool pool_rules_keep_room(const struct pool_config *config)
{
    return config->reserve_count > 0 || config->outside_most > 0;
}

bool pool_rules_any(const struct pool_config *config)
{
    return pool_rules_keep_room(config) || config->limit_count > 0 || config->share.is_set ||
           config->priority.step_ms > 0;
}

/* What a kind of limit counts for this asker; NULL where it does not count him. */
static const char *value_of(enum pool_by by, const struct pool_config *config,
                            const struct pool_asker *asker)
{
    const char *value = NULL;

    switch (by) {
    case POOL_BY_JOB:
        return asker->job;
    case POOL_BY_USER:
        value = asker->user;
        break;
    case POOL_BY_HOST:
        value = asker->host;
        break;
    case POOL_BY_PROJECT:
        value = project_of(config, asker);
        break;
    case POOL_BY_GROUP:
        return NULL;
    }
    return value != NULL ? value : "";
}

/* How well a line fits the asker: 0 not at all, 1 as it names nobody, 2 by a group, 3 by name. */
static int fit(const struct pool_limit *limit, const struct pool_config *config,
               const struct pool_asker *asker)
{
    const char *value = value_of(limit->by, config, asker);

    if (limit->by != POOL_BY_GROUP && value == NULL)
        return 0;
    if (limit->of.count == 0)
        return 1;
    if (limit->by == POOL_BY_USER ? pool_list_has_login(&limit->of, value)
                                  : pool_list_has(&limit->of, value))
        return 3;
    if (limit->by == POOL_BY_USER || limit->by == POOL_BY_GROUP)
        return has_group_of(&limit->of, asker) ? 2 : 0;
    return 0;
}

static void charge(struct pool_verdict *verdict, const struct pool_charge *what)
{
    if (verdict->charge_count < POOL_CHARGES_MOST)
        verdict->charges[verdict->charge_count++] = *what;
}

/* The most specific line of a kind counts each by himself. */
static void charge_each(const struct pool_config *config, const struct pool_asker *asker,
                        enum pool_by by, enum lock_rule rule, struct pool_verdict *verdict)
{
    const struct pool_limit *best = NULL;
    int best_fit = 0;

    for (size_t i = 0; i < config->limit_count; i++) {
        const struct pool_limit *limit = &config->limits[i];
        int this_fit = limit->by == by && limit->each > 0 ? fit(limit, config, asker) : 0;

        if (this_fit <= best_fit)
            continue;
        best = limit;
        best_fit = this_fit;
    }
    if (best != NULL)
        charge(verdict, &(struct pool_charge){.rule = rule,
                                              .value = value_of(by, config, asker),
                                              .limit = best->each,
                                              .source = (uint32_t)(best - config->limits)});
}

/* Each group of the line that the asker is in. */
static void charge_groups(const struct pool_limit *limit, uint32_t line,
                          const struct pool_asker *asker, struct pool_verdict *verdict)
{
    for (size_t i = 0; i < limit->of.count; i++) {
        const struct pool_list one = {.items = &limit->of.items[i], .count = 1};

        if (has_group_of(&one, asker))
            charge(verdict, &(struct pool_charge){.rule = LOCK_RULE_LIMIT_TOGETHER,
                                                  .line = line,
                                                  .value = limit->of.items[i],
                                                  .limit = limit->each,
                                                  .source = line});
    }
}

static void charge_together(const struct pool_config *config, const struct pool_asker *asker,
                            struct pool_verdict *verdict)
{
    for (uint32_t i = 0; i < config->limit_count; i++) {
        const struct pool_limit *limit = &config->limits[i];

        if (limit->by == POOL_BY_GROUP && limit->each > 0)
            charge_groups(limit, i, asker, verdict);
        else if (limit->together > 0 && fit(limit, config, asker) > 0)
            charge(verdict, &(struct pool_charge){.rule = LOCK_RULE_LIMIT_TOGETHER,
                                                  .line = i,
                                                  .value = "",
                                                  .limit = limit->together,
                                                  .source = i});
    }
}

static uint32_t reserve_class_of(const struct pool_config *config, const struct pool_asker *asker)
{
    for (uint32_t i = 0; i < config->reserve_count; i++) {
        if (is_named(&config->reserves[i].who, config, asker))
            return i + 1;
    }
    return 0;
}

static void find_share(const struct pool_config *config, const struct pool_asker *asker,
                       struct pool_verdict *verdict)
{
    const struct pool_share_rule *share = &config->share;

    verdict->share = "";
    verdict->weight = 1;
    if (!share->is_set)
        return;
    verdict->share = value_of(share->by, config, asker);
    verdict->weight = share->others;
    for (size_t i = 0; i < share->weight_count; i++) {
        if (strcmp(share->weights[i].of, verdict->share) == 0)
            verdict->weight = share->weights[i].weight;
    }
}

static int64_t head_start_of(const struct pool_config *config, const struct pool_asker *asker)
{
    int64_t most = 0, priority = asker->priority;

    for (size_t i = 0; i < config->priority.most_count; i++) {
        const struct pool_head_start *line = &config->priority.most[i];

        if (line->most > most && (line->users.count == 0 || has_user(&line->users, asker)))
            most = line->most;
    }
    if (priority > most)
        priority = most;
    if (priority < -POOL_PRIORITY_MOST)
        priority = -POOL_PRIORITY_MOST;
    return priority * config->priority.step_ms;
}

void pool_rules_apply(const struct pool_config *config, const struct pool_asker *asker,
                      struct pool_verdict *verdict)
{
    verdict->refused = LOCK_RULE_NONE;
    verdict->charge_count = 0;
    if (is_denied(config, asker))
        verdict->refused = LOCK_RULE_DENY;
    else if (!is_named(&config->allow, config, asker))
        verdict->refused = LOCK_RULE_ALLOW;
    verdict->reserve_class = 0;
    verdict->head_start_ms = 0;
    find_share(config, asker, verdict);
    if (!pool_rules_any(config))
        return;
    charge_each(config, asker, POOL_BY_JOB, LOCK_RULE_LIMIT_JOB, verdict);
    charge_each(config, asker, POOL_BY_USER, LOCK_RULE_LIMIT_USER, verdict);
    charge_each(config, asker, POOL_BY_HOST, LOCK_RULE_LIMIT_HOST, verdict);
    charge_each(config, asker, POOL_BY_PROJECT, LOCK_RULE_LIMIT_PROJECT, verdict);
    charge_together(config, asker, verdict);
    verdict->reserve_class = reserve_class_of(config, asker);
    verdict->head_start_ms = head_start_of(config, asker);
}

int64_t pool_rules_hold_ms(const struct pool_config *config, int64_t asked_ms)
{
    int64_t hold_ms = asked_ms > 0 ? asked_ms : config->hold_default_ms;

    if (config->hold_limit_ms > 0 && (hold_ms <= 0 || hold_ms > config->hold_limit_ms))
        hold_ms = config->hold_limit_ms;
    return hold_ms;
}

int64_t pool_rules_capacity(const struct pool_config *config, uint32_t reserve_class, int64_t seats)
{
    for (uint32_t i = 0; i < config->reserve_count; i++) {
        if (i + 1 != reserve_class)
            seats -= config->reserves[i].seats;
    }
    return seats;
}
