/* What the steps of a pool with all rules cost as its queue grows, in basic blocks run: built as
 * test_lock_table_cost.c is.
 * Must not look at a clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lock/pools.h"
#include "lock_slices.h"
#include "tests/unit/support/block_costs.h"

/* As there: O(log n) from 1,000 to 100,000 grows by 1.7, anything linear by a hundred. */
enum { SMALL = 1000, MIDDLE = 10000, LARGE = 100000, MOST_GROWTH = 3, REPEATS = 40 };
enum { TEXT = 32, SEATS = 2000, OUTSIDE = 5, MANY = 8, HOG = 1 };

static const char *const projects[] = {"chip", "core", "ci", "it"};

/* A queue, with a user for ten that wait. */
struct crowd {
    struct lock_table *table;
    size_t size, user_count, granted;
    int64_t now_ms;
};

static void on_event(void *context, const struct lock_event *event)
{
    struct crowd *crowd = context;

    crowd->granted += event->kind == LOCK_EVENT_GRANTED;
}

/* Every tenth wants several seats, and a third are of one user, who has as many as he may. */
static struct lock_result ask(struct crowd *crowd, size_t i, bool wait)
{
    static const char *const names[] = {"vcs"};
    const struct lock_group group = {
        .names = names, .name_count = 1, .count = i % 10 == 9 ? MANY : 1};
    char owner[TEXT], user[TEXT], host[TEXT], job[TEXT];
    const struct lock_ask ask = {
        .owner = owner,
        .groups = &group,
        .group_count = 1,
        .user = user,
        .host = host,
        .job = job,
        .pid = i + 1,
        .project = projects[i % 4],
        .priority = (int32_t)(i % 3),
        .wait = wait,
    };

    snprintf(owner, TEXT, "owner%06zu", i);
    snprintf(user, TEXT, "user%06zu", i % 3 == 0 ? HOG : i * 7919 % crowd->user_count);
    snprintf(host, TEXT, "host%06zu", i % 500);
    snprintf(job, TEXT, "job%06zu", i / 4);
    return lock_table_request(crowd->table, &ask, crowd->now_ms++);
}

static void crowd_init(struct crowd *crowd, const struct pools_config *config, size_t size)
{
    *crowd = (struct crowd){.size = size, .user_count = size / 10, .now_ms = 1};
    crowd->table = lock_table_create(on_event, crowd);
    assert_non_null(crowd->table);
    assert_int_equal(lock_table_set_pools(crowd->table, config, 0), 0);
    assert_true(lock_table_set_outside(crowd->table, "vcs", OUTSIDE, 0));
    for (size_t i = 0; i < size + 2 * SEATS; i++)
        assert_non_null(ask(crowd, i, true).request);
    assert_true(lock_table_waiter_count(crowd->table) > size / 2);
}

/* Scattered. */
static struct lock_request *waiter(struct crowd *crowd, size_t i)
{
    uint64_t ticket = 2 * SEATS + crowd->size / 4 + i * (crowd->size / 2 / REPEATS);
    struct lock_request *request = lock_table_waiter_behind(crowd->table, ticket);

    assert_non_null(request);
    return request;
}

typedef void step_fn(struct crowd *crowd, size_t i);

static void hand_over(struct crowd *crowd, size_t i)
{
    const struct lock_seat *seat = lock_table_held_behind(crowd->table, "vcs1", 0);

    (void)i;
    assert_non_null(seat);
    lock_table_end(crowd->table, seat->request, LOCK_REASON_UNLOCK, crowd->now_ms);
}

static void queue_up_and_hang_up(struct crowd *crowd, size_t i)
{
    struct lock_result result = ask(crowd, 2 * crowd->size + 2 * SEATS + i, true);

    assert_int_equal(result.outcome, LOCK_OUTCOME_QUEUED);
    lock_table_end(crowd->table, result.request, LOCK_REASON_GONE, crowd->now_ms);
}

static void be_refused(struct crowd *crowd, size_t i)
{
    assert_int_equal(ask(crowd, 2 * crowd->size + 2 * SEATS + i, false).outcome,
                     LOCK_OUTCOME_REFUSED);
}

static void leave_the_middle(struct crowd *crowd, size_t i)
{
    lock_table_end(crowd->table, waiter(crowd, i), LOCK_REASON_GONE, crowd->now_ms);
}

static void go_and_come_back(struct crowd *crowd, size_t i)
{
    struct lock_request *request = waiter(crowd, i);

    lock_table_set_present(crowd->table, request, false, crowd->now_ms);
    lock_table_set_present(crowd->table, request, true, crowd->now_ms);
}

static void leave_for_a_while(struct crowd *crowd, size_t i)
{
    struct lock_request *request = waiter(crowd, i);

    if (!lock_table_set_away(crowd->table, request, crowd->now_ms))
        return;
    lock_table_set_present(crowd->table, request, true, crowd->now_ms);
}

static void ask_why(struct crowd *crowd, size_t i)
{
    const struct lock_request *request = waiter(crowd, i);
    struct lock_reason_to_wait reason;

    assert_true(lock_table_position(crowd->table, request) > 0);
    lock_table_explain(crowd->table, request, &reason);
    assert_true(reason.of > 0);
}

static void end_a_job(struct crowd *crowd, size_t i)
{
    char job[64];

    snprintf(job, sizeof job, "%s", waiter(crowd, i)->process->job); /* which ends with it */
    assert_true(slices_end_job(crowd->table, job, SIZE_MAX, crowd->now_ms) > 0);
}

static const struct {
    const char *name;
    step_fn *step;
} steps[] = {
    {"a handover", hand_over},
    {"queueing up and hanging up", queue_up_and_hang_up},
    {"being refused", be_refused},
    {"going and coming back", go_and_come_back},
    {"being away and coming back", leave_for_a_while},
    {"position and why", ask_why},
    {"leaving the middle of the queue", leave_the_middle},
    {"a job that ends", end_a_job},
};

enum { STEPS = sizeof steps / sizeof *steps };

static void take_step(void *crowd, size_t step, size_t repeat)
{
    steps[step].step(crowd, repeat);
}

static void measure(const struct pools_config *config, size_t size, uint64_t costs[STEPS])
{
    struct crowd crowd;

    crowd_init(&crowd, config, size);
    block_costs_measure(take_step, &crowd, STEPS, REPEATS, costs);
    lock_table_destroy(crowd.table);
}

static void expect_logarithms(const char *what, const struct pool_config *pool)
{
    const struct pools_config config = {.pools = pool, .pool_count = 1};
    bool slow = getenv("FARMLOCK_SLOW") != NULL;
    const size_t sizes[] = {SMALL, MIDDLE, slow ? MIDDLE : LARGE};
    uint64_t costs[3][STEPS];

    for (int k = 0; k < 3; k++)
        measure(&config, sizes[k], costs[k]);
    for (size_t s = 0; s < STEPS; s++) {
        const uint64_t of_step[] = {costs[0][s], costs[1][s], costs[2][s]};
        char name[128];

        snprintf(name, sizeof name, "%s, %s", what, steps[s].name);
        block_costs_expect(name, of_step, sizes, MOST_GROWTH);
    }
}

static const char *const some_projects[] = {"it"}, *const owners[] = {"user000007"};
static const struct pool_limit limits[] = {
    {.by = POOL_BY_JOB, .each = 20},
    {.by = POOL_BY_USER, .each = 100},
    {.by = POOL_BY_HOST, .each = 1000},
    {.by = POOL_BY_PROJECT, .each = 1500},
    {.by = POOL_BY_PROJECT, .of = {some_projects, 1}, .together = 400},
};
static const struct pool_head_start most = {.most = 2};
static const struct pool_reserve reserves[] = {
    {.seats = 10, .who.users = {owners, 1}},
    {.seats = 20, .who.projects = {some_projects, 1}},
};

static struct pool_config all_rules(enum pool_by turns, bool keeps_room)
{
    return (struct pool_config){
        .name = "vcs",
        .seats = SEATS,
        .limits = limits,
        .limit_count = 5,
        .share = {true, turns, NULL, 0, 1, {NULL, 0}},
        .priority = {1000, &most, 1, {NULL, 0}},
        .reserves = reserves,
        .reserve_count = keeps_room ? 2 : 0,
        .outside_most = keeps_room ? OUTSIDE : 0,
    };
}

static void users_take_turns(void **state)
{
    const struct pool_config pool = all_rules(POOL_BY_USER, false);

    (void)state;
    expect_logarithms("turns of users", &pool);
}

static void seats_are_reserved_and_outside(void **state)
{
    const struct pool_config pool = all_rules(POOL_BY_PROJECT, true);

    (void)state;
    expect_logarithms("seats kept", &pool);
}

static void there_are_no_rules(void **state)
{
    const struct pool_config pool = {.name = "vcs", .seats = SEATS, .outside_most = OUTSIDE};

    (void)state;
    expect_logarithms("no rules", &pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(users_take_turns),
        cmocka_unit_test(seats_are_reserved_and_outside),
        cmocka_unit_test(there_are_no_rules),
    };

    return cmocka_run_group_tests_name("pool cost", tests, NULL, NULL);
}
