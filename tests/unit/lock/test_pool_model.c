/* The lock table with pools and rules against its model: random operations, and reloads under them;
 * what can be seen is compared after each, and what must hold whatever the model says is checked.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/number.h"
#include "pool_play.h"

enum { NORMAL_OPS = 1000000, GAMES = 4, SLOW_OPS = 12000, DRAIN_EVERY = 700 };

/* All seats are in use, nobody is outside or absent: whoever waits must come to his turn, as those
 * that hold give back one by one. */
static void make_all_possible(struct pool_play *play)
{
    for (int pool = 0; pool < PM_POOLS; pool++) {
        pool_play_begin(play);
        snprintf(play->what, sizeof play->what, "drain: none outside");
        pm_set_outside(&play->model, pool, 0);
        lock_table_set_outside(play->table, pm_names[PM_POOL_NAMES + pool], 0, play->model.now_ms);
        pool_play_done(play);
    }
    for (int name = 0; name < PM_NAMES; name++) {
        pool_play_begin(play);
        snprintf(play->what, sizeof play->what, "drain: %s online", pm_names[name]);
        pm_set_offline(&play->model, name, false);
        lock_table_set_offline(play->table, pm_names[name], false, play->model.now_ms);
        pool_play_done(play);
    }
    for (int i = 0; i < play->model.request_count; i++) {
        uint64_t ticket = play->model.requests[i].ticket;
        struct lock_request *request = pool_play_find(play, ticket);

        if (request->state != LOCK_WAITING || request->present)
            continue;
        pool_play_begin(play);
        snprintf(play->what, sizeof play->what, "drain: %" PRIu64 " present", ticket);
        pm_set_present(&play->model, ticket, true);
        lock_table_set_present(play->table, request, true, play->model.now_ms);
        pool_play_done(play);
        i = -1;
    }
}

static bool is_aside(const struct pm_request *request)
{
    return request->state == LOCK_WAITING && request->stage == PM_ASIDE;
}

static void drain(struct pool_play *play)
{
    make_all_possible(play);
    for (;;) {
        uint64_t holders[PM_LIVE];
        uint64_t count = 0, waiting = 0;

        for (int i = 0; i < play->model.request_count; i++) {
            const struct pm_request *request = &play->model.requests[i];

            if (request->state == LOCK_HELD || is_aside(request))
                holders[count++] = request->ticket;
            else
                waiting++;
        }
        if (count == 0)
            EXPECT(play, waiting == 0); /* else nobody would ever move: a deadlock */
        if (count == 0)
            break;
        pool_play_begin(play);
        pool_play_end(play, holders[pool_play_choose(play, count)]);
        pool_play_done(play);
        play->drained++;
    }
    EXPECT(play, lock_table_name_count(play->table) == 0);
    EXPECT(play, lock_table_held_count(play->table) == 0);
    EXPECT(play, lock_table_waiter_count(play->table) == 0);
}

static void check_coverage(const struct pool_play *play, uint64_t ops)
{
    if (ops < SLOW_OPS)
        return;
    for (int kind = 0; kind <= LOCK_EVENT_KEPT; kind++)
        EXPECT(play, play->kinds[kind] > ops / 2000);
    EXPECT(play, play->model.robbed > ops / 5000);
    EXPECT(play, play->model.mended > ops / 20000);
    EXPECT(play, play->model.set_aside > ops / 2000);
    EXPECT(play, play->outcomes[LOCK_OUTCOME_RULE] > ops / 2000);
    EXPECT(play, play->outcomes[LOCK_OUTCOME_HAS_PART] > ops / 2000);
    EXPECT(play, play->outcomes[LOCK_OUTCOME_WAITS] > ops / 2000);
    EXPECT(play, play->outcomes[LOCK_OUTCOME_REFUSED] > ops / 2000);
    EXPECT(play, play->outcomes[LOCK_OUTCOME_SHARES] > ops / 2000);
    EXPECT(play, play->reloads > ops / 2000);
}

static uint64_t number_from(const char *variable, uint64_t normal)
{
    const char *text = getenv(variable);
    uint64_t value = normal;

    if (text != NULL && strcmp(text, "random") == 0)
        return ((uint64_t)time(NULL) << 20) ^ (uint64_t)getpid();
    if (text != NULL && number_parse(text, UINT64_MAX, &value) != 0)
        fail_msg("%s: %s is not a number", variable, text);
    return value;
}

static void play_one(uint64_t seed, uint64_t ops)
{
    static struct pool_play play;
    uint64_t next_drain = DRAIN_EVERY;

    memset(&play, 0, sizeof play);
    play.seed = play.random = seed;
    printf("# FARMLOCK_SEED=%" PRIu64 " FARMLOCK_OPS=%" PRIu64 "\n", play.seed, ops);
    fflush(stdout);
    pm_init(&play.model);
    play.table = lock_table_create(pool_play_record, &play);
    assert_non_null(play.table);
    pool_play_begin(&play);
    pool_play_declare(&play);
    while (play.step < ops) {
        pool_play_step(&play);
        if (play.step < next_drain)
            continue;
        drain(&play);
        next_drain = play.step + DRAIN_EVERY;
    }
    drain(&play);
    check_coverage(&play, ops);
    printf("# %" PRIu64 " reloads, %" PRIu64 " robbed, %" PRIu64 " mended, %" PRIu64
           " set aside, %" PRIu64 " drained\n",
           play.reloads, play.model.robbed, play.model.mended, play.model.set_aside, play.drained);
    lock_table_destroy(play.table);
}

/* Several games, as what one comes to may take another a hundred times as long. */
static void random_operations_match_the_model(void **state)
{
    uint64_t ops =
        number_from("FARMLOCK_OPS", getenv("FARMLOCK_SLOW") != NULL ? SLOW_OPS : NORMAL_OPS);
    uint64_t games = getenv("FARMLOCK_SEED") != NULL || ops < NORMAL_OPS ? 1 : GAMES;
    uint64_t first = number_from("FARMLOCK_SEED", 1);

    (void)state;
    for (uint64_t i = 0; i < games; i++)
        play_one(first + i, ops / games);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_operations_match_the_model),
    };

    return cmocka_run_group_tests_name("pool model", tests, NULL, NULL);
}
