/* What the steps of the lock table cost as it grows, in basic blocks run: the Makefile builds this
 * program's own lock table with -fsanitize-coverage=trace-pc, which reports each one.
 * Must not look at a clock: counts are the same on a busy machine, and under valgrind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lock/table.h"
#include "lock_slices.h"
#include "tests/unit/support/block_costs.h"

/* O(log n) from 1,000 to 100,000 grows by log 100,000 / log 1,000 = 1.7; anything linear in
 * waiters, locks or owners grows by a hundred.
 */
enum { SMALL = 1000, MIDDLE = 10000, LARGE = 100000, MOST_GROWTH = 3, REPEATS = 40 };
enum { TEXT = 32, START_MS = 1000 };

/* One lock that everybody waits for, and many locks that are held. */
struct crowd {
    struct lock_table *table;
    size_t size;
    int64_t now_ms;
    struct lock_request *granted; /* the last one */
    struct lock_request **waiters;
};

static void on_event(void *context, const struct lock_event *event)
{
    struct crowd *crowd = context;

    if (event->kind == LOCK_EVENT_GRANTED)
        crowd->granted = event->request;
}

static struct lock_result ask(struct crowd *crowd, const char *owner, const char *name,
                              const char *other, struct lock_ask terms)
{
    const char *const names[] = {name, other};
    const struct lock_group group = {
        .names = names, .name_count = other != NULL ? 2 : 1, .count = 1};

    terms.owner = owner;
    terms.groups = &group;
    terms.group_count = 1;
    return lock_table_request(crowd->table, &terms, crowd->now_ms);
}

static const char *numbered(char text[TEXT], const char *prefix, size_t i)
{
    snprintf(text, TEXT, "%s%06zu", prefix, i);
    return text;
}

/* Everybody waits by one process in one job, as the tasks of a big array job may. */
static struct lock_result wait_for_hot(struct crowd *crowd, size_t i, bool wait)
{
    const struct lock_ask terms = {.wait = wait, .host = "login", .pid = 5, .job = "array"};
    char owner[TEXT];

    return ask(crowd, numbered(owner, "waiter", i), "hot", i % 2 == 0 ? "warm" : NULL, terms);
}

/* Half of the locks have an owner each, the others are of one who never has enough. */
static struct lock_result hold_own(struct crowd *crowd, size_t i)
{
    char owner[TEXT], name[TEXT], job[TEXT];
    const struct lock_ask terms = {.host = "farm",
                                   .pid = i + 1,
                                   .job = numbered(job, "job", i),
                                   .autounlock = true,
                                   .hold_ms = 1000000 + (int64_t)(i * 7919 % crowd->size)};

    return ask(crowd, i % 2 == 0 ? "hog" : numbered(owner, "holder", i), numbered(name, "lock", i),
               NULL, terms);
}

static void crowd_init(struct crowd *crowd, size_t size)
{
    const struct lock_ask terms = {.wait = true};

    *crowd = (struct crowd){.size = size, .now_ms = START_MS};
    crowd->table = lock_table_create(on_event, crowd);
    crowd->waiters = calloc(size, sizeof(struct lock_request *));
    assert_non_null(crowd->table);
    assert_non_null(crowd->waiters);
    assert_int_equal(ask(crowd, "first", "warm", NULL, terms).outcome, LOCK_OUTCOME_GRANTED);
    assert_int_equal(ask(crowd, "first", "hot", NULL, terms).outcome, LOCK_OUTCOME_GRANTED);
    for (size_t i = 0; i < size; i++)
        assert_int_equal(hold_own(crowd, i).outcome, LOCK_OUTCOME_GRANTED);
    for (size_t i = 0; i < size; i++) {
        crowd->waiters[i] = wait_for_hot(crowd, i, true).request;
        assert_non_null(crowd->waiters[i]);
    }
    crowd->granted = lock_table_holder(crowd->table, "hot");
}

static void crowd_fini(struct crowd *crowd)
{
    lock_table_destroy(crowd->table);
    free(crowd->waiters);
}

/* Scattered, none twice, and behind those that the handovers serve. */
static size_t scattered(const struct crowd *crowd, size_t i)
{
    return crowd->size / 4 + i * (crowd->size / 2 / REPEATS);
}

typedef void step_fn(struct crowd *crowd, size_t i);

static void hand_over(struct crowd *crowd, size_t i)
{
    const char *const names[] = {"hot"};
    struct lock_request *before = crowd->granted;

    (void)i;
    assert_int_equal(lock_table_unlock(crowd->table, before->owner, names, 1, crowd->now_ms, NULL),
                     1);
    assert_ptr_equal(lock_table_holder(crowd->table, "hot"), crowd->granted);
}

static void take_and_give_back(struct crowd *crowd, size_t i)
{
    const char *const names[] = {"lock000500x"};
    char owner[TEXT];

    numbered(owner, "new", i);
    assert_int_equal(ask(crowd, owner, names[0], NULL, (struct lock_ask){0}).outcome,
                     LOCK_OUTCOME_GRANTED);
    assert_int_equal(lock_table_unlock(crowd->table, owner, names, 1, crowd->now_ms, NULL), 1);
}

static void queue_up_and_hang_up(struct crowd *crowd, size_t i)
{
    struct lock_result result = wait_for_hot(crowd, crowd->size + i, true);

    assert_int_equal(result.outcome, LOCK_OUTCOME_QUEUED);
    lock_table_end(crowd->table, result.request, LOCK_REASON_GONE, crowd->now_ms);
}

static void be_refused(struct crowd *crowd, size_t i)
{
    assert_int_equal(wait_for_hot(crowd, crowd->size + i, false).outcome, LOCK_OUTCOME_REFUSED);
}

static void leave_the_middle(struct crowd *crowd, size_t i)
{
    lock_table_end(crowd->table, crowd->waiters[scattered(crowd, i) + 1], LOCK_REASON_GONE,
                   crowd->now_ms);
}

static void renew_a_wait(struct crowd *crowd, size_t i)
{
    assert_int_equal(wait_for_hot(crowd, scattered(crowd, i), true).outcome, LOCK_OUTCOME_QUEUED);
}

static void renew_a_grant(struct crowd *crowd, size_t i)
{
    assert_int_equal(hold_own(crowd, scattered(crowd, i)).outcome, LOCK_OUTCOME_GRANTED);
}

static void follow_another_process(struct crowd *crowd, size_t i)
{
    char name[TEXT];
    struct lock_request *holder =
        lock_table_holder(crowd->table, numbered(name, "lock", scattered(crowd, i) + 3));

    lock_table_follow(crowd->table, holder, crowd->size + i, 1, crowd->now_ms);
    assert_int_equal(holder->process->pid, crowd->size + i);
}

static void put_a_limit_off(struct crowd *crowd, size_t i)
{
    char name[TEXT];
    struct lock_request *holder =
        lock_table_holder(crowd->table, numbered(name, "lock", scattered(crowd, i) + 3));
    int64_t most_ms = 0;

    assert_int_equal(lock_table_extend(crowd->table, holder, 5000, &most_ms, crowd->now_ms),
                     LOCK_EXTENDED);
}

static void go_and_come_back(struct crowd *crowd, size_t i)
{
    struct lock_request *request = crowd->waiters[scattered(crowd, i)];

    lock_table_set_present(crowd->table, request, false, crowd->now_ms);
    lock_table_set_present(crowd->table, request, true, crowd->now_ms);
}

static void leave_for_a_while(struct crowd *crowd, size_t i)
{
    struct lock_request *request = crowd->waiters[scattered(crowd, i)];

    assert_true(lock_table_set_away(crowd->table, request, crowd->now_ms));
    lock_table_set_present(crowd->table, request, true, crowd->now_ms);
}

static void die(struct crowd *crowd, size_t i)
{
    assert_int_equal(
        slices_end_process(crowd->table, "farm", scattered(crowd, i) + 1, SIZE_MAX, crowd->now_ms),
        1);
}

static void end_a_job(struct crowd *crowd, size_t i)
{
    char job[TEXT];

    numbered(job, "job", scattered(crowd, i) + 1);
    assert_int_equal(slices_end_job(crowd->table, job, SIZE_MAX, crowd->now_ms), 1);
}

static void break_a_lock(struct crowd *crowd, size_t i)
{
    char name[TEXT];

    numbered(name, "lock", scattered(crowd, i) + 2);
    assert_true(lock_table_break(crowd->table, name, crowd->now_ms));
}

static void expire_one(struct crowd *crowd, size_t i)
{
    size_t held = lock_table_held_count(crowd->table);

    (void)i;
    lock_table_expire(crowd->table, lock_table_next_deadline(crowd->table));
    assert_int_equal(lock_table_held_count(crowd->table), held - 1);
}

static void ask_the_last_waiter(struct crowd *crowd, size_t i)
{
    const struct lock_request *request = crowd->waiters[crowd->size - 1 - i];

    assert_true(lock_table_position(crowd->table, request) > crowd->size / 4);
    assert_non_null(lock_table_blocker(crowd->table, request, NULL));
    assert_true(lock_table_queue_length(crowd->table, "hot") > crowd->size / 4);
    assert_ptr_equal(lock_table_find(crowd->table, request->owner, "hot"), request);
}

static void step_through_lists(struct crowd *crowd, size_t i)
{
    char name[TEXT];
    const struct lock_request *holder =
        lock_table_holder(crowd->table, numbered(name, "lock", scattered(crowd, i)));

    if (holder != NULL)
        assert_non_null(lock_table_next_held(crowd->table, &holder->seats[0]));
    assert_non_null(lock_table_next_waiter(crowd->table, crowd->waiters[scattered(crowd, i)]));
}

static const struct {
    const char *name;
    step_fn *step;
} steps[] = {
    {"a handover to the next waiter", hand_over},
    {"taking a free lock and giving it back", take_and_give_back},
    {"queueing up and hanging up", queue_up_and_hang_up},
    {"being refused", be_refused},
    {"renewing a wait", renew_a_wait},
    {"renewing a grant", renew_a_grant},
    {"following another process", follow_another_process},
    {"putting a hold limit off", put_a_limit_off},
    {"going and coming back", go_and_come_back},
    {"being away and coming back", leave_for_a_while},
    {"position and blocker of the last waiter", ask_the_last_waiter},
    {"a step through the lists", step_through_lists},
    {"leaving the middle of the queue", leave_the_middle},
    {"a process that dies", die},
    {"a job that ends", end_a_job},
    {"a lock that is broken", break_a_lock},
    {"a hold limit", expire_one},
};

enum { STEPS = sizeof steps / sizeof *steps };

static void take_step(void *crowd, size_t step, size_t repeat)
{
    steps[step].step(crowd, repeat);
}

static void measure(size_t size, uint64_t costs[STEPS])
{
    struct crowd crowd;

    crowd_init(&crowd, size);
    block_costs_measure(take_step, &crowd, STEPS, REPEATS, costs);
    crowd_fini(&crowd);
}

static void no_step_costs_more_than_a_logarithm(void **state)
{
    bool slow = getenv("FARMLOCK_SLOW") != NULL;
    const size_t sizes[] = {SMALL, MIDDLE, slow ? MIDDLE : LARGE};
    uint64_t costs[3][STEPS];

    (void)state;
    for (int k = 0; k < 3; k++)
        measure(sizes[k], costs[k]);
    for (size_t s = 0; s < STEPS; s++) {
        const uint64_t of_step[] = {costs[0][s], costs[1][s], costs[2][s]};

        block_costs_expect(steps[s].name, of_step, sizes, MOST_GROWTH);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_step_costs_more_than_a_logarithm),
    };

    return cmocka_run_group_tests_name("lock table cost", tests, NULL, NULL);
}
