/* The last events, as who follows them reads them.
 * Must not look into the ring. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "http/event_ring.h"

enum { LIFE = 0x2a, ALL = 1 << 24 };

static struct event_ring ring;

static int set_up(void **state)
{
    (void)state;
    event_ring_init(&ring, LIFE);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    event_ring_fini(&ring);
    return 0;
}

static void add(const char *data)
{
    struct buffer text = {0};

    buffer_add_text(&text, data);
    event_ring_add(&ring, "granted", &text);
    buffer_fini(&text);
}

static void add_many(size_t count, size_t size)
{
    char *data = malloc(size + 1);

    assert_non_null(data);
    memset(data, 'x', size);
    data[size] = '\0';
    for (size_t i = 0; i < count; i++)
        add(data);
    free(data);
}

/* How many events are read from a number on, and whether none is missing. */
static size_t count_from(uint64_t number, size_t most, bool *is_here)
{
    struct buffer text = {0};
    size_t count = 0;

    *is_here = event_ring_read(&ring, &number, most, &text);
    buffer_add(&text, "", 1);
    for (const char *at = text.data; (at = strstr(at, "event: ")) != NULL; at++)
        count++;
    buffer_fini(&text);
    return count;
}

static void events_are_told_with_their_numbers(void **state)
{
    struct buffer text = {0};
    uint64_t number = event_ring_next(&ring);

    (void)state;
    add("{\"a\":1}");
    add("{}");
    assert_true(event_ring_read(&ring, &number, ALL, &text));
    buffer_add(&text, "", 1);
    assert_string_equal(text.data, "id: 2a-1\nevent: granted\ndata: {\"a\":1}\n\n"
                                   "id: 2a-2\nevent: granted\ndata: {}\n\n");
    assert_int_equal(number, event_ring_next(&ring));
    buffer_fini(&text);
}

static void who_comes_again_goes_on_behind_what_he_has_heard(void **state)
{
    (void)state;
    add("1");
    add("2");
    assert_int_equal(event_ring_parse(&ring, "2a-1"), 2);
    assert_int_equal(event_ring_parse(&ring, "2a-2"), 3);
}

/* Those of another process, of nobody, and what was never told. */
static void numbers_that_mean_nothing_are_none(void **state)
{
    static const char *const ids[] = {"",      "2a",  "2a-",   "2a-3",
                                      "2b-1",  "1",   "2a--1", "2a-1x",
                                      "2a- 1", "a-1", "2A-1",  "2a-99999999999999999999"};

    (void)state;
    add("1");
    add("2");
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
        assert_int_equal(event_ring_parse(&ring, ids[i]), 0);
}

static void the_oldest_go_when_there_are_too_many(void **state)
{
    bool is_here;

    (void)state;
    add_many(EVENT_RING_SLOTS + 10, 1);
    assert_int_equal(count_from(11, ALL, &is_here), EVENT_RING_SLOTS);
    assert_true(is_here);
    assert_int_equal(count_from(10, ALL, &is_here), 0);
    assert_false(is_here);
}

static void they_go_when_they_are_too_long(void **state)
{
    bool is_here;
    uint64_t last;

    (void)state;
    add_many(3, EVENT_RING_BYTES / 2);
    last = event_ring_next(&ring) - 1;
    assert_int_equal(count_from(last, ALL, &is_here), 1);
    assert_true(is_here);
    count_from(last - 2, ALL, &is_here);
    assert_false(is_here);
    /* One that is longer than all may be is told, too. */
    add_many(1, 2 * (size_t)EVENT_RING_BYTES);
    assert_int_equal(count_from(last + 1, ALL, &is_here), 1);
}

static void a_part_has_one_event_at_least(void **state)
{
    bool is_here;

    (void)state;
    add_many(4, 100);
    assert_int_equal(count_from(1, 1, &is_here), 1);
    assert_int_equal(count_from(1, 250, &is_here), 2);
}

static void behind_a_break_all_know_that_something_is_missing(void **state)
{
    uint64_t number;
    bool is_here;

    (void)state;
    add("1");
    number = event_ring_next(&ring);
    event_ring_break(&ring);
    add("2");
    assert_int_equal(count_from(number, ALL, &is_here), 0);
    assert_false(is_here);
}

static void whoever_reads_is_woken_once(void **state)
{
    struct buffer data = {0};

    (void)state;
    assert_true(event_ring_add(&ring, "lost", &data));
    assert_false(event_ring_add(&ring, "lost", &data));
    atomic_store(&ring.is_told, false);
    assert_true(event_ring_break(&ring));
}

#define RING_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RING_TEST(events_are_told_with_their_numbers),
        RING_TEST(who_comes_again_goes_on_behind_what_he_has_heard),
        RING_TEST(numbers_that_mean_nothing_are_none),
        RING_TEST(the_oldest_go_when_there_are_too_many),
        RING_TEST(they_go_when_they_are_too_long),
        RING_TEST(a_part_has_one_event_at_least),
        RING_TEST(behind_a_break_all_know_that_something_is_missing),
        RING_TEST(whoever_reads_is_woken_once),
    };

    return cmocka_run_group_tests_name("event ring", tests, NULL, NULL);
}
