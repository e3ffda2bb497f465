/* The lock table against its model: random operations, everything observable compared each step.
 * Must not look into lib/lock/types.h. */
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
#include "lock/keep.h"
#include "lock/pools.h"
#include "lock_compare.h"
#include "lock_model.h"
#include "lock_operation.h"
#include "lock_slices.h"

enum {
    NORMAL_OPS = 1000000,
    SLOW_OPS = 20000,
    FIXED_SEED = 1,
    DRAIN_EVERY = 4096,
    RESTART_EVERY = 5000
};

static void record(void *context, const struct lock_event *event)
{
    struct play *play = context;
    struct lock_request *request = event->request;

    EXPECT(play, play->event_count < MODEL_EVENTS);
    EXPECT(play, event->at_ms == play->model.now_ms);
    play->events[play->event_count++] = (struct model_event){
        .kind = event->kind,
        .reason = event->reason,
        .state = request->state,
        .ticket = request->ticket,
        .token = request->token,
        .name = play_name_number(event->name),
    };
    play->kinds[event->kind]++;
    play->reasons[event->reason]++;
    if (request->user_data == NULL) {
        EXPECT(play, request->ticket > play->last_ticket);
        play->last_ticket = request->ticket;
        request->user_data = play;
    }
    if (event->kind == LOCK_EVENT_GRANTED) {
        EXPECT(play, request->token > play->last_token);
        play->last_token = request->token;
        play->granted_groups[request->group_count]++;
        play->granted_overlaps += request->overlaps;
    }
}

static void choose_names(const int *numbers, int count, const char **names)
{
    for (int i = 0; i < count; i++)
        names[i] = play_names[numbers[i]];
}

static struct lock_result ask_table(struct play *play)
{
    const struct model_ask *ask = &play->operation.ask;
    const char *names[MODEL_GROUPS][MODEL_GROUP_NAMES];
    struct lock_group groups[MODEL_GROUPS];
    const struct lock_ask real = {
        .owner = play_owners[ask->owner],
        .groups = groups,
        .group_count = (size_t)ask->group_count,
        .host = ask->host >= 0 ? play_hosts[ask->host] : NULL,
        .pid = (uint64_t)ask->pid,
        .start = (uint64_t)ask->start,
        .boot = ask->boot >= 0 ? play_boots[ask->boot] : NULL,
        .pid_namespace = (uint64_t)ask->pid_namespace,
        .job = ask->job >= 0 ? play_jobs[ask->job] : NULL,
        .wait = ask->wait,
        .autounlock = ask->autounlock,
        .until_boot = ask->until_boot,
        .keep_ms = ask->keep_ms,
        .hold_ms = ask->hold_ms,
        .most_ms = ask->most_ms,
    };

    for (int g = 0; g < ask->group_count; g++) {
        choose_names(ask->groups[g].names, ask->groups[g].name_count, names[g]);
        groups[g] = (struct lock_group){.names = names[g],
                                        .name_count = (size_t)ask->groups[g].name_count,
                                        .count = (size_t)ask->groups[g].count,
                                        .shared = ask->groups[g].shared};
    }
    return lock_table_request(play->table, &real, play->operation.now_ms);
}

/* Of several names that stand in two groups, any may be the one at fault. */
static bool stands_in_two_groups(const struct model_ask *ask, int name)
{
    int groups = 0;

    for (int g = 0; g < ask->group_count; g++) {
        bool in_group = false;

        for (int i = 0; i < ask->groups[g].name_count; i++)
            in_group |= ask->groups[g].names[i] == name;
        groups += in_group;
    }
    return groups > 1;
}

static void do_ask(struct play *play)
{
    struct model_result wanted = model_ask(&play->model, &play->operation.ask);
    struct lock_result result = ask_table(play);

    play->outcomes[result.outcome]++;
    EXPECT(play, result.outcome == wanted.outcome);
    if (result.outcome == LOCK_OUTCOME_OVERLAP)
        EXPECT(play, stands_in_two_groups(&play->operation.ask, play_name_number(result.name)));
    else
        EXPECT(play, play_name_number(result.name) == wanted.name);
    EXPECT(play, (result.request != NULL ? result.request->ticket : 0) == wanted.ticket);
}

/* What was found already is given back without another search, where that is all of it. */
static bool unlock_only(struct play *play, const char *name)
{
    const struct operation *operation = &play->operation;
    struct lock_request *found = lock_table_find(play->table, play_owners[operation->owner], name);

    return found != NULL && lock_table_unlock_only(play->table, found, operation->now_ms);
}

static void do_unlock(struct play *play)
{
    const struct operation *operation = &play->operation;
    const char *names[MODEL_GROUP_NAMES];
    size_t first = 99, wanted_first = 99;
    size_t wanted = model_unlock(&play->model, operation->owner, operation->names,
                                 operation->name_count, &wanted_first);

    choose_names(operation->names, operation->name_count, names);
    if (operation->name_count == 1 && operation->now_ms % 2 != 0 && unlock_only(play, names[0])) {
        EXPECT(play, wanted == 1 && wanted_first == 0);
        return;
    }
    EXPECT(play,
           lock_table_unlock(play->table, play_owners[operation->owner], names,
                             (size_t)operation->name_count, operation->now_ms, &first) == wanted);
    EXPECT(play, first == wanted_first);
}

static struct lock_request *find_ticket(const struct play *play, uint64_t ticket)
{
    struct lock_request *request = NULL;
    const struct lock_seat *seat = NULL;

    while ((request = lock_table_next_waiter(play->table, request)) != NULL)
        if (request->ticket == ticket)
            return request;
    while ((seat = lock_table_next_held(play->table, seat)) != NULL)
        if (seat->request->ticket == ticket)
            return seat->request;
    return NULL;
}

static void do_extend(struct play *play, struct lock_request *request)
{
    const struct operation *operation = &play->operation;
    int64_t add_ms = operation->pid + 1, most_ms = (int64_t)operation->host * 50;
    bool wanted;

    if (request->state != LOCK_HELD)
        return;
    wanted = model_extend(&play->model, operation->ticket, add_ms, most_ms);
    EXPECT(play, (lock_table_extend(play->table, request, add_ms, &most_ms, operation->now_ms) ==
                  LOCK_EXTENDED) == wanted);
}

static void do_request(struct play *play)
{
    const struct operation *operation = &play->operation;
    struct lock_request *request = find_ticket(play, operation->ticket);

    EXPECT(play, request != NULL);
    if (operation->kind == OPERATION_END) {
        model_end(&play->model, operation->ticket, operation->reason);
        lock_table_end(play->table, request, operation->reason, operation->now_ms);
    } else if (operation->kind == OPERATION_BOOTED) {
        model_booted(&play->model, operation->ticket);
        lock_table_booted(play->table, request, operation->now_ms);
    } else if (operation->kind == OPERATION_EXTEND) {
        do_extend(play, request);
    } else if (operation->kind == OPERATION_FOLLOW) {
        model_follow(&play->model, operation->ticket, operation->pid, operation->job);
        lock_table_follow(play->table, request, (uint64_t)operation->pid, (uint64_t)operation->job,
                          operation->now_ms);
    } else if (operation->kind == OPERATION_SET_AWAY) {
        if (request->state == LOCK_WAITING)
            EXPECT(play, lock_table_set_away(play->table, request, operation->now_ms) ==
                             model_set_away(&play->model, operation->ticket));
    } else {
        model_set_present(&play->model, operation->ticket, operation->present);
        lock_table_set_present(play->table, request, operation->present, operation->now_ms);
    }
}

static void set_offline(struct play *play, int name, bool offline)
{
    model_set_offline(&play->model, name, offline);
    EXPECT(play,
           lock_table_set_offline(play->table, play_names[name], offline, play->model.now_ms) == 0);
}

/* Of a slice of an end: sometimes one is enough, and sometimes each request has its own. */
static size_t looks_of(int64_t now_ms)
{
    return 1 + (uint64_t)now_ms % 100;
}

static void do_operation(struct play *play)
{
    const struct operation *operation = &play->operation;
    struct model *model = &play->model;
    int64_t now_ms = operation->now_ms;

    switch (operation->kind) {
    case OPERATION_ASK:
        do_ask(play);
        break;
    case OPERATION_UNLOCK:
        do_unlock(play);
        break;
    case OPERATION_BREAK:
        EXPECT(play, lock_table_break(play->table, play_names[operation->names[0]], now_ms) ==
                         model_break(model, operation->names[0]));
        break;
    case OPERATION_SET_OFFLINE:
        set_offline(play, operation->names[0], !operation->present);
        break;
    case OPERATION_END_PROCESS:
        EXPECT(play, slices_end_process(play->table, play_hosts[operation->host],
                                        (uint64_t)operation->pid, looks_of(now_ms), now_ms) ==
                         model_end_process(model, operation->host, operation->pid));
        break;
    case OPERATION_END_JOB:
        EXPECT(play, slices_end_job(play->table, play_jobs[operation->job], looks_of(now_ms),
                                    now_ms) == model_end_job(model, operation->job));
        break;
    case OPERATION_EXPIRE:
        model_expire(model);
        lock_table_expire(play->table, now_ms);
        break;
    case OPERATION_SET_COUNTERS:
        model->next_ticket = operation->ticket;
        model->next_token = operation->token;
        lock_table_set_counters(play->table, operation->ticket, operation->token);
        break;
    default:
        do_request(play);
    }
}

static void play_one(struct play *play)
{
    play->model.now_ms = play->operation.now_ms;
    play->model.event_count = 0;
    play->event_count = 0;
    do_operation(play);
    play_compare(play);
    play_check_properties(play);
    play->step++;
}

static void drain(struct play *play)
{
    for (int name = 0; name < MODEL_NAMES; name++) {
        play->operation = (struct operation){.kind = OPERATION_SET_OFFLINE,
                                             .now_ms = play->model.now_ms,
                                             .names = {name},
                                             .present = true};
        play_one(play);
    }
    while (play->model.request_count > 0) {
        play->operation = (struct operation){
            .kind = OPERATION_END,
            .now_ms = play->model.now_ms,
            .ticket = play->model
                          .requests[play_random(&play->random, (uint64_t)play->model.request_count)]
                          .ticket,
            .reason = LOCK_REASON_GONE,
        };
        play_one(play);
    }
    EXPECT(play, lock_table_name_count(play->table) == 0);
    EXPECT(play, lock_table_held_count(play->table) == 0);
    EXPECT(play, lock_table_waiter_count(play->table) == 0);
    EXPECT(play, lock_table_next_deadline(play->table) == INT64_MAX);
}

/* Destroys the table with all that is in it; the counters go on, as across a restart. */
static void start_over(struct play *play)
{
    lock_table_destroy(play->table);
    play->table = lock_table_create(record, play);
    assert_non_null(play->table);
    lock_table_set_counters(play->table, play->model.next_ticket, play->model.next_token);
    play->model.request_count = 0;
    memset(play->model.offline, 0, sizeof play->model.offline);
}

/* A driver that never gets somewhere proves nothing about it. */
static void check_coverage(const struct play *play, uint64_t ops)
{
    if (ops < SLOW_OPS)
        return;
    for (int outcome = 0; outcome < LOCK_OUTCOME_NO_MEMORY; outcome++)
        EXPECT(play, play->outcomes[outcome] > ops / 2000);
    for (int kind = 0; kind <= LOCK_EVENT_KEPT; kind++)
        EXPECT(play, play->kinds[kind] > ops / 2000);
    for (int reason = 0; reason <= LOCK_REASON_GONE; reason++)
        EXPECT(play, play->reasons[reason] > ops / 2000);
    EXPECT(play, play->reasons[LOCK_REASON_KEPT] > ops / 2000);
    EXPECT(play, play->granted_overlaps > ops / 2000);
    for (int groups = 1; groups <= MODEL_GROUPS; groups++)
        EXPECT(play, play->granted_groups[groups] > ops / 2000);
}

static uint64_t number_from(const char *variable, uint64_t normal)
{
    const char *text = getenv(variable);
    uint64_t value = normal;

    if (text != NULL && number_parse(text, UINT64_MAX, &value) != 0)
        fail_msg("%s: %s is not a number", variable, text);
    return value;
}

static uint64_t choose_seed(void)
{
    const char *text = getenv("FARMLOCK_SEED");
    struct timespec now;

    if (text == NULL || strcmp(text, "random") != 0)
        return number_from("FARMLOCK_SEED", FIXED_SEED);
    clock_gettime(CLOCK_REALTIME, &now);
    return ((uint64_t)now.tv_sec << 20) ^ (uint64_t)now.tv_nsec ^ ((uint64_t)getpid() << 32);
}

static void random_operations_match_the_model(void **state)
{
    static struct play play;
    uint64_t ops =
        number_from("FARMLOCK_OPS", getenv("FARMLOCK_SLOW") != NULL ? SLOW_OPS : NORMAL_OPS);

    (void)state;
    play.seed = choose_seed();
    play.random = play.seed;
    printf("# FARMLOCK_SEED=%" PRIu64 " FARMLOCK_OPS=%" PRIu64 "\n", play.seed, ops);
    fflush(stdout);
    model_init(&play.model);
    start_over(&play);
    while (play.step < ops) {
        play.operation = operation_random(&play.model, &play.random);
        play_one(&play);
        if (play.step % RESTART_EVERY == 0)
            start_over(&play);
        else if (play.step % DRAIN_EVERY == 0)
            drain(&play);
    }
    drain(&play);
    check_coverage(&play, ops);
    lock_table_destroy(play.table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_operations_match_the_model),
    };

    return cmocka_run_group_tests_name("lock table model", tests, NULL, NULL);
}
