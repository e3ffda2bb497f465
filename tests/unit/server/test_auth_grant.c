/* Grants that have keys, found by their tokens. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <stdio.h>

#include "server/auth_grant.h"
#include "tests/unit/lock/lock_fixture.h"

/* Too large for a stack. */
static struct ipclocker_server server;

static int set_up(void **state)
{
    memset(&server.grants, 0, sizeof server.grants);
    return fixture_setup(state);
}

static int tear_down(void **state)
{
    auth_grant_note_all(&server, NULL);
    assert_int_equal(tree_count(&server.grants), 0);
    return fixture_teardown(state);
}

/* Locks of owners that have a key from here on, or none. */
static void use_key(struct fixture *fixture, uint64_t first, uint64_t second, bool is_fresh)
{
    fixture->terms.asker.key[0] = first;
    fixture->terms.asker.key[1] = second;
    fixture->terms.asker.is_fresh = is_fresh;
}

static void a_grant_is_found_by_its_token_until_it_is_forgotten(void **state)
{
    struct fixture *fixture = *state;
    struct lock_request *one, *other;

    use_key(fixture, 1, 0, false);
    one = fixture_get(fixture, "ann", "x");
    use_key(fixture, 0, 1, false);
    other = fixture_get(fixture, "bob", "y");
    assert_null(auth_grant_find(&server, one->token));
    auth_grant_note(&server, one);
    auth_grant_note(&server, other);
    assert_ptr_equal(auth_grant_find(&server, one->token), one);
    assert_ptr_equal(auth_grant_find(&server, other->token), other);
    assert_null(auth_grant_find(&server, other->token + 1));
    assert_null(auth_grant_find(&server, 0));
    auth_grant_forget(&server, one);
    assert_null(auth_grant_find(&server, one->token));
    assert_ptr_equal(auth_grant_find(&server, other->token), other);
    auth_grant_forget(&server, one); /* which is nothing any more */
    auth_grant_forget(&server, other);
    fixture_unlock(fixture, "ann", "x");
    fixture_unlock(fixture, "bob", "y");
}

static void one_that_is_told_of_again_is_there_once(void **state)
{
    struct fixture *fixture = *state;
    struct lock_request *request;

    use_key(fixture, 7, 7, false);
    request = fixture_get(fixture, "ann", "x");
    auth_grant_note(&server, request);
    auth_grant_note(&server, request);
    assert_int_equal(tree_count(&server.grants), 1);
    auth_grant_forget(&server, request);
    assert_null(auth_grant_find(&server, request->token));
    fixture_unlock(fixture, "ann", "x");
}

/* A key of a connection is another one than that of a grant: who has it has more. */
static void what_has_no_key_of_its_own_or_waits_is_passed_over(void **state)
{
    struct fixture *fixture = *state;
    struct lock_request *plain = fixture_get(fixture, "ann", "x"), *fresh, *waiter;

    use_key(fixture, 1, 2, true);
    fresh = fixture_get(fixture, "bob", "y");
    use_key(fixture, 1, 2, false);
    waiter = fixture_queue(fixture, "cid", "x");
    auth_grant_note(&server, plain);
    auth_grant_note(&server, fresh);
    auth_grant_note(&server, waiter);
    assert_int_equal(tree_count(&server.grants), 0);
    auth_grant_forget(&server, plain);
    fixture_unlock(fixture, "ann", "x");
    /* It holds now, by another token than 0. */
    auth_grant_note(&server, waiter);
    assert_ptr_equal(auth_grant_find(&server, waiter->token), waiter);
    fixture_unlock(fixture, "bob", "y");
    fixture_unlock(fixture, "cid", "x");
}

static void of_another_table_all_that_is_held_is_noted_and_nothing_else(void **state)
{
    enum { OWNERS = 100 };
    struct fixture *fixture = *state;
    const struct lock_request *requests[OWNERS];
    struct lock_request *old;
    uint64_t old_token;
    char owner[16], name[16];

    use_key(fixture, 5, 6, false);
    old = fixture_get(fixture, "old", "old");
    old_token = old->token;
    auth_grant_note(&server, old);
    fixture_unlock(fixture, "old", "old"); /* the index still points to it, as where all was lost */
    for (int i = 0; i < OWNERS; i++) {
        snprintf(owner, sizeof owner, "owner%d", i);
        snprintf(name, sizeof name, "a%d+b%d", i, i);
        use_key(fixture, i % 2 == 0 ? 0 : (uint64_t)i, 0, false);
        requests[i] = fixture_get(fixture, owner, name);
    }
    auth_grant_note_all(&server, fixture->table);
    assert_null(auth_grant_find(&server, old_token));
    assert_int_equal(tree_count(&server.grants), OWNERS / 2);
    for (int i = 0; i < OWNERS; i++)
        assert_ptr_equal(auth_grant_find(&server, requests[i]->token),
                         i % 2 == 0 ? NULL : requests[i]);
    auth_grant_note_all(&server, NULL);
    for (int i = 0; i < OWNERS; i++) {
        snprintf(owner, sizeof owner, "owner%d", i);
        snprintf(name, sizeof name, "a%d:b%d", i, i);
        fixture_unlock(fixture, owner, name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_grant_is_found_by_its_token_until_it_is_forgotten, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(one_that_is_told_of_again_is_there_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_has_no_key_of_its_own_or_waits_is_passed_over, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(of_another_table_all_that_is_held_is_noted_and_nothing_else,
                                        set_up, tear_down),
    };

    return cmocka_run_group_tests_name("auth_grant", tests, NULL, NULL);
}
