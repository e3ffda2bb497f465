/* Statements that are run again with what is bound to them already. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "store/bound.h"

struct fixture {
    sqlite3 *db;
    struct store_bound insert;
};

static int set_up(void **state)
{
    static struct fixture fixture;

    fixture = (struct fixture){0};
    assert_int_equal(sqlite3_open(":memory:", &fixture.db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(fixture.db, "CREATE TABLE t(n, word)", NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(fixture.db, "INSERT INTO t VALUES(?, ?)", -1,
                                        &fixture.insert.statement, NULL),
                     SQLITE_OK);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    sqlite3_finalize(fixture->insert.statement);
    assert_int_equal(sqlite3_close(fixture->db), SQLITE_OK);
    return 0;
}

static void add(struct fixture *fixture, int64_t number, const char *word)
{
    store_bound_number(&fixture->insert, 1, number);
    store_bound_text(&fixture->insert, 2, word);
    assert_int_equal(store_bound_run(&fixture->insert), SQLITE_OK);
}

static void assert_rows(const struct fixture *fixture, const char *expected)
{
    sqlite3_stmt *row;

    assert_int_equal(sqlite3_prepare_v2(fixture->db,
                                        "SELECT group_concat(n || '=' || ifnull(word, '-'), ' ')"
                                        " FROM t",
                                        -1, &row, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(row), SQLITE_ROW);
    assert_string_equal((const char *)sqlite3_column_text(row, 0), expected);
    sqlite3_finalize(row);
}

static void what_stays_the_same_is_written_again(void **state)
{
    struct fixture *fixture = *state;

    add(fixture, 0, NULL);
    add(fixture, 7, "a");
    add(fixture, 7, "b");
    add(fixture, 8, NULL);
    add(fixture, 8, NULL);
    add(fixture, 0, "c");
    assert_rows(fixture, "0=- 7=a 7=b 8=- 8=- 0=c");
}

static void a_text_that_changes_at_its_place_is_seen(void **state)
{
    struct fixture *fixture = *state;
    char word[] = "long";

    add(fixture, 1, word);
    strcpy(word, "a");
    add(fixture, 1, word);
    assert_rows(fixture, "1=long 1=a");
}

static void a_statement_that_fails_says_so_and_runs_again(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(sqlite3_exec(fixture->db, "CREATE UNIQUE INDEX i ON t(n)", NULL, NULL, NULL),
                     SQLITE_OK);
    add(fixture, 1, "a");
    store_bound_text(&fixture->insert, 2, "b");
    assert_int_equal(store_bound_run(&fixture->insert), SQLITE_CONSTRAINT);
    add(fixture, 2, "b");
    assert_rows(fixture, "1=a 2=b");
}

static void an_address_is_written_as_it_is_now(void **state)
{
    struct store_address address = {0};
    unsigned char one[IP_BYTES], other[IP_BYTES], none[IP_BYTES] = {0};

    (void)state;
    ip_text_parse(one, "10.1.2.3");
    ip_text_parse(other, "2001:db8::7");
    assert_null(store_address_text(&address, none));
    assert_string_equal(store_address_text(&address, one), "10.1.2.3");
    assert_string_equal(store_address_text(&address, one), "10.1.2.3");
    assert_string_equal(store_address_text(&address, other), "2001:db8::7");
    assert_null(store_address_text(&address, none));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_stays_the_same_is_written_again),
        TEST(a_text_that_changes_at_its_place_is_seen),
        TEST(a_statement_that_fails_says_so_and_runs_again),
        cmocka_unit_test(an_address_is_written_as_it_is_now),
    };

    return cmocka_run_group_tests_name("bound", tests, NULL, NULL);
}
