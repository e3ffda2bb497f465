/* Why the table makes no request, in words.
 * Must not repeat what a client has sent: names of pools are the configuration's. */
#include "rule_refusal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/duration.h"
#include "lock/pools.h"

enum { FILE_SHOWN = 160 };

static const struct refusal *say(struct ipclocker_server *server, enum error_code code,
                                 const char *format, ...) __attribute__((format(printf, 3, 4)));

static const struct refusal *say(struct ipclocker_server *server, enum error_code code,
                                 const char *format, ...)
{
    struct server_pools *pools = &server->pools;
    va_list args;

    va_start(args, format);
    vsnprintf(pools->refusal_text, sizeof pools->refusal_text, format, args);
    va_end(args);
    pools->refusal = (struct refusal){.code = code, .text = pools->refusal_text};
    return &pools->refusal;
}

/* Where the rule stands, for whoever has to change it. */
static void add_place(struct ipclocker_server *server, const char *file, int line)
{
    char *text = server->pools.refusal_text;
    size_t len = strlen(text);

    if (file == NULL || len + FILE_SHOWN / 2 > sizeof server->pools.refusal_text)
        return;
    snprintf(text + len, sizeof server->pools.refusal_text - len, " (%.160s:%d)", file, line);
}

static const char *whose_limit(enum lock_rule rule)
{
    switch (rule) {
    case LOCK_RULE_LIMIT_JOB:
        return "a job";
    case LOCK_RULE_LIMIT_USER:
        return "a user";
    case LOCK_RULE_LIMIT_HOST:
        return "a host";
    case LOCK_RULE_LIMIT_PROJECT:
        return "a project";
    default:
        return "all of you together";
    }
}

static const struct refusal *say_rule(struct ipclocker_server *server,
                                      const struct lock_rule_fault *fault)
{
    const char *pool = fault->pool != NULL ? fault->pool : "the pool";

    switch (fault->rule) {
    case LOCK_RULE_ALLOW:
        return say(server, ERROR_CODE_DENIED, "%.64s is not for this user, host or project", pool);
    case LOCK_RULE_DENY:
        return say(server, ERROR_CODE_DENIED, "%.64s is denied to this user, host or project",
                   pool);
    case LOCK_RULE_SIZE:
        return say(server, ERROR_CODE_LIMIT, "%.64s has %u seats, and never %u; ask for fewer",
                   pool, fault->most, fault->wanted);
    case LOCK_RULE_RESERVE:
        return say(server, ERROR_CODE_LIMIT,
                   "of %.64s at most %u can be had beside what is reserved for others, and %u "
                   "were asked for; ask for fewer",
                   pool, fault->most, fault->wanted);
    case LOCK_RULE_OUTSIDE:
        return say(server, ERROR_CODE_LIMIT,
                   "of %.64s at most %u can be had beside what is offline or in use elsewhere, "
                   "and %u were asked for; ask for fewer, or later",
                   pool, fault->most, fault->wanted);
    case LOCK_RULE_LIMIT_JOB:
    case LOCK_RULE_LIMIT_USER:
    case LOCK_RULE_LIMIT_HOST:
    case LOCK_RULE_LIMIT_PROJECT:
    case LOCK_RULE_LIMIT_TOGETHER:
        return say(server, ERROR_CODE_LIMIT,
                   "of %.64s %s may have %u at most, and %u were asked for; ask for fewer", pool,
                   whose_limit(fault->rule), fault->most, fault->wanted);
    default:
        return say(server, ERROR_CODE_REFUSED, "the rules of %.64s do not allow it", pool);
    }
}

static const struct refusal *say_chooses(struct ipclocker_server *server, const char *name)
{
    const struct pool_config *pool = lock_table_pool_of(server->table, name);

    return say(server, ERROR_CODE_MALFORMED,
               "seats of %.64s cannot be chosen, as some are reserved or in use elsewhere; ask "
               "for %.64s",
               pool != NULL ? pool->name : "the pool", pool != NULL ? pool->name : "the pool");
}

static const struct refusal *say_mixed(struct ipclocker_server *server, const char *name)
{
    const struct pool_config *pool = lock_table_pool_of(server->table, name);

    if (pool == NULL)
        return say(server, ERROR_CODE_MALFORMED,
                   "a group names a pool, or seats of one, beside other locks; name these in a "
                   "group of their own");
    return say(server, ERROR_CODE_MALFORMED,
               "a group names the pool %.64s, or seats of it, beside other locks; name it in a "
               "group of its own",
               pool->name);
}

/* Of what has nothing to do with rules; NULL where nothing is wrong. */
static const struct refusal *plain_refusal(enum lock_outcome outcome)
{
    static const struct refusal bad_count = {
        ERROR_CODE_MALFORMED,
        "nobody could ever have so many of these locks; name more or ask for fewer"};
    static const struct refusal overlap = {ERROR_CODE_MALFORMED,
                                           "a lock is named in two groups: that goes for 8 groups "
                                           "with 128 locks at most, all shared or none, and not "
                                           "together with seats of pools; name it in one"};
    static const struct refusal shares = {
        ERROR_CODE_MALFORMED, "seats of a pool are not shared, nor asked for together with locks "
                              "that are; ask for them by requests of their own"};
    static const struct refusal has_part = {
        ERROR_CODE_OWN, "this owner holds a part of these locks already; give it back first"};
    static const struct refusal waits = {
        ERROR_CODE_OWN, "this owner waits for one of these locks already, with another request"};

    switch (outcome) {
    case LOCK_OUTCOME_BAD_COUNT:
        return &bad_count;
    case LOCK_OUTCOME_OVERLAP:
        return &overlap;
    case LOCK_OUTCOME_SHARES:
        return &shares;
    case LOCK_OUTCOME_HAS_PART:
        return &has_part;
    case LOCK_OUTCOME_WAITS:
        return &waits;
    case LOCK_OUTCOME_NO_MEMORY:
        return &refusal_no_memory;
    default:
        return NULL;
    }
}

const struct refusal *rule_refusal(struct ipclocker_server *server,
                                   const struct lock_result *result)
{
    const struct refusal *refusal;

    switch (result->outcome) {
    case LOCK_OUTCOME_MIXED:
        return say_mixed(server, result->name);
    case LOCK_OUTCOME_CHOOSES:
        return say_chooses(server, result->name);
    case LOCK_OUTCOME_RULE:
        refusal = say_rule(server, result->rule);
        add_place(server, result->rule->file, result->rule->line);
        return refusal;
    case LOCK_OUTCOME_UNKNOWN:
        return say(server, ERROR_CODE_UNKNOWN,
                   "no pool has this name, and others are refused here; see lockersh --pools");
    default:
        return plain_refusal(result->outcome);
    }
}

const struct refusal *rule_refusal_of_extension(struct ipclocker_server *server, int64_t most_ms,
                                                int64_t can_add_ms)
{
    char most[DURATION_TEXT_SIZE], left[DURATION_TEXT_SIZE];

    duration_format(most, most_ms / 1000, DURATION_WORDS);
    if (can_add_ms < 1000)
        return say(server, ERROR_CODE_LIMIT, "it may be held %s in all, and no longer", most);
    duration_format(left, can_add_ms / 1000, DURATION_WORDS);
    return say(server, ERROR_CODE_LIMIT,
               "it may be held %s in all, so that at most %s can be added; ask for less", most,
               left);
}
