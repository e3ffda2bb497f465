/* Lock table and store together, through many random steps with a crash at every commit: what comes
 * back must be what was there, tokens must grow, and everybody that waits must still be served.
 *
 * FARMLOCK_SEED=N replays a run, FARMLOCK_STEPS=N changes its length.
 * Must not depend on the clock. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "store_fixture.h"
#include "store_model.h"
#include "tests/unit/lock/lock_slices.h"

enum {
    OWNERS = 14,
    NAMES = 9,
    GROUPS = 2,
    GROUP_NAMES = 3,
    STEPS = 100000,
    SLOW_STEPS = 3000,
    LONG_STEPS = 3000000,
    SQLITE_SHARE = 50, /* of the steps are also kept in a file */
    REOPEN_EVERY = 20, /* of those, read back */
};

/* What an owner has asked for last, to ask for it again. */
struct wanted {
    size_t group_count;
    struct lock_group groups[GROUPS];
    const char *names[GROUPS][GROUP_NAMES];
};

struct simulation {
    uint64_t seed, random;
    uint64_t step, crashes;
    int64_t now_ms;
    struct lock_table *table;
    struct store_batch *batch;
    struct store_model model;
    uint64_t token_told; /* the highest that a client may know */
    uint64_t token_new;  /* the highest of this step */
    struct wanted wanted[OWNERS];
    char live[STORE_MODEL_TEXT];     /* as of the last commit */
    char restored[STORE_MODEL_TEXT]; /* as it came back */
};

static char owner_names[OWNERS][32];
static char lock_names[NAMES][16];

/* Sebastiano Vigna's splitmix64. */
static uint64_t next_random(struct simulation *sim)
{
    uint64_t z = sim->random += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static size_t choose(struct simulation *sim, size_t below)
{
    return (size_t)(next_random(sim) % below);
}

static void fail_at(const struct simulation *sim, const char *what)
{
    print_error("step %" PRIu64 " of seed %" PRIu64 ": %s\n---- expected\n%s---- found\n%s",
                sim->step, sim->seed, what, sim->live, sim->restored);
    fail();
}

static void on_event(void *context, const struct lock_event *event)
{
    struct simulation *sim = context;

    if (event->kind == LOCK_EVENT_GRANTED) {
        if (event->request->token <= sim->token_told || event->request->token <= sim->token_new)
            fail_at(sim, "a token was used twice");
        sim->token_new = event->request->token;
    }
    store_batch_event(sim->batch, event, NULL);
}

static void choose_demand(struct simulation *sim, struct wanted *wanted)
{
    bool used[NAMES] = {false};

    wanted->group_count = 1 + choose(sim, 8) / 6;
    for (size_t g = 0; g < wanted->group_count; g++) {
        struct lock_group *group = &wanted->groups[g];
        size_t names = 1 + choose(sim, GROUP_NAMES);

        group->names = wanted->names[g];
        group->name_count = 0;
        while (group->name_count < names) {
            size_t name = choose(sim, NAMES);

            if (!used[name])
                wanted->names[g][group->name_count++] = lock_names[name];
            used[name] = true;
        }
        group->count = 1 + choose(sim, names);
    }
}

static void ask(struct simulation *sim)
{
    size_t owner = choose(sim, OWNERS);
    struct wanted *wanted = &sim->wanted[owner];
    char job[16];
    struct lock_ask request = {
        .owner = owner_names[owner],
        .host = choose(sim, 4) > 0 ? "host" : NULL,
        .pid = 100 + owner,
        .start = choose(sim, 1000),
        .boot = choose(sim, 2) > 0 ? "boot" : NULL,
        .pid_namespace = choose(sim, 2),
        .wait = choose(sim, 8) > 0,
        .autounlock = choose(sim, 2) > 0,
        .hold_ms = choose(sim, 3) == 0 ? (int64_t)choose(sim, 2000) : 0,
        .keep_ms = choose(sim, 6) == 0 ? (int64_t)choose(sim, 500) : 0,
        .until_boot = choose(sim, 24) == 0,
    };

    if (wanted->group_count == 0 || choose(sim, 2) == 0)
        choose_demand(sim, wanted);
    if (choose(sim, 3) == 0) {
        snprintf(job, sizeof job, "job%zu", choose(sim, 3));
        request.job = job;
    }
    request.groups = wanted->groups;
    request.group_count = wanted->group_count;
    lock_table_request(sim->table, &request, sim->now_ms);
}

static struct lock_request *some_request(struct simulation *sim)
{
    return lock_table_find(sim->table, owner_names[choose(sim, OWNERS)],
                           lock_names[choose(sim, NAMES)]);
}

static void unlock(struct simulation *sim)
{
    const char *names[3];

    for (size_t i = 0; i < 3; i++)
        names[i] = lock_names[choose(sim, NAMES)];
    lock_table_unlock(sim->table, owner_names[choose(sim, OWNERS)], names, 1 + choose(sim, 3),
                      sim->now_ms, NULL);
}

static void come_or_go(struct simulation *sim, struct lock_request *request)
{
    if (choose(sim, 3) == 0)
        lock_table_set_away(sim->table, request, sim->now_ms);
    else
        lock_table_set_present(sim->table, request, choose(sim, 2) > 0, sim->now_ms);
}

static void act(struct simulation *sim)
{
    struct lock_request *request;

    sim->now_ms += (int64_t)choose(sim, 100);
    switch (choose(sim, 16)) {
    case 0:
        lock_table_break(sim->table, lock_names[choose(sim, NAMES)], sim->now_ms);
        break;
    case 1:
        lock_table_expire(sim->table, sim->now_ms);
        break;
    case 2:
        slices_end_process(sim->table, "host", 100 + choose(sim, OWNERS), SIZE_MAX, sim->now_ms);
        break;
    case 3:
        if (choose(sim, 4) == 0)
            slices_end_job(sim->table, "job1", SIZE_MAX, sim->now_ms);
        break;
    case 4:
        request = some_request(sim);
        if (request != NULL)
            lock_table_end(sim->table, request, LOCK_REASON_GONE, sim->now_ms);
        break;
    case 5:
        request = some_request(sim);
        if (request != NULL && request->state == LOCK_WAITING)
            come_or_go(sim, request);
        break;
    case 6:
    case 7:
    case 8:
    case 9:
        unlock(sim);
        break;
    default:
        ask(sim);
    }
}

static void adopt(struct simulation *sim, struct lock_table *table)
{
    lock_table_destroy(sim->table);
    sim->table = table;
}

struct drain {
    struct simulation *sim;
    uint64_t last_ticket[NAMES];
};

/* Who is served comes in the order of the tickets, at each lock; but for who was away, when what he
 * wants was set aside for others. */
static void on_drain_event(void *context, const struct lock_event *event)
{
    struct drain *drain = context;
    const struct lock_request *request = event->request;

    if (event->kind != LOCK_EVENT_GRANTED)
        return;
    for (size_t i = 0; i < request->seat_count; i++) {
        size_t name;

        if (request->seats[i].state != LOCK_SEAT_HELD)
            continue;
        name = (size_t)(lock_seat_name(&request->seats[i])[1] - '0');
        if (request->ticket <= drain->last_ticket[name] && request->user_data == NULL)
            fail_at(drain->sim, "the order of a queue was changed");
        if (request->user_data == NULL)
            drain->last_ticket[name] = request->ticket;
    }
}

/* When all clients are back and give back what they have, everybody gets what he waits for. */
static void drain_restored(struct simulation *sim)
{
    struct drain drain = {.sim = sim};
    struct lock_table *table = store_model_restore(&sim->model, on_drain_event, &drain);
    struct lock_request *waiter = lock_table_next_waiter(table, NULL);
    const struct lock_seat *seat;

    while (waiter != NULL) {
        struct lock_request *next = lock_table_next_waiter(table, waiter);

        if (waiter->away)
            waiter->user_data = sim;
        lock_table_set_present(table, waiter, true, sim->now_ms);
        waiter = next;
    }
    while ((seat = lock_table_next_held(table, NULL)) != NULL)
        lock_table_end(table, seat->request, LOCK_REASON_BREAK, sim->now_ms);
    if (lock_table_waiter_count(table) != 0 || lock_table_name_count(table) != 0)
        fail_at(sim, "somebody waits for ever");
    lock_table_destroy(table);
}

/* The batch is lost, as if the server had died before the commit: nobody has heard of the step. */
static void crash_before_commit(struct simulation *sim)
{
    store_batch_destroy(sim->batch);
    adopt(sim, store_model_restore(&sim->model, on_event, sim));
    store_model_describe(sim->table, sim->restored);
    if (strcmp(sim->restored, sim->live) != 0)
        fail_at(sim, "a lost step has left something behind");
}

static void crash_behind_commit(struct simulation *sim)
{
    struct lock_table *table;

    store_model_apply(&sim->model, sim->batch);
    if (sim->token_told < sim->token_new)
        sim->token_told = sim->token_new;
    store_model_describe(sim->table, sim->live);
    table = store_model_restore(&sim->model, on_event, sim);
    store_model_describe(table, sim->restored);
    if (strcmp(sim->restored, sim->live) != 0)
        fail_at(sim, "what came back is not what was there");
    if (choose(sim, 4) == 0)
        adopt(sim, table);
    else
        lock_table_destroy(table);
    if (choose(sim, 32) == 0)
        drain_restored(sim);
}

static void step(struct simulation *sim)
{
    sim->batch = store_batch_create();
    assert_non_null(sim->batch);
    sim->token_new = 0;
    for (size_t acts = 1 + choose(sim, 3); acts > 0; acts--)
        act(sim);
    sim->crashes++;
    if (choose(sim, 16) == 0)
        crash_before_commit(sim);
    else
        crash_behind_commit(sim);
    sim->step++;
}

static uint64_t number_from(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);

    return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

static uint64_t steps_to_do(void)
{
    if (getenv("FARMLOCK_SLOW") != NULL)
        return number_from("FARMLOCK_STEPS", SLOW_STEPS);
    return number_from("FARMLOCK_STEPS", getenv("FARMLOCK_LONG") != NULL ? LONG_STEPS : STEPS);
}

static struct simulation *begin(void)
{
    struct simulation *sim = calloc(1, sizeof *sim);
    uint64_t seed;

    assert_non_null(sim);
    assert_int_equal(getentropy(&seed, sizeof seed), 0);
    sim->seed = number_from("FARMLOCK_SEED", seed >> 32);
    sim->random = sim->seed;
    sim->now_ms = 1000000;
    sim->table = lock_table_create(on_event, sim);
    assert_non_null(sim->table);
    for (size_t i = 0; i < OWNERS; i++)
        snprintf(owner_names[i], sizeof owner_names[i], "host_%zu_user", 100 + i);
    for (size_t i = 0; i < NAMES; i++)
        snprintf(lock_names[i], sizeof lock_names[i], "l%zu", i);
    print_message("# seed %" PRIu64 "\n", sim->seed);
    return sim;
}

static void end(struct simulation *sim)
{
    print_message("# %" PRIu64 " steps, %" PRIu64 " crashes\n", sim->step, sim->crashes);
    lock_table_destroy(sim->table);
    store_model_fini(&sim->model);
    free(sim);
}

static void nothing_is_lost_at_any_commit(void **state)
{
    struct simulation *sim = begin();
    uint64_t steps = steps_to_do();

    (void)state;
    while (sim->step < steps)
        step(sim);
    end(sim);
}

static int restore_record(void *table, const struct lock_record *record)
{
    return lock_table_restore(table, record) != NULL ? 0 : -1;
}

static struct store *open_file(struct simulation *sim, const char *path)
{
    const struct store_options options = {
        .path = path, .durability = STORE_DURABLE_PROCESS, .history_ms = INT64_MAX / 2};
    struct lock_table *table = lock_table_create(on_event, sim);
    struct store_loader loader = {.context = table, .on_request = restore_record};
    char error[STORE_ERROR_SIZE] = "";
    struct store *store = store_open(&options, error);

    if (store == NULL || store_load(store, &loader, error) != 0)
        fail_msg("%s", error);
    lock_table_set_counters(table, loader.next_ticket, loader.next_token);
    store_model_describe(table, sim->restored);
    adopt(sim, table);
    return store;
}

static void wait_for(struct store *store, uint64_t number)
{
    assert_false(store_fixture_wait(store, number).failed);
}

/* What a process leaves behind that is killed: the files as they are, none of them closed. */
static void copy_file(const char *from, const char *to, const char *suffix)
{
    char command[512];

    snprintf(command, sizeof command, "cp %s%s %s%s 2>/dev/null", from, suffix, to, suffix);
    if (system(command) != 0 && suffix[0] == '\0')
        fail_msg("cannot copy %s", from);
}

static void nothing_is_lost_by_the_file(void **state)
{
    struct simulation *sim = begin();
    uint64_t steps = steps_to_do() / SQLITE_SHARE;
    char folder[] = "/tmp/farmlock-test.XXXXXX", path[2][64], command[128];
    struct store *store;
    size_t at = 0;

    (void)state;
    assert_non_null(mkdtemp(folder));
    for (size_t i = 0; i < 2; i++)
        snprintf(path[i], sizeof path[i], "%s/%zu.db", folder, i);
    store = open_file(sim, path[at]);
    while (sim->step < steps) {
        uint64_t number;

        sim->batch = store_batch_create();
        sim->token_new = 0;
        for (size_t acts = 1 + choose(sim, 3); acts > 0; acts--)
            act(sim);
        number = store_commit(store, sim->batch);
        if (sim->token_told < sim->token_new)
            sim->token_told = sim->token_new;
        sim->step++;
        if (choose(sim, REOPEN_EVERY) > 0)
            continue;
        wait_for(store, number);
        store_model_describe(sim->table, sim->live);
        copy_file(path[at], path[!at], "");
        copy_file(path[at], path[!at], "-wal");
        store_close(store);
        at = !at;
        store = open_file(sim, path[at]);
        if (strcmp(sim->restored, sim->live) != 0)
            fail_at(sim, "what came back from the file is not what was there");
        sim->crashes++;
        snprintf(command, sizeof command, "rm -f %s*", path[!at]);
        assert_int_equal(system(command), 0);
    }
    store_close(store);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    assert_int_equal(system(command), 0);
    end(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_lost_at_any_commit),
        cmocka_unit_test(nothing_is_lost_by_the_file),
    };

    return cmocka_run_group_tests_name("store simulation", tests, NULL, NULL);
}
