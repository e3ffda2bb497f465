/* Demands: put together name by name, copied from requests, as text and back.
 * Must not need a store or a server. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lock/request_demand.h"
#include "lock_fixture.h"

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

static void expect_group(const struct lock_demand *demand, size_t group, size_t count,
                         const char *const *names, size_t name_count)
{
    assert_true(group < demand->group_count);
    assert_int_equal(demand->groups[group].count, count);
    assert_int_equal(demand->groups[group].name_count, name_count);
    for (size_t i = 0; i < name_count; i++)
        assert_string_equal(demand->groups[group].names[i], names[i]);
}

static void expect_joined(const struct lock_demand *demand, const char *expected)
{
    char *joined = lock_names_join(demand->names, demand->name_count, ' ');

    assert_non_null(joined);
    assert_string_equal(joined, expected);
    free(joined);
}

static void groups_keep_their_names_and_counts_as_others_join_them(void **state)
{
    static const char *const first[] = {"a", "long-name"}, *const second[] = {"b", "c", "d", "e"};
    struct lock_demand demand = {0};

    (void)state;
    assert_int_equal(lock_demand_add_words(&demand, "  a \t long-name "), 0);
    lock_demand_set_count(&demand, 2);
    assert_int_equal(lock_demand_add_group(&demand, second, 3), 0);
    assert_int_equal(lock_demand_add_name(&demand, "e"), 0);
    expect_group(&demand, 0, 2, first, 2);
    expect_group(&demand, 1, 1, second, 4);
    assert_int_equal(demand.name_count, 6);
    expect_joined(&demand, "a long-name b c d e");
    lock_demand_fini(&demand);
    assert_int_equal(demand.name_count, 0);
    assert_int_equal(demand.group_count, 0);
}

/* What was allocated for a name stays so when it was dropped. */
static void a_demand_has_as_many_bytes_as_were_allocated(void **state)
{
    enum { TIMES = 100 };
    struct lock_demand demand = {0};
    struct lock_demand_room room;
    char text[2 * TIMES + 1];
    uint32_t bytes;

    (void)state;
    for (size_t i = 0; i < TIMES; i++)
        memcpy(text + 2 * i, "a ", sizeof "a ");
    assert_int_equal(lock_demand_add_words(&demand, text), 0);
    bytes = demand.bytes;
    assert_true(bytes >= TIMES * sizeof *demand.names + sizeof text);
    assert_int_equal(lock_demand_tidy(&demand), 1);
    assert_int_equal(demand.name_count, 1);
    assert_int_equal(demand.bytes, bytes);
    /* What it grows by is a new piece, and the old one was given back. */
    assert_int_equal(lock_demand_add_words(&demand, "b"), 0);
    assert_true(demand.bytes > 0 && demand.bytes < bytes);
    lock_demand_fini(&demand);
    assert_int_equal(demand.bytes, 0);
    assert_true(lock_demand_set_only(&demand, &room, "a", 1));
    assert_int_equal(demand.bytes, 0);
    lock_demand_fini(&demand);
}

static void a_group_may_begin_without_names(void **state)
{
    static const char *const names[] = {"a", "b"};
    struct lock_demand demand = {0};

    (void)state;
    expect_joined(&demand, "");
    assert_int_equal(lock_demand_add_group(&demand, NULL, 0), 0);
    expect_group(&demand, 0, 1, NULL, 0);
    expect_joined(&demand, "");
    lock_demand_set_count(&demand, 2);
    assert_int_equal(lock_demand_add_name(&demand, "a"), 0);
    assert_int_equal(lock_demand_add_name(&demand, "b"), 0);
    expect_group(&demand, 0, 2, names, 2);
    lock_demand_fini(&demand);
}

static void many_groups_of_many_names_stay_what_they_are(void **state)
{
    struct lock_demand demand = {0};
    char name[16], text[16];

    (void)state;
    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof name, "n%d", i);
        assert_int_equal(lock_demand_add_words(&demand, name), 0);
        assert_int_equal(lock_demand_add_name(&demand, "x"), 0);
    }
    assert_int_equal(demand.name_count, 600);
    for (int i = 0; i < 300; i++) {
        const char *const names[] = {text, "x"};

        snprintf(text, sizeof text, "n%d", i);
        expect_group(&demand, (size_t)i, 1, names, 2);
    }
    lock_demand_fini(&demand);
}

static void people_read_names_and_counts(void **state)
{
    struct lock_demand demand = {0};
    char text[64];

    (void)state;
    strcpy(text, "old");
    lock_demand_describe(&demand, text, sizeof text);
    assert_string_equal(text, "");
    assert_int_equal(lock_demand_add_words(&demand, "a b"), 0);
    assert_int_equal(lock_demand_add_words(&demand, "vcs1 vcs2 vcs3"), 0);
    lock_demand_set_count(&demand, 2);
    lock_demand_describe(&demand, text, sizeof text);
    assert_string_equal(text, "a:b and 2 of vcs1:vcs2:vcs3");
    lock_demand_fini(&demand);
}

static void a_description_that_is_too_long_says_so(void **state)
{
    static const char whole[] = "a:b and 2 of c:d";
    struct lock_demand demand = {0};
    char text[sizeof whole];

    (void)state;
    assert_int_equal(lock_demand_add_words(&demand, "a b"), 0);
    assert_int_equal(lock_demand_add_words(&demand, "c d"), 0);
    lock_demand_set_count(&demand, 2);
    lock_demand_describe(&demand, text, sizeof whole);
    assert_string_equal(text, whole);
    for (size_t size = sizeof whole - 1; size >= 4; size--) {
        memset(text, 'x', sizeof text);
        lock_demand_describe(&demand, text, size);
        assert_int_equal(strlen(text), size - 1);
        assert_memory_equal(text, whole, size - 4);
        assert_string_equal(text + size - 4, "...");
    }
    lock_demand_fini(&demand);
}

/* The request's text must be this, and read back be the same as a copy of its demand. */
static void expect_text(const struct lock_request *request, const char *without,
                        const char *expected)
{
    char *text = malloc(lock_demand_text_size(request));
    const char *end;

    assert_non_null(text);
    end = lock_demand_format(text, request, without);
    assert_string_equal(text, expected);
    assert_ptr_equal(end, text + strlen(text) + 1);
    assert_true(end > text && (size_t)(end - text) <= lock_demand_text_size(request));
    free(text);
}

static void expect_same(const struct lock_demand *demand, const char *text)
{
    struct lock_demand parsed;

    assert_int_equal(lock_demand_parse(&parsed, text), 0);
    assert_int_equal(demand->group_count, parsed.group_count);
    assert_int_equal(demand->name_count, parsed.name_count);
    for (size_t g = 0; g < parsed.group_count; g++)
        expect_group(demand, g, parsed.groups[g].count, parsed.groups[g].names,
                     parsed.groups[g].name_count);
    lock_demand_fini(&parsed);
}

static void expect_demand(const struct lock_request *request, const char *expected)
{
    struct lock_demand demand;

    expect_text(request, NULL, expected);
    assert_int_equal(lock_demand_of_request(&demand, request), 0);
    expect_same(&demand, expected);
    lock_demand_fini(&demand);
}

static void a_waiting_request_has_the_demand_that_it_came_with(void **state)
{
    struct fixture *f = *state;
    const struct lock_request *waiting;

    fixture_get(f, "ann", "a");
    waiting = fixture_queue(f, "bob", "a+2/b:c:d:c");
    expect_demand(waiting, "1 a\n2 b c d");
    expect_text(waiting, "b", "1 a\n2 b c d");
    fixture_unlock(f, "bob", "a");
    fixture_unlock(f, "ann", "a");
}

static void a_granted_request_has_one_group_of_what_it_holds(void **state)
{
    struct fixture *f = *state;
    const struct lock_request *held = fixture_get(f, "ann", "a:x+2/b:c:d");

    expect_demand(held, "3 a b c");
    expect_text(held, "b", "2 a c");
    fixture_unlock(f, "ann", "a");
    expect_demand(held, "2 b c");
    fixture_unlock(f, "ann", "b:c");
}

static void what_is_shared_is_said(void **state)
{
    struct fixture *f = *state;
    const struct lock_request *held = fixture_get(f, "ann", "2s/a:b:e+c");
    const struct lock_request *waiting;
    struct lock_demand demand;
    char text[64];

    expect_demand(held, "2r a b\n1 c");
    expect_text(held, "c", "2r a b");
    fixture_unlock(f, "ann", "c");
    expect_demand(held, "2r a b");
    fixture_get(f, "otto", "d");
    waiting = fixture_queue(f, "bob", "d+1s/a");
    expect_demand(waiting, "1 d\n1r a");
    assert_int_equal(lock_demand_of_request(&demand, waiting), 0);
    assert_true(demand.groups[1].shared && !demand.groups[0].shared);
    lock_demand_describe(&demand, text, sizeof text);
    assert_string_equal(text, "d and shared a");
    lock_demand_fini(&demand);
    assert_int_equal(lock_demand_parse(&demand, "1r a\n2 b c"), 0);
    assert_true(demand.groups[0].shared && !demand.groups[1].shared);
    lock_demand_fini(&demand);
}

static void text_that_makes_no_sense_is_refused(void **state)
{
    static const char *const nonsense[] = {
        "",     "a",     "0 a",    "1",          "1 ",           "1  a",
        "-1 a", "1 a\n", "1 a \n", "1 a\n\n1 b", "4294967296 a", " 1 a",
        "1 a ", "\n1 a", "1 a  b", "1x a",       "1 a\n1 b\n0",
    };
    struct lock_demand demand;

    (void)state;
    for (size_t i = 0; i < sizeof nonsense / sizeof *nonsense; i++) {
        errno = 0;
        assert_int_equal(lock_demand_parse(&demand, nonsense[i]), -1);
        assert_int_equal(errno, EINVAL);
    }
    assert_int_equal(lock_demand_parse(&demand, "2 pool"), 0); /* more than one of a pool */
    assert_int_equal(demand.groups[0].count, 2);
    lock_demand_fini(&demand);
    assert_int_equal(lock_demand_parse(&demand, "1 a b\n2 c d e"), 0);
    assert_int_equal(demand.group_count, 2);
    assert_int_equal(demand.groups[1].count, 2);
    assert_string_equal(demand.groups[1].names[2], "e");
    lock_demand_fini(&demand);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(groups_keep_their_names_and_counts_as_others_join_them),
        cmocka_unit_test(a_demand_has_as_many_bytes_as_were_allocated),
        cmocka_unit_test(a_group_may_begin_without_names),
        cmocka_unit_test(many_groups_of_many_names_stay_what_they_are),
        cmocka_unit_test(people_read_names_and_counts),
        cmocka_unit_test(a_description_that_is_too_long_says_so),
        TEST(a_waiting_request_has_the_demand_that_it_came_with),
        TEST(a_granted_request_has_one_group_of_what_it_holds),
        TEST(what_is_shared_is_said),
        cmocka_unit_test(text_that_makes_no_sense_is_refused),
    };

    return cmocka_run_group_tests_name("lock_demand", tests, NULL, NULL);
}
