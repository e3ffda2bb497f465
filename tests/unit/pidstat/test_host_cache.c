/* Which hosts are kept that nobody uses.
 * Must not ask a name service: all names are addresses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "pidstat/host_cache.h"

enum { NOW_US = 1000, MANY = 5000, VERY_MANY = 20000 };

static const char *name_of(int number)
{
    static char name[32];

    snprintf(name, sizeof name, "10.%d.%d.1", number / 256, number % 256);
    return name;
}

/* One that is used once, and has answered with its id or not. */
static void use(struct host_cache *cache, const char *name, bool is_proven)
{
    struct cached_host *host = host_cache_get(cache, name, NOW_US);

    assert_non_null(host);
    if (is_proven)
        host->proven_us = NOW_US;
    host_cache_put(cache, host);
}

static int count_kept(const struct host_cache *cache, int names)
{
    int count = 0;

    for (int i = 0; i < names; i++)
        count += host_cache_find(cache, name_of(i)) != NULL;
    return count;
}

static void who_names_many_hosts_has_none_forgotten_that_has_proven_itself(void **state)
{
    struct host_cache *cache = host_cache_create();
    const struct cached_host *host;

    (void)state;
    use(cache, "192.0.2.1", true);
    use(cache, "192.0.2.2", false);
    for (int i = 0; i < MANY; i++)
        use(cache, name_of(i), false);
    host = host_cache_find(cache, "192.0.2.1");
    assert_non_null(host);
    assert_true(host_cache_is_proven(host, NOW_US + 1));
    assert_null(host_cache_find(cache, "192.0.2.2"));
    assert_int_equal(count_kept(cache, MANY), 1024);
    /* It is still so when it was used once more. */
    use(cache, "192.0.2.1", false);
    for (int i = 0; i < MANY; i++)
        use(cache, name_of(i), false);
    assert_non_null(host_cache_find(cache, "192.0.2.1"));
    host_cache_destroy(cache);
}

static void those_that_have_are_bounded_too(void **state)
{
    struct host_cache *cache = host_cache_create();

    (void)state;
    for (int i = 0; i < VERY_MANY; i++)
        use(cache, name_of(i), true);
    assert_int_equal(count_kept(cache, VERY_MANY), 16384);
    assert_null(host_cache_find(cache, name_of(0)));
    assert_non_null(host_cache_find(cache, name_of(VERY_MANY - 1)));
    host_cache_destroy(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_names_many_hosts_has_none_forgotten_that_has_proven_itself),
        cmocka_unit_test(those_that_have_are_bounded_too),
    };

    return cmocka_run_group_tests_name("host cache", tests, NULL, NULL);
}
