/* A pool under siege: plays strings of decisions, and looks for bad ones.
 * Must not know how the table decides: only when it grants. */
#include "pool_siege.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lock_operation.h"

enum { WAITING_MOST = 5, OWNERS_MOST = 4096, CHANGES_MOST = 6, FRESH_ONE_IN = 20 };

struct play {
    const struct siege *siege;
    struct lock_table *table;
    const uint8_t *decisions;
    int next, tick, asked_tick, owner_count;
    uint64_t victim; /* its ticket */
    bool is_served;
    struct siege_queue queue;
    int player_of[OWNERS_MOST];
    uint32_t waiting[SIEGE_PLAYERS];
};

struct outcome {
    int64_t wait, bound;
    struct siege_queue queue;
};

static int decide(struct play *play, int below)
{
    return play->next < SIEGE_DECISIONS ? play->decisions[play->next++] % below : 0;
}

static int player_of(const struct play *play, const struct lock_request *request)
{
    int owner = 0;

    assert_int_equal(sscanf(request->owner, "%d", &owner), 1);
    return play->player_of[owner];
}

static void on_event(void *context, const struct lock_event *event)
{
    struct play *play = context;

    if (event->kind == LOCK_EVENT_GRANTED)
        play->waiting[player_of(play, event->request)]--;
    if (event->kind != LOCK_EVENT_GRANTED || play->victim == 0)
        return;
    if (event->request->ticket == play->victim) {
        play->is_served = true;
    } else if (!play->is_served && event->request->ticket > play->victim) {
        play->queue.overtook++;
        if (play->siege->latest_to_pass_ms > 0 &&
            event->request->asked_ms >
                (int64_t)play->asked_tick * SIEGE_TICK_MS + play->siege->latest_to_pass_ms)
            fail_msg("%s: one that came %" PRId64 " ms later was served before", play->siege->name,
                     event->request->asked_ms - (int64_t)play->asked_tick * SIEGE_TICK_MS);
    }
}

static struct lock_request *ask(struct play *play, int player, uint32_t count)
{
    const struct siege_player *who = &play->siege->players[player];
    const char *names[] = {play->siege->pool.name};
    const struct lock_group group = {.names = names, .name_count = 1, .count = count};
    char owner[32];
    const struct lock_ask ask = {
        .owner = owner,
        .groups = &group,
        .group_count = 1,
        .user = who->user,
        .project = who->project,
        .priority = who->priority,
        .wait = true,
    };
    struct lock_result result;

    assert_true(play->owner_count < OWNERS_MOST);
    play->player_of[play->owner_count] = player;
    play->waiting[player]++;
    snprintf(owner, sizeof owner, "%d", play->owner_count++);
    result = lock_table_request(play->table, &ask, (int64_t)play->tick * SIEGE_TICK_MS);
    assert_true(result.outcome == LOCK_OUTCOME_GRANTED || result.outcome == LOCK_OUTCOME_QUEUED);
    return result.request;
}

/* Some give back before they have to. */
static void give_back_early(struct play *play)
{
    struct lock_request *early[64];
    const struct lock_seat *seat = NULL;
    int count = 0;

    while ((seat = lock_table_next_held(play->table, seat)) != NULL) {
        bool is_known = false;

        for (int i = 0; i < count; i++)
            is_known |= early[i] == seat->request;
        if (!is_known && count < 64 && decide(play, 8) == 7)
            early[count++] = seat->request;
    }
    while (count-- > 0)
        lock_table_end(play->table, early[count], LOCK_REASON_UNLOCK,
                       (int64_t)play->tick * SIEGE_TICK_MS);
}

static void ask_for_more(struct play *play)
{
    for (int i = play->siege->is_alone; i < play->siege->player_count; i++) {
        int player = i, count = decide(play, 4) - 1;

        while (count-- > 0 && play->waiting[player] < WAITING_MOST) {
            uint32_t most = play->siege->players[player].most;

            ask(play, player, most > 1 ? 1 + (uint32_t)decide(play, (int)most) : 1);
        }
    }
}

static void do_tick(struct play *play)
{
    play->tick++;
    lock_table_expire(play->table, (int64_t)play->tick * SIEGE_TICK_MS);
    if (decide(play, 2) == 0)
        ask_for_more(play);
    give_back_early(play);
    if (decide(play, 2) == 0)
        ask_for_more(play);
}

static void ask_as_victim(struct play *play)
{
    struct lock_request *request;

    play->asked_tick = play->tick;
    for (int i = 0; i < SIEGE_PLAYERS; i++)
        play->queue.all += play->waiting[i];
    play->queue.all++;
    play->queue.own = play->waiting[0] + 1;
    request = ask(play, 0, play->siege->wants > 0 ? play->siege->wants : 1);
    play->is_served = request->state == LOCK_HELD;
    play->victim = request->ticket;
}

/* Ends soon behind the bound. */
static struct outcome run(const struct siege *siege, const uint8_t *decisions)
{
    static struct play play;
    const struct pools_config config = {.pools = &siege->pool, .pool_count = 1};
    struct outcome outcome;

    play = (struct play){.siege = siege, .decisions = decisions};
    play.table = lock_table_create(on_event, &play);
    assert_non_null(play.table);
    assert_int_equal(lock_table_set_pools(play.table, &config, 0), 0);
    lock_table_set_outside(play.table, siege->pool.name, siege->outside, 0);
    for (int ticks = decide(&play, 3 * SIEGE_HOLD); ticks >= 0; ticks--)
        do_tick(&play);
    ask_as_victim(&play);
    while (!play.is_served && play.tick - play.asked_tick <= siege->bound(siege, &play.queue))
        do_tick(&play);
    outcome =
        (struct outcome){play.tick - play.asked_tick, siege->bound(siege, &play.queue), play.queue};
    lock_table_destroy(play.table);
    return outcome;
}

static void change(uint8_t *decisions, uint64_t *random)
{
    int changes = 1 + (int)play_random(random, CHANGES_MOST);

    if (play_random(random, FRESH_ONE_IN) == 0)
        changes = SIEGE_DECISIONS;
    while (changes-- > 0)
        decisions[play_random(random, SIEGE_DECISIONS / 2)] = (uint8_t)play_random(random, 256);
}

int siege_worst(const struct siege *siege, uint64_t seed, int tries)
{
    static uint8_t best[SIEGE_DECISIONS], tried[SIEGE_DECISIONS];
    int64_t current = -1, worst = 0;
    struct outcome at_worst = {0};

    for (int i = 0; i < SIEGE_DECISIONS; i++)
        best[i] = (uint8_t)play_random(&seed, 256);
    for (int i = 0; i < tries; i++) {
        struct outcome outcome;
        int64_t part;

        memcpy(tried, best, sizeof tried);
        change(tried, &seed);
        outcome = run(siege, tried);
        if (outcome.wait > outcome.bound)
            fail_msg("%s: waits more than %" PRId64 " ticks behind %u, %u of them its own; %u came "
                     "later (try %d)",
                     siege->name, outcome.bound, outcome.queue.all, outcome.queue.own,
                     outcome.queue.overtook, i);
        part = outcome.bound > 0 ? outcome.wait * 1000 / outcome.bound : 0;
        /* Now and then another one is gone on with, that all do not end on one hill. */
        if (part < current && play_random(&seed, 50) > 0)
            continue;
        current = part;
        memcpy(best, tried, sizeof best);
        if (part > worst) {
            worst = part;
            at_worst = outcome;
        }
    }
    printf("# %s: at worst %" PRId64 " of %" PRId64 " ticks, behind %u, %u of them its own\n",
           siege->name, at_worst.wait, at_worst.bound, at_worst.queue.all, at_worst.queue.own);
    fflush(stdout);
    return (int)(worst / 10);
}
