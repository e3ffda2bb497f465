/* Of a world: a lockerd, which is a replica and a plain table of slots, driven as an engine does.
 * Must not look at what is true. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "etcd_world.h"

enum {
    BATCH_MOST = 4,
    LARGE_PERMILLE = 5,
    HISTORY_PERMILLE = 300,
    COPY_PERMILLE = 30,
    NAME_SIZE = 32,
    VALUE_SIZE = 64,
};

/* It goes on while the machine sleeps. */
int64_t world_member_clock(const struct world_member *member)
{
    return member->clock_offset_ms + member->world->now_ms * member->clock_permille / 1000;
}

/* what the replica tells */

static void forget_table(struct world_member *member)
{
    memset(member->slots, 0, sizeof member->slots);
    member->rows_hash = 0;
    member->is_loaded = member->is_live = member->commits = false;
    member->waiting.count = member->committing.count = 0;
}

static void set_slot(struct world_member *member, int slot, uint64_t token)
{
    member->rows_hash ^= world_row_hash(slot, member->slots[slot]) ^ world_row_hash(slot, token);
    member->slots[slot] = token;
}

static int take_row(void *context, const struct etcd_row *row)
{
    struct world_member *member = context;
    char name[NAME_SIZE] = "", value[NAME_SIZE] = "";
    int slot;

    assert(row->key.len < sizeof name);
    memcpy(name, row->key.data, row->key.len);
    if (strncmp(name, "r/", 2) != 0) {
        assert(strncmp(name, "m/", 2) == 0);
        return 0;
    }
    slot = (int)strtol(name + 2, NULL, 16);
    assert(slot >= 0 && slot < WORLD_SLOTS);
    memcpy(value, row->value.data, row->value.len < NAME_SIZE ? row->value.len : NAME_SIZE - 1);
    if (member->slots[slot] != 0)
        world_fault(member->world, "slot %d was read twice", slot);
    set_slot(member, slot, strtoull(value, NULL, 10));
    return 0;
}

static int take_history(void *context, uint64_t number, struct etcd_bytes value)
{
    struct world_member *member = context;
    struct etcd_world *world = member->world;
    uint64_t kept = world->history_count > WORLD_HISTORY ? world->history_count - WORLD_HISTORY : 0;

    if (number <= member->history)
        world_fault(world, "history %llu was read again", (unsigned long long)number);
    if (number != member->history + 1 && member->history >= kept)
        world_fault(world, "there is no history behind %llu", (unsigned long long)member->history);
    if (number > world->history_count ||
        world->history[number] != world_hash(value.data, value.len))
        world_fault(world, "history %llu is not what was kept", (unsigned long long)number);
    member->history = number;
    world->counts.history++;
    return 0;
}

/* what it is to commit */

static void add_told(struct world_told_list *list, struct world_told told)
{
    if (list->count < WORLD_TOLD)
        list->items[list->count++] = told;
}

static void change_slot(struct world_member *member, struct etcd_txn *txn, int slot,
                        struct etcd_counters *counters)
{
    uint64_t token = member->slots[slot];
    char name[NAME_SIZE], value[VALUE_SIZE];

    snprintf(name, sizeof name, "r/%04x", (unsigned)slot);
    if (token != 0) {
        /* Its holder gives it back, or somebody breaks it. */
        world_token(member->world, token)->has_ended = true;
        set_slot(member, slot, 0);
        etcd_txn_remove(txn, name);
        return;
    }
    if (member->waiting.count == WORLD_TOLD)
        return; /* there is no room to tell whoever asks */
    token = counters->next_token++;
    set_slot(member, slot, token);
    snprintf(value, sizeof value, "%llu %30d", (unsigned long long)token, slot);
    etcd_txn_put(txn, name, value, strlen(value));
    add_told(&member->waiting, (struct world_told){.is_grant = true, .token = token, .slot = slot});
}

static struct etcd_txn *compose(struct world_member *member, struct etcd_counters *counters)
{
    struct etcd_world *world = member->world;
    struct etcd_txn *txn = etcd_txn_create(WORLD_PREFIX);
    int64_t count =
        world_chance(world, LARGE_PERMILLE) ? WORLD_SLOTS : world_between(world, 0, BATCH_MOST);

    assert(txn != NULL);
    if (count == WORLD_SLOTS) {
        for (int slot = 0; slot < WORLD_SLOTS; slot++)
            change_slot(member, txn, slot, counters);
    } else {
        /* The same one may be changed twice. */
        while (count-- > 0)
            change_slot(member, txn, (int)(world_random(world) % WORLD_SLOTS), counters);
    }
    if (world_chance(world, HISTORY_PERMILLE))
        etcd_txn_add_history(txn, &counters->next_token, sizeof counters->next_token);
    return txn;
}

static void commit(struct world_member *member)
{
    struct etcd_world *world = member->world;
    uint64_t number = etcd_replica_sight(member->replica)->leader.term;
    struct etcd_counters counters = etcd_replica_counters(member->replica);
    struct etcd_txn *txn = member->is_live ? compose(member, &counters) : NULL;
    struct world_term *term = world_term(world, number);
    int result;

    counters.now_ms = world_member_clock(member);
    counters.next_ticket++;
    etcd_replica_count(member->replica, &counters);
    term->pending = member->rows_hash;
    term->has_pending = true;
    result = etcd_replica_commit(member->replica, txn);
    assert(result == 0);
    etcd_txn_destroy(txn);
    member->commits = true;
    member->committing = member->waiting;
    member->waiting.count = 0;
}

static bool wants_commit(const struct world_member *member)
{
    if (!member->is_loaded || member->commits || !etcd_replica_is_ready(member->replica))
        return false;
    return !member->is_live || member->waiting.count > 0 || world_chance(member->world, 300);
}

/* what it tells clients */

static void tell(struct world_member *member, const struct world_told *told)
{
    struct etcd_world *world = member->world;

    world_schedule(world, (struct world_event){
                              .at_ms = world->now_ms + world_between(world, 0, 3),
                              .kind = WORLD_TELL,
                              .member = member->number,
                              .life = member->life,
                              .told = *told,
                          });
}

static void tell_all(struct world_member *member)
{
    for (int i = 0; i < member->committing.count; i++)
        tell(member, &member->committing.items[i]);
    member->committing.count = 0;
}

/* Whether nobody else can have claimed, by a clock that sleeps with the machine. */
static bool has_lease(const struct world_member *member)
{
    int64_t confirmed_ms = etcd_replica_confirmed_ms(member->replica);
    int64_t slept_ms = member->slept_ms * member->clock_permille / 1000;

    return confirmed_ms != INT64_MIN && world_member_clock(member) - slept_ms - confirmed_ms <
                                            etcd_mute_after_ms(WORLD_TAKEOVER_MS);
}

void world_member_asked(struct world_member *member, int64_t since)
{
    enum world_mutant mutant = member->world->mutant;
    struct world_told told = {.since = since};

    if (member->replica == NULL || !member->is_live)
        return;
    told.state =
        world_state_hash(member->rows_hash, etcd_replica_counters(member->replica).next_token);
    /* Also mutants tell nothing of what they have not committed. */
    if (!member->commits &&
        (mutant == WORLD_READS_AT_ONCE || (mutant == WORLD_READS_BY_LEASE && has_lease(member))))
        tell(member, &told);
    else
        add_told(&member->waiting, told);
}

/* what happened */

static void end_commit(struct world_member *member, bool is_kept)
{
    struct world_term *term =
        world_term(member->world, etcd_replica_sight(member->replica)->leader.term);

    member->slept_ms = 0;
    if (is_kept) {
        term->confirmed = term->pending;
        member->is_live = true;
        member->world->counts.commits++;
        tell_all(member);
    } else {
        forget_table(member);
        etcd_replica_load(member->replica);
        member->world->counts.failed++;
    }
    term->has_pending = false;
    member->commits = false;
}

static void end_load(struct world_member *member)
{
    struct etcd_world *world = member->world;
    uint64_t term = etcd_replica_sight(member->replica)->leader.term;

    world->counts.loads++;
    member->is_loaded = true;
    if (world->seq.term == term && member->rows_hash != world_term(world, term)->confirmed)
        world_fault(world, "what was loaded in term %llu is not what was there",
                    (unsigned long long)term);
}

static void take_event(struct world_member *member, enum etcd_event event)
{
    struct world_counts *counts = &member->world->counts;

    switch (event) {
    case ETCD_EVENT_COMMITTED:
        end_commit(member, true);
        break;
    case ETCD_EVENT_FAILED:
        end_commit(member, false);
        break;
    case ETCD_EVENT_LOADED:
        end_load(member);
        break;
    case ETCD_EVENT_DEPOSED:
        counts->deposed++;
        forget_table(member);
        break;
    case ETCD_EVENT_RESIGNED:
        counts->resigned++;
        forget_table(member);
        break;
    case ETCD_EVENT_KEPT_OUT:
        counts->kept_out++;
        break;
    case ETCD_EVENT_UNREADABLE:
        world_fault(member->world, "rows cannot be read");
        break;
    case ETCD_EVENT_LEADS:
        forget_table(member);
        break;
    default:
        break;
    }
}

void world_member_hear(struct world_member *member, const struct world_event *event)
{
    const struct etcd_error none = {0};
    int64_t clock_ms = world_member_clock(member);

    if (member->replica == NULL || member->life != event->life || member->call != event->call)
        return;
    member->call = 0;
    if (event->outcome == ETCD_UNKNOWN)
        member->world->counts.unknown++;
    take_event(member, etcd_replica_hear(member->replica, clock_ms, event->outcome, &event->bytes,
                                         event->error != NULL ? event->error : &none));
    world_member_wake(member);
}

/* when it acts */

static int64_t next_wake_ms(struct world_member *member, int64_t clock_ms)
{
    struct etcd_world *world = member->world;
    int64_t due_ms = etcd_replica_due_ms(member->replica) - clock_ms;
    int64_t soon_ms = member->is_loaded ? world_between(world, 1, 60) : 100;

    if (due_ms < soon_ms)
        soon_ms = due_ms > 0 ? due_ms * 1000 / member->clock_permille + 1 : 1;
    return world->now_ms + soon_ms;
}

void world_member_wake(struct world_member *member)
{
    struct etcd_world *world = member->world;
    int64_t clock_ms = world_member_clock(member);
    struct etcd_question question;

    if (member->replica == NULL || member->call != 0)
        return;
    if (wants_commit(member))
        commit(member);
    else if (!etcd_replica_leads(member->replica) && world_chance(world, COPY_PERMILLE))
        etcd_replica_read_history(member->replica, member->history);
    if (etcd_replica_ask(member->replica, clock_ms, &question)) {
        world_net_send(member, &question);
        return;
    }
    if (member->next_wake_ms > world->now_ms)
        return;
    member->next_wake_ms = next_wake_ms(member, clock_ms);
    world_schedule(world, (struct world_event){
                              .at_ms = member->next_wake_ms,
                              .kind = WORLD_WAKE,
                              .member = member->number,
                              .life = member->life,
                          });
}

void world_member_kill(struct world_member *member)
{
    if (member->replica == NULL)
        return;
    member->mark = etcd_replica_mark(member->replica);
    etcd_replica_destroy(member->replica);
    member->replica = NULL;
    member->life++;
    member->call = 0;
    forget_table(member);
}

void world_member_begin(struct etcd_world *world, int number)
{
    struct world_member *member = &world->members[number];
    struct etcd_replica_options options = {
        .prefix = WORLD_PREFIX,
        .who = {.version = "1.0.0", .takeover_ms = WORLD_TAKEOVER_MS},
        .machine = number == 0 ? "a" : "b",
        .boot = "boot 1",
        .random = world_random(world),
        .mark = member->mark,
        .compacts = true,
        .watches = true,
        .on_row = take_row,
        .on_history = take_history,
        .context = member,
    };

    /* A lockerd that its parent starts again, or another one. */
    if (member->instance[0] == '\0' || world_chance(world, 500))
        snprintf(member->instance, sizeof member->instance, "%016llx%016llx",
                 (unsigned long long)world_random(world), (unsigned long long)number);
    memcpy(options.who.instance, member->instance, sizeof member->instance);
    snprintf(options.who.cluster, sizeof options.who.cluster, "%032llx",
             (unsigned long long)world_random(world));
    snprintf(options.who.host, sizeof options.who.host, "host%d", number);
    member->world = world;
    member->number = number;
    member->next_wake_ms = 0;
    member->replica = etcd_replica_create(&options);
    assert(member->replica != NULL);
    world_member_wake(member);
}
