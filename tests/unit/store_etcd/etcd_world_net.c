/* Of a world: copies of questions and answers on their way.
 * Must not know what they say. */
#include <assert.h>
#include <stdlib.h>

#include "etcd_world.h"

enum {
    LOST_PERMILLE = 10,
    REPEATED_PERMILLE = 20,
    LATE_PERMILLE = 20,
    VERY_LATE_PERMILLE = 4,
    BROKEN_PERMILLE = 5,
    REFUSED_PERMILLE = 3,
    BEHIND_PERMILLE = 10,
    STALE_PERMILLE = 20,
    ALONE_PERMILLE = 500, /* what a member has by itself may be old */
    LATE_MS = 3000,
    VERY_LATE_MS = 15000,
};

/* How long something travels; copies that a socket kept come out in any order. */
static int64_t travel_ms(struct etcd_world *world)
{
    if (world->is_quiet)
        return 1;
    if (world_chance(world, VERY_LATE_PERMILLE))
        return world_between(world, 100, VERY_LATE_MS);
    if (world_chance(world, LATE_PERMILLE))
        return world_between(world, 10, LATE_MS);
    return world_between(world, 0, 4);
}

static bool is_lost(struct etcd_world *world, const struct world_member *member, bool is_cut)
{
    if (is_cut && world->now_ms < member->cut_until_ms)
        return true;
    return !world->is_quiet && world_chance(world, LOST_PERMILLE);
}

static void send_copy(struct world_member *member, const struct etcd_question *question,
                      bool is_refused)
{
    struct etcd_world *world = member->world;
    struct world_event copy = {
        .at_ms = world->now_ms + travel_ms(world),
        .kind = WORLD_ARRIVAL,
        .member = member->number,
        .life = member->life,
        .call = member->call,
        .method = question->method,
        .is_refused = is_refused,
    };

    buffer_add(&copy.bytes, question->request->data, question->request->len);
    world_schedule(world, copy);
}

/* The end that comes if no other does: a time-out, or sooner a connection that breaks. */
static void send_end(struct world_member *member, const struct etcd_question *question)
{
    struct etcd_world *world = member->world;
    int64_t after_ms = question->timeout_ms * 1000 / member->clock_permille;

    if (!world->is_quiet && world_chance(world, BROKEN_PERMILLE))
        after_ms = world_between(world, 0, after_ms);
    world_schedule(world, (struct world_event){
                              .at_ms = world->now_ms + after_ms,
                              .kind = WORLD_ANSWER,
                              .member = member->number,
                              .life = member->life,
                              .call = member->call,
                              .outcome = ETCD_UNKNOWN,
                          });
}

void world_net_send(struct world_member *member, const struct etcd_question *question)
{
    struct etcd_world *world = member->world;
    /* A call is refused as a whole: a network repeats what it was given, not what was refused. */
    bool is_refused = !world->is_quiet && world_chance(world, REFUSED_PERMILLE);
    int copies = !world->is_quiet && world_chance(world, REPEATED_PERMILLE) ? 2 : 1;

    member->call = ++world->calls;
    while (copies-- > 0) {
        if (!is_lost(world, member, member->cuts_questions))
            send_copy(member, question, is_refused);
    }
    send_end(member, question);
}

/* A member of etcd that is behind, or has no room, or does not like who asks. */
static bool refuse(struct etcd_world *world, const struct world_event *copy,
                   struct etcd_error *error)
{
    if (!world->is_quiet && copy->method == ETCD_RANGE && world_chance(world, BEHIND_PERMILLE)) {
        error->code = ETCD_CODE_OUT_OF_RANGE;
        return true;
    }
    error->code = ETCD_CODE_UNAUTHENTICATED;
    return copy->is_refused;
}

static enum etcd_outcome do_it(struct etcd_world *world, const struct world_event *copy,
                               struct buffer *response, struct etcd_error *error)
{
    enum etcd_outcome outcome;
    int64_t least = world->etcd.keys.compacted > 0 ? world->etcd.keys.compacted : 1;
    int64_t most = world->etcd.keys.revision - least;

    if (refuse(world, copy, error))
        return ETCD_REFUSED;
    if (!world->is_quiet && world_chance(world, STALE_PERMILLE))
        world->etcd.behind = world_between(world, 0, most < 50 ? most : 50);
    most -= world->etcd.behind;
    if (!world->is_quiet && world_chance(world, ALONE_PERMILLE))
        world->etcd.behind_alone = world_between(world, 0, most < 50 ? most : 50);
    world->etcd.is_full = world->now_ms < world->etcd_full_until_ms;
    outcome = etcd_model_call(&world->etcd, copy->method, &copy->bytes, response, error);
    world->etcd.behind = world->etcd.behind_alone = 0;
    /* One that is full may have done it, see caller.h; and another copy finds room. */
    if (outcome == ETCD_REFUSED && error->code == ETCD_CODE_EXHAUSTED)
        outcome = ETCD_UNKNOWN;
    if (copy->method == ETCD_COMPACT && outcome == ETCD_ANSWERED)
        world->counts.compactions++;
    return outcome;
}

/* One that is silent may do what it was asked when it is back. */
static bool waits_for_etcd(struct etcd_world *world, struct world_event *copy)
{
    if (world->now_ms >= world->etcd_silent_until_ms)
        return false;
    if (world_chance(world, 300)) {
        buffer_fini(&copy->bytes);
        return true;
    }
    copy->at_ms = world->etcd_silent_until_ms + world_between(world, 0, 50);
    world_schedule(world, *copy);
    return true;
}

void world_net_arrive(struct etcd_world *world, struct world_event *copy)
{
    struct world_member *member = &world->members[copy->member];
    struct etcd_error *error;
    struct world_event answer = *copy;

    if (waits_for_etcd(world, copy))
        return;
    error = calloc(1, sizeof *error);
    assert(error != NULL);
    answer.bytes = (struct buffer){0};
    answer.outcome = do_it(world, copy, &answer.bytes, error);
    buffer_fini(&copy->bytes);
    answer.kind = WORLD_ANSWER;
    answer.at_ms = world->now_ms + travel_ms(world);
    answer.error = error;
    if (is_lost(world, member, member->cuts_answers)) {
        buffer_fini(&answer.bytes);
        free(error);
        return;
    }
    world_schedule(world, answer);
}
