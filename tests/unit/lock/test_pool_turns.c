/* Turns that projects take, in virtual time: what each has of the seats while all want more.
 * Must not look at a clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "lock/pools.h"

enum { PROJECTS = 12, SEATS_MOST = 50, QUEUE = 60, TICK_MS = 1000 };

static const char *const names[PROJECTS] = {"a", "b", "c", "d", "e", "f",
                                            "g", "h", "i", "j", "k", "l"};

/* Projects that always want more, and how many ticks each holds a seat. */
struct farm {
    struct lock_table *table;
    int project_count, tick, owner_count;
    int hold[PROJECTS]; /* 0: it wants nothing for now */
    int waiting[PROJECTS];
    int64_t use[PROJECTS]; /* seats x ticks */
};

static int project_of(const struct lock_request *request)
{
    return request->process->project[0] - 'a';
}

static void on_event(void *context, const struct lock_event *event)
{
    struct farm *farm = context;

    if (event->kind == LOCK_EVENT_GRANTED)
        farm->waiting[project_of(event->request)]--;
}

static void begin(struct farm *farm, const struct pools_config *config, int project_count)
{
    *farm = (struct farm){.project_count = project_count};
    farm->table = lock_table_create(on_event, farm);
    assert_non_null(farm->table);
    assert_int_equal(lock_table_set_pools(farm->table, config, 0), 0);
}

static void ask(struct farm *farm, int project)
{
    static const char *const pool[] = {"p"};
    const struct lock_group group = {.names = pool, .name_count = 1, .count = 1};
    char owner[16];
    const struct lock_ask ask = {.owner = owner,
                                 .groups = &group,
                                 .group_count = 1,
                                 .project = names[project],
                                 .wait = true};

    snprintf(owner, sizeof owner, "%d", farm->owner_count++);
    farm->waiting[project]++;
    assert_non_null(lock_table_request(farm->table, &ask, (int64_t)farm->tick * TICK_MS).request);
}

/* Whose job is over; a tick in which a project has other jobs than before ends those that were. */
static void end_jobs(struct farm *farm)
{
    struct lock_request *over[SEATS_MOST];
    const struct lock_seat *seat = NULL;
    int count = 0;

    while ((seat = lock_table_next_held(farm->table, seat)) != NULL) {
        int64_t held = (int64_t)farm->tick * TICK_MS - seat->request->granted_ms;

        if (held >= (int64_t)farm->hold[project_of(seat->request)] * TICK_MS)
            over[count++] = seat->request;
    }
    for (int i = 0; i < count; i++)
        lock_table_end(farm->table, over[i], LOCK_REASON_UNLOCK, (int64_t)farm->tick * TICK_MS);
}

static void run(struct farm *farm, int ticks)
{
    while (ticks-- > 0) {
        const struct lock_seat *seat = NULL;

        farm->tick++;
        end_jobs(farm);
        for (int i = 0; i < farm->project_count; i++)
            while (farm->hold[i] > 0 && farm->waiting[i] < QUEUE)
                ask(farm, i);
        while ((seat = lock_table_next_held(farm->table, seat)) != NULL)
            farm->use[project_of(seat->request)]++;
    }
}

static void forget_use(struct farm *farm)
{
    for (int i = 0; i < PROJECTS; i++)
        farm->use[i] = 0;
}

/* What it had of all the seats, in thousandths. */
static int64_t part_of(const struct farm *farm, int project)
{
    int64_t all = 0;

    for (int i = 0; i < PROJECTS; i++)
        all += farm->use[i];
    return farm->use[project] * 1000 / all;
}

static struct pool_config four_projects(uint32_t seats)
{
    static const struct pool_weight weights[] = {{"a", 4}, {"b", 3}, {"c", 2}, {"d", 1}};

    return (struct pool_config){
        .name = "p",
        .seats = seats,
        .share = {true, POOL_BY_PROJECT, weights, 4, 1, {NULL, 0}},
    };
}

static void expect_parts(struct farm *farm, const int parts[4], int most_off)
{
    for (int i = 0; i < 4; i++) {
        print_message("# %s has %d of 1000\n", names[i], (int)part_of(farm, i));
        assert_true(part_of(farm, i) >= parts[i] - most_off);
        assert_true(part_of(farm, i) <= parts[i] + most_off);
    }
}

static void seats_are_shared_by_weight(void **state)
{
    static const int parts[] = {400, 300, 200, 100};
    const struct pool_config pool = four_projects(50);
    const struct pools_config config = {.pools = &pool, .pool_count = 1};
    struct farm farm;

    (void)state;
    begin(&farm, &config, 4);
    for (int i = 0; i < 4; i++)
        farm.hold[i] = 7 + i;
    run(&farm, 100);
    forget_use(&farm);
    run(&farm, 2000);
    expect_parts(&farm, parts, 10);
    /* Also when one of them has jobs that are ten times as long. */
    farm.hold[3] = 100;
    run(&farm, 300);
    forget_use(&farm);
    run(&farm, 2000);
    expect_parts(&farm, parts, 10);
    lock_table_destroy(farm.table);
}

static void one_seat_is_shared_by_turns(void **state)
{
    static const int parts[] = {400, 300, 200, 100};
    const struct pool_config pool = four_projects(1);
    const struct pools_config config = {.pools = &pool, .pool_count = 1};
    struct farm farm;

    (void)state;
    begin(&farm, &config, 4);
    for (int i = 0; i < 4; i++)
        farm.hold[i] = 5;
    run(&farm, 5000);
    expect_parts(&farm, parts, 10);
    lock_table_destroy(farm.table);
}

static void what_one_does_not_want_the_others_have(void **state)
{
    static const int parts[] = {0, 500, 333, 167};
    const struct pool_config pool = four_projects(50);
    const struct pools_config config = {.pools = &pool, .pool_count = 1};
    struct farm farm;

    (void)state;
    begin(&farm, &config, 4);
    for (int i = 1; i < 4; i++)
        farm.hold[i] = 5;
    run(&farm, 100);
    forget_use(&farm);
    run(&farm, 1000);
    expect_parts(&farm, parts, 15);
    lock_table_destroy(farm.table);
}

/* Nine hold long, and meanwhile three take many short turns of the tenth seat; when all hold the
 * same time again, the nine have no older right to a turn. */
static void who_holds_long_saves_up_no_turns(void **state)
{
    const struct pool_config pool = {
        .name = "p", .seats = 10, .share = {true, POOL_BY_PROJECT, NULL, 0, 1, {NULL, 0}}};
    const struct pools_config config = {.pools = &pool, .pool_count = 1};
    struct farm farm;

    (void)state;
    begin(&farm, &config, PROJECTS);
    for (int i = 0; i < PROJECTS; i++)
        farm.hold[i] = 1;
    run(&farm, 10);
    for (int i = 0; i < 9; i++)
        farm.hold[i] = 2000;
    run(&farm, 1000);
    for (int i = 0; i < PROJECTS; i++)
        farm.hold[i] = 10;
    forget_use(&farm);
    run(&farm, 500);
    for (int i = 0; i < PROJECTS; i++) {
        print_message("# %s has %d of 1000\n", names[i], (int)part_of(&farm, i));
        assert_true(part_of(&farm, i) >= 70 && part_of(&farm, i) <= 97);
    }
    lock_table_destroy(farm.table);
}

/* Ten of twenty-one parts are nearly five seats of ten; each of the others has less than one. */
static void a_weight_counts_beside_many_small_ones(void **state)
{
    static const struct pool_weight weights[] = {{"a", 10}};
    const struct pool_config pool = {
        .name = "p", .seats = 10, .share = {true, POOL_BY_PROJECT, weights, 1, 1, {NULL, 0}}};
    const struct pools_config config = {.pools = &pool, .pool_count = 1};
    struct farm farm;

    (void)state;
    begin(&farm, &config, PROJECTS);
    for (int i = 0; i < PROJECTS; i++)
        farm.hold[i] = 3 + i % 4;
    run(&farm, 100);
    forget_use(&farm);
    run(&farm, 2000);
    for (int i = 0; i < PROJECTS; i++)
        print_message("# %s has %d of 1000\n", names[i], (int)part_of(&farm, i));
    assert_true(part_of(&farm, 0) >= 400 && part_of(&farm, 0) <= 500);
    for (int i = 1; i < PROJECTS; i++)
        assert_true(part_of(&farm, i) >= 25 && part_of(&farm, i) <= 100);
    lock_table_destroy(farm.table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seats_are_shared_by_weight),
        cmocka_unit_test(one_seat_is_shared_by_turns),
        cmocka_unit_test(what_one_does_not_want_the_others_have),
        cmocka_unit_test(who_holds_long_saves_up_no_turns),
        cmocka_unit_test(a_weight_counts_beside_many_small_ones),
    };

    return cmocka_run_group_tests_name("pool turns", tests, NULL, NULL);
}
