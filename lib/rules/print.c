/* Says how rules were understood.
 * Must not say it in the file's own words: those are what may have been misunderstood. */
#include <inttypes.h>
#include <string.h>

#include "base/duration.h"
#include "rules.h"

enum { NAMES_SHOWN = 6 };

static void print_place(FILE *out, const struct pool_place *at)
{
    fprintf(out, "# %s:%d: ", at->file, at->line);
}

static void print_list(FILE *out, const struct pool_list *list)
{
    size_t shown = list->count <= NAMES_SHOWN + 1 ? list->count : NAMES_SHOWN;

    for (size_t i = 0; i < shown; i++)
        fprintf(out, "%s%s", i > 0 ? ", " : "", list->items[i]);
    if (shown < list->count)
        fprintf(out, " and %zu more", list->count - shown);
}

static void print_time(FILE *out, int64_t time_ms)
{
    char text[DURATION_TEXT_SIZE];

    duration_format(text, time_ms / 1000, DURATION_WORDS);
    fputs(text, out);
}

static void print_who(FILE *out, const struct pool_who *who, const char *between)
{
    const struct {
        const char *what;
        const struct pool_list *list;
    } lists[] = {{"users", &who->users}, {"hosts", &who->hosts}, {"projects", &who->projects}};
    const char *before = "";

    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        if (lists[i].list->count == 0)
            continue;
        fprintf(out, "%s%s ", before, lists[i].what);
        print_list(out, lists[i].list);
        before = between;
    }
}

static bool names_anybody(const struct pool_who *who)
{
    return who->users.count + who->hosts.count + who->projects.count > 0;
}

static void print_seats(FILE *out, const struct pool_config *pool)
{
    print_place(out, &pool->at);
    fprintf(out, "pool %s: ", pool->name);
    if (pool->seats > 0)
        fprintf(out, "%" PRIu32 " seats, %s1 to %s%" PRIu32, pool->seats, pool->name, pool->name,
                pool->seats);
    else
        fprintf(out, "%zu seats, ", pool->names.count);
    print_list(out, &pool->names);
    fprintf(out, "; %s free one is given first",
            pool->seat_order == POOL_LOWEST_FIRST ? "the lowest" : "the longest unused");
    fputs(pool->reserve_count > 0 || pool->outside_most > 0 ? "; none can be chosen\n" : "\n", out);
}

static void print_access(FILE *out, const struct pool_config *pool)
{
    if (names_anybody(&pool->allow)) {
        print_place(out, &pool->allow_at);
        fputs("only for ", out);
        print_who(out, &pool->allow, ", and only ");
        fputs("\n", out);
    }
    if (names_anybody(&pool->deny)) {
        print_place(out, &pool->deny_at);
        fputs("not for ", out);
        print_who(out, &pool->deny, ", nor for ");
        fputs("\n", out);
    }
}

static const char *kind_of(enum pool_by by)
{
    static const char *const kinds[] = {"job", "user", "host", "project", "group"};

    return kinds[by];
}

static bool is_group(const char *item)
{
    return strncmp(item, "group:", strlen("group:")) == 0 ||
           strncmp(item, "unix:", strlen("unix:")) == 0;
}

static bool are_groups(const struct pool_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        if (!is_group(list->items[i]))
            return false;
    }
    return list->count > 0;
}

/* As "user alice", "each user of group:night" or "all of the hosts a, b". */
static void print_whose(FILE *out, const struct pool_limit *limit)
{
    const char *kind = kind_of(limit->by), *all = limit->each > 0 ? "each" : "all";
    bool is_one = limit->each > 0 && limit->of.count == 1;

    if (limit->of.count == 0)
        fprintf(out, "%s %s%s", all, kind, limit->each > 0 ? "" : "s");
    else if (limit->by != POOL_BY_GROUP && are_groups(&limit->of))
        fprintf(out, "%s %s%s of ", all, kind, limit->each > 0 ? "" : "s");
    else if (limit->by != POOL_BY_GROUP)
        fprintf(out, is_one ? "%.0s%s " : "%s of the %ss ", all, kind);
    else if (!is_one)
        fprintf(out, "%s of ", all);
    print_list(out, &limit->of);
}

static void print_limit(FILE *out, const struct pool_limit *limit)
{
    print_place(out, &limit->at);
    print_whose(out, limit);
    if (limit->each > 0)
        fprintf(out, " has %" PRIu32 " at most\n", limit->each);
    else
        fprintf(out, " have %" PRIu32 " at most together\n", limit->together);
}

static void print_reserve(FILE *out, const struct pool_reserve *reserve)
{
    print_place(out, &reserve->at);
    fprintf(out, "%" PRIu32 " kept free for ", reserve->seats);
    print_who(out, &reserve->who, " with ");
    fputs("\n", out);
}

static void print_share(FILE *out, const struct pool_share_rule *share)
{
    if (!share->is_set)
        return;
    print_place(out, &share->at);
    fprintf(out, "%ss take turns by weight: ", kind_of(share->by));
    for (size_t i = 0; i < share->weight_count; i++)
        fprintf(out, "%s %" PRIu32 ", ", share->weights[i].of, share->weights[i].weight);
    fprintf(out, "each other %" PRIu32 "\n", share->others);
}

static void print_priority(FILE *out, const struct pool_priority_rule *priority)
{
    bool is_for_all = false;

    if (priority->step_ms == 0)
        return;
    print_place(out, &priority->at);
    fputs("each priority is worth ", out);
    print_time(out, priority->step_ms);
    fputs(" of waiting\n", out);
    for (size_t i = 0; i < priority->most_count; i++) {
        print_place(out, &priority->most[i].at);
        fprintf(out, "priority %" PRId32 " at most for ", priority->most[i].most);
        print_list(out, &priority->most[i].users);
        fprintf(out, "%s, and more counts as that\n",
                priority->most[i].users.count == 0 ? "everybody" : "");
        is_for_all |= priority->most[i].users.count == 0;
    }
    if (is_for_all)
        return;
    print_place(out, &priority->at);
    fprintf(out, "priority 0 at most for %s, and more counts as that\n",
            priority->most_count > 0 ? "all others" : "everybody");
}

static void print_holds(FILE *out, const struct pool_config *pool)
{
    if (pool->hold_limit_ms > 0) {
        print_place(out, &pool->at);
        fputs("held for ", out);
        print_time(out, pool->hold_limit_ms);
        fputs(" at most\n", out);
    }
    if (pool->hold_default_ms > 0) {
        print_place(out, &pool->at);
        fputs("held for ", out);
        print_time(out, pool->hold_default_ms);
        fputs(" by who says nothing\n", out);
    }
}

static void print_rest(FILE *out, const struct pool_config *pool)
{
    if (pool->project != NULL) {
        print_place(out, &pool->at);
        fprintf(out, "who says no project is of %s\n", pool->project);
    }
    if (pool->outside_most > 0) {
        print_place(out, &pool->at);
        fprintf(out, "%" PRIu32 " at most count as in use elsewhere\n", pool->outside_most);
    }
    if (pool->administrators.count > 0) {
        print_place(out, &pool->administrators_at);
        fputs("administered by ", out);
        print_list(out, &pool->administrators);
        fputs("\n", out);
    }
}

static void print_pool(FILE *out, const struct pool_config *pool)
{
    print_seats(out, pool);
    print_access(out, pool);
    for (size_t i = 0; i < pool->limit_count; i++)
        print_limit(out, &pool->limits[i]);
    for (size_t i = 0; i < pool->reserve_count; i++)
        print_reserve(out, &pool->reserves[i]);
    print_share(out, &pool->share);
    print_priority(out, &pool->priority);
    print_holds(out, pool);
    print_rest(out, pool);
}

void rules_print(const struct rules *rules, FILE *out)
{
    const struct pools_config *config = rules_pools(rules);

    for (size_t i = 0; i < config->group_count; i++) {
        print_place(out, &config->groups[i].at);
        fprintf(out, "%s: ", config->groups[i].name);
        print_list(out, &config->groups[i].users);
        fputs("\n", out);
    }
    for (size_t i = 0; i < config->pool_count; i++)
        print_pool(out, &config->pools[i]);
    if (config->refuse_unknown)
        fputs("# names that no pool has are refused\n", out);
}
