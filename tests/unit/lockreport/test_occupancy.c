/* How full a group was, against a look at each instant by itself.
 * Must not know how it is worked out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lockreport/occupancy.h"

enum { ROUNDS = 2000, SPANS_MOST = 12, TIME = 30 };

static const struct span within = {.from_ms = 0, .to_ms = TIME};

/* A hold with its wait, or a wait that came to nothing. */
struct event {
    struct hold hold;
    bool is_held;
};

static struct span random_span(unsigned int *seed)
{
    int64_t from = rand_r(seed) % (TIME + 20) - 10;

    return (struct span){.from_ms = from, .to_ms = from + rand_r(seed) % 12};
}

static int compare_ends(const void *a, const void *b)
{
    const struct event *left = a, *right = b;

    return (left->hold.span.to_ms < right->hold.span.to_ms) -
           (left->hold.span.to_ms > right->hold.span.to_ms);
}

/* Of those that touch the time, as a group lets in no others. */
static size_t fill(struct event *events, unsigned int *seed)
{
    size_t count = 0;

    for (int i = rand_r(seed) % SPANS_MOST; i > 0; i--) {
        const struct span span = random_span(seed);
        const struct event event = {
            .hold = {.span = span, .asked_ms = span.from_ms - rand_r(seed) % 5},
            .is_held = rand_r(seed) % 3 > 0,
        };

        if (span_touches(&span, &within))
            events[count++] = event;
    }
    if (count > 0)
        qsort(events, count, sizeof *events, compare_ends);
    return count;
}

static bool lasts_at(int64_t from_ms, int64_t to_ms, int64_t time_ms)
{
    return from_ms <= time_ms && time_ms < to_ms;
}

/* What a look at each instant by itself says. */
static void look(const struct event *events, size_t count, size_t capacity,
                 struct occupancy_level *full, size_t *peak)
{
    for (int64_t time_ms = within.from_ms; time_ms < within.to_ms; time_ms++) {
        size_t held = 0, waiting = 0;

        for (size_t i = 0; i < count; i++) {
            const struct hold *hold = &events[i].hold;
            bool lasts = lasts_at(hold->span.from_ms, hold->span.to_ms, time_ms);

            held += events[i].is_held && lasts;
            waiting +=
                events[i].is_held ? lasts_at(hold->asked_ms, hold->span.from_ms, time_ms) : lasts;
        }
        if (held >= capacity) {
            full->time_ms++;
            full->waiting_ms += waiting > 0;
        }
        if (held > *peak)
            *peak = held;
    }
}

static void play(struct occupancy *occupancy, const struct event *events, size_t count)
{
    occupancy_begin(occupancy, &within);
    for (size_t i = 0; i < count; i++) {
        const struct hold *hold = &events[i].hold;

        assert_int_equal(events[i].is_held ? occupancy_add_hold(occupancy, hold)
                                           : occupancy_add_wait(occupancy, &hold->span),
                         0);
    }
    assert_int_equal(occupancy_finish(occupancy), 0);
}

static void it_is_what_each_instant_says(void **state)
{
    unsigned int seed = 17;

    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        struct event events[SPANS_MOST];
        size_t count = fill(events, &seed), capacity = 1 + (size_t)(rand_r(&seed) % 4), peak = 0;
        struct occupancy_level found, expected = {0};
        struct occupancy occupancy;

        play(&occupancy, events, count);
        look(events, count, capacity, &expected, &peak);
        found = occupancy_full(&occupancy, capacity);
        assert_int_equal(found.time_ms, expected.time_ms);
        assert_int_equal(found.waiting_ms, expected.waiting_ms);
        /* One that takes no time is held at its instant, too. */
        assert_true(occupancy.peak >= peak && occupancy.peak <= count);
        assert_true(occupancy_bytes(&occupancy) < 4096);
        occupancy_fini(&occupancy);
    }
}

static void what_is_handed_over_is_held_once(void **state)
{
    const struct event events[] = {{{{5, TIME}, 5, 0}, true}, {{{0, 5}, 0, 0}, true}};
    struct occupancy occupancy;

    (void)state;
    play(&occupancy, events, 2);
    assert_int_equal(occupancy.peak, 1);
    assert_int_equal(occupancy_full(&occupancy, 1).time_ms, TIME);
    occupancy_fini(&occupancy);
}

static void nothing_is_never_full(void **state)
{
    struct occupancy occupancy;

    (void)state;
    play(&occupancy, NULL, 0);
    assert_int_equal(occupancy.peak, 0);
    assert_int_equal(occupancy_full(&occupancy, 1).time_ms, 0);
    occupancy_fini(&occupancy);
}

/* As of a history of a clock that was set back. */
static void what_comes_too_late_counts_from_there_on(void **state)
{
    const struct event events[] = {{{{10, 20}, 10, 0}, true}, {{{5, 25}, 5, 0}, true}};
    struct occupancy occupancy;

    (void)state;
    play(&occupancy, events, 2);
    assert_int_equal(occupancy.peak, 2);
    assert_int_equal(occupancy_full(&occupancy, 2).time_ms, 10);
    assert_int_equal(occupancy_full(&occupancy, 1).time_ms, 15);
    occupancy_fini(&occupancy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_what_each_instant_says),
        cmocka_unit_test(what_is_handed_over_is_held_once),
        cmocka_unit_test(nothing_is_never_full),
        cmocka_unit_test(what_comes_too_late_counts_from_there_on),
    };

    return cmocka_run_group_tests_name("occupancy", tests, NULL, NULL);
}
