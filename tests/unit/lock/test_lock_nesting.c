/* Locks inside locks: who waits for himself, and who in a circle, against a model that looks at
 * all. Must not test what grants or ends anything. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lock/nesting.h"
#include "lock_fixture.h"

static void put_inside(struct lock_request *inner, struct lock_request *outer)
{
    assert_int_equal(lock_table_set_inside(inner, outer), 0);
}

static bool waits_for_itself(const struct lock_request *request)
{
    struct lock_wait_step step;
    size_t steps = 0;

    return lock_table_waits_for_itself(request, &step, &steps);
}

static void who_wants_what_it_is_inside_of_waits_for_itself(void **state)
{
    struct fixture *f = *state;
    struct lock_request *outer = fixture_get(f, "olga", "a");
    struct lock_request *inner = fixture_queue(f, "omar", "a");
    struct lock_wait_step step;
    size_t steps = 0;

    assert_false(waits_for_itself(inner));
    put_inside(inner, outer);
    assert_true(lock_table_waits_for_itself(inner, &step, &steps));
    assert_int_equal(steps, 1);
    assert_string_equal(step.name, "a");
    assert_ptr_equal(step.by, outer);
    fixture_unlock(f, "olga", "a");
    assert_int_equal(inner->state, LOCK_HELD);
    assert_false(waits_for_itself(inner));
}

static void what_others_have_may_come_free(void **state)
{
    struct fixture *f = *state;
    struct lock_request *outer = fixture_get(f, "olga", "2/a:b");
    struct lock_request *one, *two, *both;

    fixture_get(f, "otto", "c");
    one = fixture_queue(f, "omar", "a:c");
    two = fixture_queue(f, "owen", "2/a:b:c");
    both = fixture_queue(f, "ozzy", "c+b");
    put_inside(one, outer);
    put_inside(two, outer);
    put_inside(both, outer);
    assert_false(waits_for_itself(one));
    assert_true(waits_for_itself(two));
    assert_true(waits_for_itself(both));
}

static void circle_is(const struct lock_request *request, const char *expected)
{
    struct lock_wait_step steps[8];
    size_t count = lock_table_find_circle(request, steps, 8);
    char text[256] = "";

    for (size_t i = 0; i < count; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s of %s", i > 0 ? ", " : "",
                 steps[i].name, steps[i].by->owner);
    assert_string_equal(text, expected);
}

static void however_many_readers_a_lock_has_few_are_looked_at(void **state)
{
    enum { READERS = 1000, AMONG = 700 };
    struct fixture *f = *state;
    struct lock_request *among = NULL, *writer;
    struct lock_wait_step step;
    size_t steps = 0;

    for (int i = 0; i < READERS; i++) {
        char owner[16];
        struct lock_request *reader;

        snprintf(owner, sizeof owner, "r%d", i);
        reader = fixture_get(f, owner, "1s/a");
        if (i == AMONG)
            among = reader;
    }
    writer = fixture_queue(f, "omar", "a");
    put_inside(writer, fixture_get(f, "olga", "b"));
    assert_false(lock_table_waits_for_itself(writer, &step, &steps));
    put_inside(writer, among);
    assert_true(lock_table_waits_for_itself(writer, &step, &steps));
    assert_ptr_equal(step.by, among);
    assert_true(steps == 2 || steps == 3);
}

static void opposite_orders_are_a_circle(void **state)
{
    struct fixture *f = *state;
    struct lock_request *a = fixture_get(f, "olga", "a"), *b = fixture_get(f, "omar", "b");
    struct lock_request *to_b = fixture_queue(f, "olga.in", "b");
    struct lock_request *to_a = fixture_queue(f, "omar.in", "a"), *behind;

    put_inside(to_b, a);
    circle_is(to_b, "");
    put_inside(to_a, b);
    circle_is(to_b, "b of omar, a of olga");
    circle_is(to_a, "a of olga, b of omar");
    behind = fixture_queue(f, "otto", "b");
    circle_is(behind, "b of omar, a of olga, b of omar");
    assert_false(waits_for_itself(to_a));
    fixture_unlock(f, "olga", "a");
    circle_is(to_b, "");
    circle_is(behind, "");
}

static void a_promise_is_a_link_of_a_circle_too(void **state)
{
    struct fixture *f = *state;
    struct lock_request *a = fixture_get(f, "olga", "a");
    struct lock_request *pair = fixture_queue(f, "omar", "a+p");
    struct lock_request *inner = fixture_queue(f, "olga.in", "p");

    put_inside(inner, a);
    circle_is(inner, "p of omar, a of olga");
    circle_is(pair, "a of olga, p of omar");
    assert_int_equal(lock_table_set_inside(inner, a), 0); /* twice is once */
    lock_table_end(f->table, a, LOCK_REASON_BREAK, f->now_ms);
    circle_is(inner, "");
    assert_null(inner->outers);
}

static void who_may_come_back_or_not_is_in_no_circle(void **state)
{
    struct fixture *f = *state;
    struct lock_request *a = fixture_get(f, "olga", "a"), *b = fixture_get(f, "omar", "b");
    struct lock_request *to_b = fixture_queue(f, "olga.in", "b");
    struct lock_request *to_a = fixture_queue(f, "omar.in", "a");

    put_inside(to_b, a);
    put_inside(to_a, b);
    lock_table_set_present(f->table, to_a, false, f->now_ms);
    circle_is(to_b, "");
    lock_table_set_present(f->table, to_a, true, f->now_ms);
    circle_is(to_b, "b of omar, a of olga");
}

static void too_many_are_not_looked_at(void **state)
{
    struct fixture *f = *state;
    struct lock_request *outers[LOCK_CIRCLE_NODES], *inner = NULL;
    char owner[32], name[32];

    for (size_t i = 0; i < LOCK_CIRCLE_NODES; i++) {
        snprintf(name, sizeof name, "l%zu", i);
        outers[i] = fixture_get(f, name, name);
    }
    for (size_t i = 0; i < LOCK_CIRCLE_NODES; i++) {
        snprintf(owner, sizeof owner, "in%zu", i);
        snprintf(name, sizeof name, "l%zu", (i + 1) % LOCK_CIRCLE_NODES);
        inner = fixture_queue(f, owner, name);
        put_inside(inner, outers[i]);
    }
    circle_is(inner, "");
}

/* What the model knows: everything, and looks at everything. */
enum { PEOPLE = 6, LOCKS = 5, ROUNDS = 20000 };

struct play {
    struct fixture *fixture;
    struct lock_request *live[64];
    bool inside[64][64]; /* by their places in `live` */
    bool stuck[64];
    size_t count;
};

static size_t place_of(const struct play *play, const struct lock_request *request)
{
    for (size_t i = 0; i < play->count; i++) {
        if (play->live[i] == request)
            return i;
    }
    fail_msg("a request is not known");
    return 0;
}

static void gather(struct play *play)
{
    const struct lock_seat *seat = NULL;
    struct lock_request *waiter = NULL;

    play->count = 0;
    while ((seat = lock_table_next_held(play->fixture->table, seat)) != NULL) {
        bool known = false;

        for (size_t i = 0; i < play->count; i++)
            known |= play->live[i] == seat->request;
        if (!known)
            play->live[play->count++] = seat->request;
    }
    while ((waiter = lock_table_next_waiter(play->fixture->table, waiter)) != NULL)
        play->live[play->count++] = waiter;
    assert_true(play->count <= LOCK_CIRCLE_NODES);
}

/* Whether a waiting request lacks what only the stuck have. */
static bool model_lacks(const struct play *play, const struct lock_request *request)
{
    for (uint32_t g = 0; g < request->group_count; g++) {
        uint32_t obtainable = 0;

        for (uint32_t i = 0; i < request->seat_count; i++) {
            const char *name = lock_seat_name(&request->seats[i]);
            struct lock_request *holder;
            bool is_lost = false;

            if (request->seats[i].group != g)
                continue;
            holder = lock_table_holder(play->fixture->table, name);
            for (size_t j = 0; holder == NULL && j < play->count; j++) {
                for (uint32_t k = 0; k < play->live[j]->seat_count; k++) {
                    const struct lock_seat *seat = &play->live[j]->seats[k];

                    if (seat->state == LOCK_SEAT_PROMISED &&
                        strcmp(lock_seat_name(seat), name) == 0)
                        holder = play->live[j];
                }
            }
            is_lost = holder != NULL && holder != request && play->stuck[place_of(play, holder)];
            obtainable += !is_lost;
        }
        if (obtainable < request->groups[g].needed)
            return true;
    }
    return false;
}

static bool model_stays_stuck(const struct play *play, size_t at)
{
    if (play->live[at]->state == LOCK_WAITING)
        return model_lacks(play, play->live[at]);
    for (size_t i = 0; i < play->count; i++) {
        if (play->live[i]->state == LOCK_WAITING && play->inside[i][at] && play->stuck[i])
            return true;
    }
    return false;
}

static void model_find_stuck(struct play *play)
{
    bool changed = true;

    memset(play->inside, 0, sizeof play->inside);
    for (size_t i = 0; i < play->count; i++) {
        play->stuck[i] = true;
        for (size_t j = 0; j < play->count; j++) {
            play->inside[i][j] = play->live[j]->user_data == play->live[i]->payer;
        }
    }
    while (changed) {
        changed = false;
        for (size_t i = 0; i < play->count; i++) {
            if (play->stuck[i] && !model_stays_stuck(play, i)) {
                play->stuck[i] = false;
                changed = true;
            }
        }
    }
}

static void compare(struct play *play, size_t *circles)
{
    gather(play);
    model_find_stuck(play);
    for (size_t i = 0; i < play->count; i++) {
        struct lock_wait_step steps[LOCK_CIRCLE_NODES];
        size_t count = lock_table_find_circle(play->live[i], steps, LOCK_CIRCLE_NODES);

        assert_int_equal(count > 0, play->live[i]->state == LOCK_WAITING && play->stuck[i]);
        for (size_t s = 0; s < count; s++)
            assert_true(play->stuck[place_of(play, steps[s].by)]);
        *circles += count > 0;
    }
}

/* An owner's outer grant is tagged with a number, and so is what it is inside of. */
static void ask_inside(struct play *play, struct lock_request *outer)
{
    static const char *const demands[] = {"a", "b", "c:d", "a:b", "2/a:b:c", "c+d", "e", "d+e"};
    static unsigned next;
    char owner[32];
    struct lock_result result;

    snprintf(owner, sizeof owner, "o%u", next++);
    result = fixture_ask(play->fixture, owner, demands[rand() % 8]);
    if (result.request == NULL)
        return;
    result.request->user_data = (void *)(uintptr_t)next; /* a number that nobody else has */
    if (outer != NULL && outer->state == LOCK_HELD && outer != result.request) {
        put_inside(result.request, outer);
        result.request->payer = outer->user_data;
    }
}

static void random_nestings_are_as_a_model_that_looks_at_all_has_them(void **state)
{
    struct play play = {.fixture = *state};
    size_t circles = 0;

    srand(1);
    for (int i = 0; i < ROUNDS; i++) {
        size_t pick;

        gather(&play);
        pick = play.count > 0 ? (size_t)rand() % play.count : 0;
        if (play.count < LOCKS + PEOPLE && rand() % 3 != 0)
            ask_inside(&play, play.count > 0 ? play.live[pick] : NULL);
        else if (play.count > 0)
            lock_table_end(play.fixture->table, play.live[pick], LOCK_REASON_BREAK, 0);
        play.fixture->events[0] = '\0';
        compare(&play, &circles);
    }
    assert_true(circles > ROUNDS / 10);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(who_wants_what_it_is_inside_of_waits_for_itself),
        TEST(what_others_have_may_come_free),
        TEST(however_many_readers_a_lock_has_few_are_looked_at),
        TEST(opposite_orders_are_a_circle),
        TEST(a_promise_is_a_link_of_a_circle_too),
        TEST(who_may_come_back_or_not_is_in_no_circle),
        TEST(too_many_are_not_looked_at),
        TEST(random_nestings_are_as_a_model_that_looks_at_all_has_them),
    };

    return cmocka_run_group_tests_name("lock nesting", tests, NULL, NULL);
}
