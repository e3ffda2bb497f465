/* What a reload of the pools costs for each request that waits, in basic blocks run, as
 * test_lock_table_cost.c has them: all of it, and what is done in one piece, while nobody else is
 * answered.  Must not judge by a clock: a busy machine shows any time. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "lock/pools.h"
#include "lock/table.h"
#include "tests/unit/support/block_count.h"

/* A walk to one's place in a tree is log n; what a waiter costs may grow by no more than that, and
 * not to what asking anew would.  MOST_AT_ONCE of 50,000 are 5 to 15 ms of a quiet machine, and
 * nobody is to wait more than 50.  It is 165, and 215 where ASan keeps functions apart. */
enum { SMALL = 1000, LARGE = 50000, SLOW_LARGE = 25000 };
enum { MOST_GROWTH = 2, MOST_A_WAITER = 1400, MOST_UNTOUCHED = 250 };
enum { MOST_AT_ONCE = 250, SLICE = 50, MOST_A_SLICE = SLICE * 2000, SLICES_BEGUN = 1 };
enum { SEATS = 2000, TEXT = 32, START_MS = 1000, RELOAD_MS = 1000000 };

static const struct pool_weight weights[] = {{"p0", 4}, {"p1", 3}, {"p2", 2}, {"p3", 1}};
static const struct pool_limit limits[] = {{.by = POOL_BY_USER, .each = 2000},
                                           {.by = POOL_BY_PROJECT, .each = 1000},
                                           {.by = POOL_BY_HOST, .each = 4000}},
                               fewer[] = {{.by = POOL_BY_USER, .each = 1900},
                                          {.by = POOL_BY_PROJECT, .each = 1000},
                                          {.by = POOL_BY_HOST, .each = 4000}};
static const struct pool_config vcs = {
    .name = "vcs",
    .seats = SEATS,
    .limits = limits,
    .limit_count = 3,
    .share =
        {.is_set = true, .by = POOL_BY_PROJECT, .weights = weights, .weight_count = 4, .others = 1},
};

static void change_a_number(struct pool_config *pool)
{
    pool->limits = fewer;
}

static void add_seats(struct pool_config *pool)
{
    pool->seats = SEATS + 100;
}

static void change_a_weight(struct pool_config *pool)
{
    pool->share.others = 2;
}

static void share_by_user(struct pool_config *pool)
{
    pool->share.by = POOL_BY_USER;
}

static void drop_a_limit(struct pool_config *pool)
{
    pool->limit_count = 2;
}

static void drop_all_rules(struct pool_config *pool)
{
    pool->limit_count = 0;
    pool->share.is_set = false;
}

static void keep_room(struct pool_config *pool)
{
    pool->outside_most = 10;
}

static void change_nothing(struct pool_config *pool)
{
    (void)pool;
}

static const struct {
    const char *name;
    void (*change)(struct pool_config *pool);
    uint64_t most;
} changes[] = {
    {"a limit's number", change_a_number, MOST_A_WAITER},
    {"more seats", add_seats, MOST_A_WAITER},
    {"a weight", change_a_weight, MOST_A_WAITER},
    {"shares by user", share_by_user, MOST_A_WAITER},
    {"a limit less", drop_a_limit, MOST_A_WAITER},
    {"no rules", drop_all_rules, MOST_A_WAITER},
    {"seats outside", keep_room, MOST_A_WAITER},
    {"another pool only", change_nothing, MOST_UNTOUCHED},
};

enum { CHANGES = sizeof changes / sizeof *changes };

static void on_event(void *context, const struct lock_event *event)
{
    (void)context;
    (void)event;
}

static void ask(struct lock_table *table, size_t i, size_t users)
{
    static const char *const names[] = {"vcs"};
    const struct lock_group group = {.names = names, .name_count = 1, .count = 1};
    char owner[TEXT], user[TEXT], project[TEXT], host[TEXT];
    const struct lock_ask what = {.owner = owner,
                                  .groups = &group,
                                  .group_count = 1,
                                  .user = user,
                                  .project = project,
                                  .host = host,
                                  .pid = i + 1,
                                  .wait = true};

    snprintf(owner, TEXT, "h%zu_%zu", i * 7919 % 1000003, i); /* not in the order of tickets */
    snprintf(user, TEXT, "user%zu", i * 31 % users);
    snprintf(project, TEXT, "p%zu", i % 4);
    snprintf(host, TEXT, "host%zu", i % 100);
    lock_table_request(table, &what, START_MS + (int64_t)(i / 10));
}

struct cost {
    uint64_t all, at_once, slice; /* blocks: the last of the longest but the first */
    double at_once_ms;            /* CPU time, to be shown */
};

static double cpu_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* The first slice makes the pools' seats. */
static void prepare(struct lock_table *table, const struct pools_config *config, struct cost *cost)
{
    int is_more = 1;

    for (size_t slices = 0; is_more == 1; slices++) {
        uint64_t before = block_count();

        is_more = lock_table_prepare_pools(table, config, SLICE);
        before = block_count() - before;
        cost->all += before;
        if (slices >= SLICES_BEGUN && before > cost->slice)
            cost->slice = before;
    }
    assert_int_equal(is_more, 0);
}

static void tidy(struct lock_table *table, struct cost *cost)
{
    bool is_more = true;

    while (is_more) {
        uint64_t before = block_count();

        is_more = lock_table_tidy_pools(table, SLICE);
        cost->all += block_count() - before;
    }
}

static struct cost reload(struct lock_table *table, const struct pool_config *pool)
{
    /* The table keeps what it is given until the next. */
    static struct pool_config now[2][2];
    static struct pools_config config[2];
    static int turn;
    struct cost cost = {0};
    uint64_t before;

    turn = !turn;
    now[turn][0] = *pool;
    now[turn][1] = (struct pool_config){.name = "board", .seats = 4 + (uint32_t)turn};
    config[turn] = (struct pools_config){.pools = now[turn], .pool_count = 2};
    prepare(table, &config[turn], &cost);
    cost.at_once_ms = cpu_ms();
    before = block_count();
    assert_int_equal(lock_table_set_pools(table, &config[turn], RELOAD_MS), 0);
    cost.at_once = block_count() - before;
    cost.at_once_ms = cpu_ms() - cost.at_once_ms;
    cost.all += cost.at_once;
    tidy(table, &cost);
    return cost;
}

/* A reload has costs of its own too, for seats and holders. */
static void measure(size_t waiters, struct cost costs[CHANGES])
{
    struct lock_table *table = lock_table_create(on_event, NULL);

    assert_non_null(table);
    reload(table, &vcs);
    for (size_t i = 0; i < SEATS + waiters; i++)
        ask(table, i, waiters / 5);
    assert_true(lock_table_waiter_count(table) >= waiters);
    for (size_t c = 0; c < CHANGES; c++) {
        struct pool_config changed = vcs;

        changes[c].change(&changed);
        costs[c] = reload(table, &changed);
        reload(table, &vcs);
    }
    lock_table_destroy(table);
}

/* `what` is of a waiter among few, then among many. */
static void judge(const char *change, const char *what, uint64_t few, uint64_t many, uint64_t limit)
{
    printf("# %s, %s: %" PRIu64 " basic blocks for one waiter among %d, %" PRIu64 " among many\n",
           change, what, few, SMALL, many);
    fflush(stdout);
    assert_true(many <= limit);
    assert_true(many <= MOST_GROWTH * (few + 1) + 20);
}

static void a_reload_costs_each_waiter_little(void **state)
{
    size_t many = getenv("FARMLOCK_SLOW") != NULL ? SLOW_LARGE : LARGE;
    struct cost base[CHANGES], small[CHANGES], large[CHANGES];

    (void)state;
    measure(SMALL, base);
    measure(2 * SMALL, small);
    measure(many, large);
    for (size_t c = 0; c < CHANGES; c++) {
        assert_true(base[c].at_once > 0); /* else nothing was counted */
        judge(changes[c].name, "all", (small[c].all - base[c].all) / SMALL,
              (large[c].all - base[c].all) / (many - SMALL), changes[c].most);
        judge(changes[c].name, "at once", (small[c].at_once - base[c].at_once) / SMALL,
              (large[c].at_once - base[c].at_once) / (many - SMALL), MOST_AT_ONCE);
        printf("# %s: %" PRIu64 " basic blocks and %.1f ms at once, %" PRIu64
               " for the longest of the other slices\n",
               changes[c].name, large[c].at_once, large[c].at_once_ms, large[c].slice);
        assert_true(large[c].slice <= MOST_A_SLICE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reload_costs_each_waiter_little),
    };

    return cmocka_run_group_tests_name("pool reload cost", tests, NULL, NULL);
}
