/* The history of a state file, read while a store has it open.
 * Must not look into the file but by the reader. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>

#include "store/reader.h"
#include "store_fixture.h"

enum { TEXT = 512 };

static const int64_t for_ever_ms = INT64_C(1) << 43;

/* What was told, a word an entry, and how many more are taken. */
struct told {
    char text[TEXT];
    int patience;
};

static int add(void *context, const struct store_history *entry)
{
    struct told *told = context;
    size_t len = strlen(told->text);

    if (told->patience-- == 0)
        return -1;
    snprintf(told->text + len, TEXT - len, "%s%s:%s:%d-%d", len > 0 ? " " : "", entry->lock,
             entry->owner, (int)entry->granted_ms, (int)entry->ended_ms);
    return 0;
}

static int read_times(const char *path, int64_t since_ms, int64_t until_ms, struct told *told,
                      char *error)
{
    const struct store_reader reader = {
        .path = path,
        .since_ms = since_ms,
        .until_ms = until_ms,
        .on_entry = add,
        .context = told,
    };

    return store_reader_read(&reader, error, TEXT);
}

static void assert_told(const struct store_fixture *fixture, int64_t since_ms, int64_t until_ms,
                        const char *expected)
{
    struct told told = {.patience = -1};
    char error[TEXT] = "";

    if (read_times(fixture->path, since_ms, until_ms, &told, error) != 0)
        fail_msg("%s", error);
    assert_string_equal(told.text, expected);
}

/* x is held by ann from 1000 to 2000, and by bob since; y by ann since 3000. */
static void make_history(struct store_fixture *fixture)
{
    assert_int_equal(store_fixture_load(fixture, for_ever_ms), 0);
    store_fixture_ask(fixture, "ann", "x");
    store_fixture_ask(fixture, "bob", "x");
    fixture->now_ms = 2000;
    store_fixture_release(fixture, "ann", "x");
    fixture->now_ms = 3000;
    store_fixture_ask(fixture, "ann", "y");
    store_fixture_commit_safely(fixture);
}

static void what_was_and_what_is_held_is_told(void **state)
{
    struct store_fixture *fixture = *state;

    make_history(fixture);
    assert_told(fixture, 0, 5000, "x:ann:1000-2000 x:bob:2000-0 y:ann:3000-0");
}

static void only_what_touches_the_times_is_told(void **state)
{
    struct store_fixture *fixture = *state;

    make_history(fixture);
    assert_told(fixture, 2001, 5000, "x:bob:2000-0 y:ann:3000-0");
    assert_told(fixture, 0, 3000, "x:ann:1000-2000 x:bob:2000-0");
    assert_told(fixture, 0, 1000, "");
}

static void begin_again(void *context)
{
    struct told *told = context;

    snprintf(told->text, TEXT, "again:");
}

static void assert_told_last_first(const struct store_fixture *fixture, int64_t since_ms,
                                   unsigned int only, const char *expected)
{
    struct told told = {.patience = -1};
    char error[TEXT] = "";
    const struct store_reader reader = {
        .path = fixture->path,
        .since_ms = since_ms,
        .until_ms = for_ever_ms,
        .last_first = begin_again,
        .only = only,
        .on_entry = add,
        .context = &told,
    };

    if (store_reader_read(&reader, error, TEXT) != 0)
        fail_msg("%s", error);
    assert_string_equal(told.text, expected);
}

/* Makes holds of x that end at these times. */
static void make_ends(struct store_fixture *fixture, const int64_t *ends_ms, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        fixture->now_ms = ends_ms[i] - 1;
        store_fixture_ask(fixture, "ann", "x");
        fixture->now_ms = ends_ms[i];
        store_fixture_release(fixture, "ann", "x");
    }
    store_fixture_commit_safely(fixture);
}

static void what_ended_last_comes_first_if_one_asks(void **state)
{
    struct store_fixture *fixture = *state;

    make_history(fixture);
    assert_told_last_first(fixture, 0, 0, "x:bob:2000-0 y:ann:3000-0 x:ann:1000-2000");
}

static void the_clock_was_set_back(void **state)
{
    static const int64_t ends_ms[] = {3000, 7000, 5000, 6000, 8000};
    struct store_fixture *fixture = *state;

    assert_int_equal(store_fixture_load(fixture, for_ever_ms), 0);
    make_ends(fixture, ends_ms, 5);
    assert_told_last_first(fixture, 0, 0,
                           "again: x:ann:7999-8000 x:ann:6999-7000 x:ann:5999-6000 "
                           "x:ann:4999-5000 x:ann:2999-3000");
    assert_told_last_first(fixture, 6500, STORE_ONLY_LOCK | STORE_ONLY_OWNER,
                           "x:ann:7999-8000 x:ann:6999-7000");
}

static void only_what_is_wanted_is_told(void **state)
{
    static const int64_t ends_ms[] = {5000};
    struct store_fixture *fixture = *state;

    assert_int_equal(store_fixture_load(fixture, for_ever_ms), 0);
    make_ends(fixture, ends_ms, 1);
    assert_told_last_first(fixture, 0, STORE_ONLY_LOCK, "x::4999-5000");
    assert_told_last_first(fixture, 0, STORE_ONLY_OWNER, "x:ann:4999-5000");
}

static void who_gives_up_is_told_why(void **state)
{
    struct store_fixture *fixture = *state;
    struct told told = {.patience = 1};
    char error[TEXT] = "", expected[TEXT];

    make_history(fixture);
    assert_int_equal(read_times(fixture->path, 0, 5000, &told, error), -1);
    assert_int_equal(errno, EIO);
    snprintf(expected, sizeof expected, "cannot read the state file %s: out of memory",
             fixture->path);
    assert_string_equal(error, expected);
}

static void what_is_no_state_file_is_refused(void **state)
{
    struct store_fixture *fixture = *state;
    struct told told = {.patience = -1};
    char error[TEXT] = "";

    assert_int_equal(read_times(fixture->path, 0, 5000, &told, error), -1);
    assert_int_equal(errno, ENOENT);
    assert_non_null(strstr(error, "No such file or directory; name lockerd's with --state"));
    assert_int_equal(read_times(fixture->folder, 0, 5000, &told, error), -1);
    assert_int_equal(errno, EINVAL);
    assert_non_null(strstr(error, "it is no file"));
    assert_int_equal(read_times("/dev/null", 0, 5000, &told, error), -1);
    assert_int_equal(errno, EINVAL);
    assert_string_equal(told.text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_FIXTURE_TEST(what_was_and_what_is_held_is_told),
        STORE_FIXTURE_TEST(only_what_touches_the_times_is_told),
        STORE_FIXTURE_TEST(what_ended_last_comes_first_if_one_asks),
        STORE_FIXTURE_TEST(the_clock_was_set_back),
        STORE_FIXTURE_TEST(only_what_is_wanted_is_told),
        STORE_FIXTURE_TEST(who_gives_up_is_told_why),
        STORE_FIXTURE_TEST(what_is_no_state_file_is_refused),
    };

    return cmocka_run_group_tests_name("store reader", tests, NULL, NULL);
}
