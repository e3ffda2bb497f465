/* A lock table with pools and its model, played side by side. */
#ifndef FARMLOCK_POOL_PLAY_H
#define FARMLOCK_POOL_PLAY_H

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lock_operation.h"
#include "pool_model.h"

enum { RELOAD_ONE_IN = 60, EARLY_ONE_IN = 10 };

struct pool_play {
    struct lock_table *table;
    struct pool_model model, before; /* as it was before the step, without its events */
    uint64_t random, seed, step;
    struct pm_config configs[2];
    int current;
    bool is_chosen;     /* the other one is what the next reload has */
    bool is_reload;     /* this step */
    bool may_lose_room; /* in it, other than by what is granted */
    int event_count;
    struct pm_event events[PM_EVENTS];
    uint64_t outcomes[16], kinds[8], reloads, early, drained;
    char what[512];
};

#define EXPECT(play, condition)                                                               \
    do {                                                                                      \
        if (!(condition))                                                                     \
            fail_msg("FARMLOCK_SEED=%" PRIu64 " step %" PRIu64 ", %s: not so at line %d: %s", \
                     (play)->seed, (play)->step, (play)->what, __LINE__, #condition);         \
    } while (0)

/* The number of a name; -1 for none. */
int pool_play_number(const char *name);

uint64_t pool_play_choose(struct pool_play *play, uint64_t below);
void pool_play_record(void *context, const struct lock_event *event);
enum pm_stage pool_play_stage(const struct lock_request *request);
struct lock_request *pool_play_find(const struct pool_play *play, uint64_t ticket);

/* Begins a step, and ends it: what can be seen is compared, and what must hold is checked. */
void pool_play_begin(struct pool_play *play);
void pool_play_compare(struct pool_play *play);
void pool_play_check(struct pool_play *play);
void pool_play_done(struct pool_play *play);

/* Shows what stands, as comments; and the rules with it. */
void pool_play_show(const struct pool_play *play);
void pool_play_show_rules(struct pool_play *play);

/* One random operation on both; and some of them by themselves. */
void pool_play_step(struct pool_play *play);
void pool_play_declare(struct pool_play *play);
void pool_play_end(struct pool_play *play, uint64_t ticket);

#endif
