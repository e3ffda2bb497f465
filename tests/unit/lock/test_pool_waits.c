/* The longest waits that lockerd.conf(5) states, with an adversary who makes them as long as he
 * can: all that he does is allowed, and he gives each seat back when he must at the latest. Must
 * not look at averages, nor at a clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "pool_siege.h"

enum { TRIES = 1000, SLOW_TRIES = 40, HOLD_MS = SIEGE_HOLD * SIEGE_TICK_MS };

static int64_t divide_up(int64_t a, int64_t b)
{
    return (a + b - 1) / b;
}

/* Seats that are neither reserved for others nor in use elsewhere. */
static int64_t seats_of(const struct siege *siege)
{
    int64_t seats = (int64_t)siege->pool.seats - siege->outside;

    for (size_t i = 0; i < siege->pool.reserve_count; i++)
        seats -= siege->pool.reserves[i].seats;
    return seats;
}

static int64_t weight_of(const struct siege *siege, const char *project)
{
    for (size_t i = 0; i < siege->pool.share.weight_count; i++)
        if (siege->pool.share.weights[i].of == project)
            return siege->pool.share.weights[i].weight;
    return siege->pool.share.others;
}

/* H x q / N, rounded up. */
static int64_t by_tickets(const struct siege *siege, const struct siege_queue *queue)
{
    return SIEGE_HOLD * divide_up(queue->all + queue->overtook, seats_of(siege));
}

static int64_t by_shares(const struct siege *siege, const struct siege_queue *queue)
{
    int64_t own = weight_of(siege, siege->players[0].project), all = 0, seats = seats_of(siege);

    for (int i = 0; i < siege->player_count; i++)
        all += weight_of(siege, siege->players[i].project);
    if (seats * own >= all)
        return SIEGE_HOLD * (1 + divide_up(queue->own, seats * own / all));
    return SIEGE_HOLD * (siege->player_count - 1) + SIEGE_HOLD * queue->own * all / (seats * own);
}

static int64_t by_limit(const struct siege *siege, const struct siege_queue *queue)
{
    return SIEGE_HOLD * divide_up(queue->own, siege->pool.limits[0].each);
}

static int64_t one_hold(const struct siege *siege, const struct siege_queue *queue)
{
    (void)siege;
    (void)queue;
    return SIEGE_HOLD;
}

/* The adversary comes near enough to the bound for the bound to mean something. */
static void besiege(const struct siege *siege, int at_least_percent)
{
    int tries = getenv("FARMLOCK_SLOW") != NULL ? SLOW_TRIES : TRIES, worst = 0;

    for (uint64_t seed = 1; seed <= 3; seed++) {
        int percent = siege_worst(siege, seed, tries);

        worst = percent > worst ? percent : worst;
    }
    if (tries == TRIES)
        assert_true(worst >= at_least_percent && worst <= 100);
}

static void without_rules_one_waits_for_those_before(void **state)
{
    struct siege siege = {
        .name = "no rules",
        .pool = {.name = "p", .seats = 3, .hold_limit_ms = HOLD_MS},
        .players = {{"v", NULL, 0, 0}, {"a", NULL, 0, 0}, {"b", NULL, 0, 0}},
        .player_count = 3,
        .bound = by_tickets,
    };

    (void)state;
    besiege(&siege, 90);
    siege.name = "no rules, one seat";
    siege.pool.seats = 1;
    besiege(&siege, 90);
}

static void seats_of_others_do_not_count(void **state)
{
    static const char *const owners[] = {"r"};
    const struct pool_reserve reserve = {.seats = 2, .who.users = {owners, 1}};
    const struct siege siege = {
        .name = "reserve and outside",
        .pool = {.name = "p",
                 .seats = 5,
                 .hold_limit_ms = HOLD_MS,
                 .reserves = &reserve,
                 .reserve_count = 1,
                 .outside_most = 1},
        .players = {{"v", NULL, 0, 0}, {"a", NULL, 0, 0}, {"r", NULL, 0, 0}},
        .player_count = 3,
        .outside = 1,
        .bound = by_tickets,
    };

    (void)state;
    besiege(&siege, 80);
}

static void with_a_share_of_a_seat_or_more(void **state)
{
    static const struct pool_weight weights[] = {{"v", 2}, {"a", 1}, {"b", 1}};
    struct siege siege = {
        .name = "two of four seats",
        .pool = {.name = "p",
                 .seats = 4,
                 .hold_limit_ms = HOLD_MS,
                 .share = {true, POOL_BY_PROJECT, weights, 3, 1, {NULL, 0}}},
        .players = {{"v", "v", 0, 0}, {"a", "a", 0, 0}, {"b", "b", 0, 0}},
        .player_count = 3,
        .bound = by_shares,
    };

    (void)state;
    besiege(&siege, 55);
    siege.name = "two and a half of five seats";
    siege.pool.seats = 5;
    besiege(&siege, 55);
    siege.name = "one of two seats";
    siege.pool.seats = 2;
    besiege(&siege, 55);
}

static void with_a_share_of_less_than_a_seat(void **state)
{
    static const struct pool_weight weights[] = {{"v", 1}, {"a", 2}, {"b", 3},
                                                 {"c", 1}, {"d", 1}, {"e", 6}};
    struct siege siege = {
        .name = "an eighth of one seat",
        .pool = {.name = "p",
                 .seats = 1,
                 .hold_limit_ms = HOLD_MS,
                 .share = {true, POOL_BY_PROJECT, weights, 6, 1, {NULL, 0}}},
        .players = {{"v", "v", 0, 0},
                    {"a", "a", 0, 0},
                    {"b", "b", 0, 0},
                    {"c", "c", 0, 0},
                    {"d", "d", 0, 0}},
        .player_count = 5,
        .bound = by_shares,
    };

    (void)state;
    besiege(&siege, 45);
    siege.name = "three eighths of a seat";
    siege.pool.seats = 3;
    besiege(&siege, 45);
    siege.name = "three fourteenths of a seat";
    siege.player_count = 6;
    siege.players[5] = (struct siege_player){"e", "e", 0, 0};
    siege.pool.seats = 3;
    besiege(&siege, 45);
}

static void with_a_great_weight_among_small_ones(void **state)
{
    static const struct pool_weight weights[] = {{"v", 10}};
    struct siege siege = {
        .name = "ten fifteenths of four seats",
        .pool = {.name = "p",
                 .seats = 4,
                 .hold_limit_ms = HOLD_MS,
                 .share = {true, POOL_BY_PROJECT, weights, 1, 1, {NULL, 0}}},
        .players = {{"v", "v", 0, 0},
                    {"a", "a", 0, 0},
                    {"b", "b", 0, 0},
                    {"c", "c", 0, 0},
                    {"d", "d", 0, 0},
                    {"e", "e", 0, 0}},
        .player_count = 6,
        .bound = by_shares,
    };

    (void)state;
    besiege(&siege, 45);
    siege.name = "one fifteenth of four seats";
    siege.players[0] = (struct siege_player){"a", "a", 0, 0};
    siege.players[1] = (struct siege_player){"v", "v", 0, 0};
    besiege(&siege, 30);
}

static void at_a_limit_one_waits_for_those_it_counts(void **state)
{
    static const char *const others[] = {"others"};
    const struct pool_limit limits[] = {{.by = POOL_BY_USER, .each = 2},
                                        {.by = POOL_BY_PROJECT, .of = {others, 1}, .together = 4}};
    const struct siege siege = {
        .name = "a limit of two",
        .pool =
            {.name = "p", .seats = 6, .hold_limit_ms = HOLD_MS, .limits = limits, .limit_count = 2},
        .players = {{"v", "mine", 0, 0},
                    {"a", "others", 0, 0},
                    {"b", "others", 0, 0},
                    {"c", "others", 0, 0}},
        .player_count = 4,
        .bound = by_limit,
    };

    (void)state;
    besiege(&siege, 90);
}

static void nobody_overtakes_who_came_a_head_start_later(void **state)
{
    const struct pool_head_start most = {.most = 3};
    const struct siege siege = {
        .name = "a head start of six ticks",
        .pool = {.name = "p",
                 .seats = 2,
                 .hold_limit_ms = HOLD_MS,
                 .priority = {2 * SIEGE_TICK_MS, &most, 1, {NULL, 0}}},
        .players = {{"v", NULL, 0, 0}, {"a", NULL, 3, 0}, {"b", NULL, 1, 0}},
        .player_count = 3,
        .latest_to_pass_ms = 6 * SIEGE_TICK_MS,
        .bound = by_tickets,
    };

    (void)state;
    besiege(&siege, 90);
}

/* It came last of all, but nobody stands before it. */
static void all_seats_are_collected_within_one_hold(void **state)
{
    static const char *const users[] = {"v"};
    const struct pool_head_start most = {.users = {users, 1}, .most = 1000};
    const struct siege siege = {
        .name = "all four seats at once",
        .pool = {.name = "p",
                 .seats = 4,
                 .hold_limit_ms = HOLD_MS,
                 .priority = {100 * HOLD_MS, &most, 1, {NULL, 0}}},
        .players = {{"v", NULL, 1000, 0}, {"a", NULL, 0, 0}, {"b", NULL, 0, 0}},
        .player_count = 3,
        .is_alone = true,
        .wants = 4,
        .bound = one_hold,
    };

    (void)state;
    besiege(&siege, 90);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_rules_one_waits_for_those_before),
        cmocka_unit_test(seats_of_others_do_not_count),
        cmocka_unit_test(with_a_share_of_a_seat_or_more),
        cmocka_unit_test(with_a_share_of_less_than_a_seat),
        cmocka_unit_test(with_a_great_weight_among_small_ones),
        cmocka_unit_test(at_a_limit_one_waits_for_those_it_counts),
        cmocka_unit_test(nobody_overtakes_who_came_a_head_start_later),
        cmocka_unit_test(all_seats_are_collected_within_one_hold),
    };

    return cmocka_run_group_tests_name("pool waits", tests, NULL, NULL);
}
