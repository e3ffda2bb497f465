/* Names that are resolved in threads, many at a time, also while the resolver is given up: above
 * all for the thread sanitizer. Must not ask a name service elsewhere: names are addresses,
 * localhost, and such as are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>

#include "net/resolver.h"

enum { NAMES = 200, ROUNDS = 30, PATIENCE_MS = 20000 };

static const char *name_of(size_t number)
{
    static const char *const names[] = {"localhost", "127.0.0.1", "::1", "a..b", "127.0.0.77"};

    return names[number % (sizeof names / sizeof *names)];
}

static bool wait_for(struct resolver *resolver)
{
    struct pollfd fd = {.fd = resolver_fd(resolver), .events = POLLIN};

    return poll(&fd, 1, PATIENCE_MS) == 1;
}

static void each_name_has_one_result(void **state)
{
    struct resolver *resolver = resolver_create();
    bool seen[NAMES] = {false};
    struct resolver_result result;

    (void)state;
    assert_non_null(resolver);
    for (size_t i = 0; i < NAMES; i++)
        assert_int_equal(resolver_submit(resolver, name_of(i), &seen[i]), 0);
    for (size_t count = 0; count < NAMES;) {
        assert_true(wait_for(resolver));
        while (resolver_next(resolver, &result)) {
            bool *mine = result.context;

            assert_false(*mine);
            *mine = true;
            if ((mine - seen) % 5 == 1)
                assert_int_equal(result.count, 1);
            if ((mine - seen) % 5 == 3)
                assert_int_not_equal(result.error, 0);
            count++;
        }
    }
    resolver_destroy(resolver);
}

static void it_may_be_given_up_at_any_time(void **state)
{
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        struct resolver *resolver = resolver_create();
        struct resolver_result result;

        assert_non_null(resolver);
        for (size_t i = 0; i < (size_t)round; i++)
            assert_int_equal(resolver_submit(resolver, name_of(i), NULL), 0);
        if (round % 3 == 0 && round > 0) {
            assert_true(wait_for(resolver));
            resolver_next(resolver, &result);
        }
        resolver_destroy(resolver);
    }
}

static void there_may_be_several(void **state)
{
    struct resolver *resolvers[4];
    struct resolver_result result;

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        resolvers[i] = resolver_create();
        assert_non_null(resolvers[i]);
        assert_int_equal(resolver_submit(resolvers[i], name_of(i), NULL), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        assert_true(wait_for(resolvers[i]));
        assert_true(resolver_next(resolvers[i], &result));
        resolver_destroy(resolvers[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_name_has_one_result),
        cmocka_unit_test(it_may_be_given_up_at_any_time),
        cmocka_unit_test(there_may_be_several),
    };

    return cmocka_run_group_tests_name("resolver", tests, NULL, NULL);
}
