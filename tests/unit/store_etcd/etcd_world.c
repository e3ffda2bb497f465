/* Of a world: what happens when, and who is struck by what.
 * Must not know what members say to each other. */
#include "etcd_world.h"

#include <assert.h>
#include <stdlib.h>

enum {
    ASK_EVERY_MS = 60,
    NEMESIS_EVERY_MS = 4000, /* at most, and half of it in the mean */
    PAUSE_MS = 3 * WORLD_TAKEOVER_MS,
    CUT_MS = 4 * WORLD_TAKEOVER_MS,
    SILENCE_MS = WORLD_TAKEOVER_MS,
    CALM_MS = 10 * WORLD_TAKEOVER_MS,
};

/* splitmix64 (G. Steele et al., "Fast splittable pseudorandom number generators", OOPSLA 2014) */
uint64_t world_random(struct etcd_world *world)
{
    uint64_t z = world->random += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

int64_t world_between(struct etcd_world *world, int64_t least, int64_t most)
{
    return least + (int64_t)(world_random(world) % (uint64_t)(most - least + 1));
}

bool world_chance(struct etcd_world *world, int permille)
{
    return world_random(world) % 1000 < (uint64_t)permille;
}

/* events */

static bool is_sooner(const struct world_event *a, const struct world_event *b)
{
    return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->order < b->order;
}

static void swap(struct world_event *a, struct world_event *b)
{
    struct world_event other = *a;

    *a = *b;
    *b = other;
}

void world_schedule(struct etcd_world *world, struct world_event event)
{
    size_t at = world->event_count++;

    if (world->event_count > world->event_room) {
        world->event_room = 2 * world->event_count;
        world->events = realloc(world->events, world->event_room * sizeof event);
        assert(world->events != NULL);
    }
    /* Of two at one time either may be first. */
    event.order = world_random(world);
    world->events[at] = event;
    while (at > 0 && is_sooner(&world->events[at], &world->events[(at - 1) / 2])) {
        swap(&world->events[at], &world->events[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
}

static struct world_event take_first(struct etcd_world *world)
{
    struct world_event first = world->events[0];
    size_t at = 0, child;

    world->events[0] = world->events[--world->event_count];
    while ((child = 2 * at + 1) < world->event_count) {
        if (child + 1 < world->event_count &&
            is_sooner(&world->events[child + 1], &world->events[child]))
            child++;
        if (!is_sooner(&world->events[child], &world->events[at]))
            break;
        swap(&world->events[child], &world->events[at]);
        at = child;
    }
    return first;
}

static void release(struct world_event *event)
{
    buffer_fini(&event->bytes);
    free(event->error);
}

/* the nemesis */

static void pause_member(struct etcd_world *world, struct world_member *member)
{
    int64_t pause_ms = world_between(world, 1, PAUSE_MS);

    if (member->paused_until_ms > world->now_ms)
        return;
    member->paused_until_ms = world->now_ms + pause_ms;
    member->slept_ms += pause_ms;
    world->counts.pauses++;
}

static void cut_member(struct etcd_world *world, struct world_member *member)
{
    member->cut_until_ms = world->now_ms + world_between(world, 1, CUT_MS);
    member->cuts_questions = world_chance(world, 600);
    member->cuts_answers = !member->cuts_questions || world_chance(world, 500);
    world->counts.cuts++;
}

static void kill_member(struct etcd_world *world, struct world_member *member)
{
    if (member->replica == NULL)
        return;
    world_member_kill(member);
    world->counts.kills++;
    world_schedule(world, (struct world_event){
                              .at_ms = world->now_ms + world_between(world, 0, WORLD_TAKEOVER_MS),
                              .kind = WORLD_WAKE,
                              .member = member->number,
                              .life = member->life,
                          });
}

/* Somebody else forgets what was just now. */
static void compact(struct etcd_world *world)
{
    if (world->etcd.keys.revision > world->etcd.keys.compacted + 1) {
        etcd_keys_compact(&world->etcd.keys, world->etcd.keys.revision);
        world->counts.compactions++;
    }
}

static void strike(struct etcd_world *world)
{
    struct world_member *member = &world->members[world_random(world) % WORLD_MEMBERS];

    if (world->is_quiet)
        return;
    switch (world_random(world) % 9) {
    case 0:
    case 1:
        pause_member(world, member);
        break;
    case 2:
    case 3:
        cut_member(world, member);
        break;
    case 4:
        kill_member(world, member);
        break;
    case 5:
        if (member->replica != NULL)
            etcd_replica_resign(member->replica);
        break;
    case 6:
        world->etcd_silent_until_ms = world->now_ms + world_between(world, 1, SILENCE_MS);
        break;
    case 7:
        world->etcd_full_until_ms = world->now_ms + world_between(world, 1, SILENCE_MS);
        break;
    default:
        compact(world);
    }
    world_schedule(world, (struct world_event){
                              .at_ms = world->now_ms + world_between(world, 1, NEMESIS_EVERY_MS),
                              .kind = WORLD_NEMESIS,
                          });
}

/* what happens */

static void ask_somebody(struct etcd_world *world, struct world_event *event)
{
    struct world_member *member = &world->members[event->member];

    world_member_asked(member, event->told.since);
    world_member_wake(member);
}

static void schedule_asking(struct etcd_world *world)
{
    int64_t delay_ms = world_between(world, 1, ASK_EVERY_MS);

    world_schedule(world, (struct world_event){
                              .at_ms = world->now_ms + delay_ms,
                              .kind = WORLD_ASKED,
                              .member = (int)(world_random(world) % WORLD_MEMBERS),
                              .life = -1,
                          });
}

static void wake(struct etcd_world *world, const struct world_event *event)
{
    struct world_member *member = &world->members[event->member];

    if (member->life != event->life)
        return;
    if (member->replica == NULL)
        world_member_begin(world, event->member);
    else
        world_member_wake(member);
}

/* What comes to one that is paused waits in its sockets and timers. */
static bool waits_for_member(struct etcd_world *world, struct world_event *event)
{
    const struct world_member *member = &world->members[event->member];

    if (event->kind == WORLD_ARRIVAL || event->kind == WORLD_NEMESIS ||
        world->now_ms >= member->paused_until_ms)
        return false;
    event->at_ms = member->paused_until_ms;
    world_schedule(world, *event);
    return true;
}

static void happen(struct etcd_world *world, struct world_event *event)
{
    switch (event->kind) {
    case WORLD_WAKE:
        wake(world, event);
        break;
    case WORLD_ASKED:
        ask_somebody(world, event);
        break;
    case WORLD_TELL:
        if (world->members[event->member].life == event->life)
            world_check_told(world, &event->told);
        break;
    case WORLD_ARRIVAL:
        world_net_arrive(world, event);
        return;
    case WORLD_ANSWER:
        world_member_hear(&world->members[event->member], event);
        break;
    case WORLD_NEMESIS:
        strike(world);
        break;
    }
    release(event);
}

static void step(struct etcd_world *world)
{
    struct world_event event = take_first(world);

    world->now_ms = event.at_ms;
    if (event.kind == WORLD_ASKED && event.life < 0) {
        /* The client asks now, whenever that is read. */
        event.life = 0;
        event.told.since = world->told_state;
        schedule_asking(world);
    }
    if (waits_for_member(world, &event))
        return;
    happen(world, &event);
    world->counts.steps++;
}

void etcd_world_init(struct etcd_world *world, enum world_mutant mutant, uint64_t seed)
{
    *world = (struct etcd_world){.mutant = mutant, .random = seed, .now_ms = 1};
    etcd_model_init(&world->etcd);
    world_check_begin(world);
    if (mutant == WORLD_NO_SEQ_GUARD)
        world->etcd.unguarded = "0/seq";
    for (int i = 0; i < WORLD_MEMBERS; i++) {
        world->members[i].clock_offset_ms = world_between(world, 0, 1000000);
        world->members[i].clock_permille = world_between(world, 900, 1100);
        world_member_begin(world, i);
    }
    schedule_asking(world);
    strike(world);
}

void etcd_world_fini(struct etcd_world *world)
{
    for (int i = 0; i < WORLD_MEMBERS; i++)
        world_member_kill(&world->members[i]);
    for (size_t i = 0; i < world->event_count; i++)
        release(&world->events[i]);
    free(world->events);
    etcd_model_fini(&world->etcd);
    world_check_fini(world);
}

void etcd_world_run(struct etcd_world *world, int64_t steps)
{
    int64_t end = world->counts.steps + steps;

    while (world->counts.steps < end && world->faults == 0)
        step(world);
}

void etcd_world_calm_down(struct etcd_world *world)
{
    int64_t end_ms = world->now_ms + CALM_MS, commits;

    world->is_quiet = true;
    world->etcd_silent_until_ms = world->etcd_full_until_ms = 0;
    for (int i = 0; i < WORLD_MEMBERS; i++)
        world->members[i].cut_until_ms = 0;
    while (world->now_ms < end_ms - CALM_MS / 2 && world->faults == 0)
        step(world);
    commits = world->counts.commits;
    while (world->now_ms < end_ms && world->faults == 0)
        step(world);
    if (world->counts.commits == commits)
        world_fault(world, "nobody serves");
}
