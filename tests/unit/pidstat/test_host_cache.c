/* Which hosts are kept that nobody uses, and what is known of one that is not.
 * Must not ask a name service: all names are addresses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "pidstat/host_cache.h"
#include "pidstat/udp.h"

enum { NOW_US = 1000, MANY = 5000, VERY_MANY = 20000 };

#define DAY_US (INT64_C(24) * 3600 * 1000000)

static const char *name_of(int number)
{
    static char name[32];

    snprintf(name, sizeof name, "10.%d.%d.1", number / 256, number % 256);
    return name;
}

static const struct sockaddr_in6 *address_of(const struct cached_host *host)
{
    static struct sockaddr_in6 address;

    address = pidstat_udp_to_v6(&host->addresses.addresses[0].any);
    return &address;
}

static bool is_proven(struct host_cache *cache, const char *name, int64_t now_us)
{
    struct cached_host *host = host_cache_get(cache, name, NOW_US);
    bool is = host_cache_is_proven(cache, host, now_us);

    host_cache_put(cache, host);
    return is;
}

/* One that is used once, and has answered with its id or not. */
static void use(struct host_cache *cache, const char *name, bool answers)
{
    struct cached_host *host = host_cache_get(cache, name, NOW_US);

    assert_non_null(host);
    if (answers)
        host_cache_prove(cache, host, address_of(host), NOW_US);
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

    (void)state;
    use(cache, "192.0.2.1", true);
    use(cache, "192.0.2.2", false);
    for (int i = 0; i < MANY; i++)
        use(cache, name_of(i), false);
    assert_non_null(host_cache_find(cache, "192.0.2.1"));
    assert_true(is_proven(cache, "192.0.2.1", NOW_US + 1));
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

/* One of 32,768 ways to write 2001:db8::1. */
static const char *spelling_of(int number)
{
    static const char *const zeros[] = {"0", "00", "000", "0000"};
    static const char *const networks[] = {"db8", "0db8", "Db8", "0Db8",
                                           "dB8", "0dB8", "DB8", "0DB8"};
    static char name[64];
    unsigned bits = (unsigned)number;

    snprintf(name, sizeof name, "2001:%s:%s:%s:%s:%s:%s:%.*s1", networks[bits & 7],
             zeros[bits >> 3 & 3], zeros[bits >> 5 & 3], zeros[bits >> 7 & 3], zeros[bits >> 9 & 3],
             zeros[bits >> 11 & 3], (int)(bits >> 13 & 3), "000");
    return name;
}

static void as_many_spellings_of_one_host_as_there_are_have_no_other_forgotten(void **state)
{
    struct host_cache *cache = host_cache_create();

    (void)state;
    use(cache, "192.0.2.1", true);
    for (int i = 0; i < VERY_MANY; i++)
        use(cache, spelling_of(i), true);
    assert_null(host_cache_find(cache, "192.0.2.1"));
    assert_true(is_proven(cache, "192.0.2.1", NOW_US + 1));
    host_cache_destroy(cache);
}

static void a_proof_is_of_an_address_and_lasts_for_a_day(void **state)
{
    struct host_cache *cache = host_cache_create();

    (void)state;
    use(cache, "192.0.2.1", true);
    assert_true(is_proven(cache, "::ffff:192.0.2.1", NOW_US + DAY_US - 1));
    assert_false(is_proven(cache, "::ffff:192.0.2.1", NOW_US + DAY_US));
    assert_false(is_proven(cache, "192.0.2.1", NOW_US + DAY_US));
    assert_false(is_proven(cache, "192.0.2.2", NOW_US + 1));
    host_cache_destroy(cache);
}

static void of_many_addresses_the_one_that_answered_longest_ago_is_forgotten(void **state)
{
    struct host_cache *cache = host_cache_create();

    (void)state;
    for (int i = 0; i < 16384; i++)
        use(cache, name_of(i), true);
    use(cache, name_of(0), true);
    use(cache, "192.0.2.1", true);
    assert_true(is_proven(cache, name_of(0), NOW_US + 1));
    assert_false(is_proven(cache, name_of(1), NOW_US + 1));
    assert_true(is_proven(cache, name_of(2), NOW_US + 1));
    host_cache_destroy(cache);
}

/* Whoever can name hosts can name these, and the machine's own pidstatd answers at each. */
static void all_addresses_of_this_machines_loopback_are_one(void **state)
{
    struct host_cache *cache = host_cache_create();
    char name[64];

    (void)state;
    use(cache, "192.0.2.1", true);
    use(cache, "::1", true);
    assert_false(is_proven(cache, "127.0.0.1", NOW_US + 1));
    for (int i = 0; i < VERY_MANY; i++) {
        snprintf(name, sizeof name, i % 2 == 0 ? "127.9.%d.%d" : "::ffff:127.9.%d.%d", i / 250,
                 i % 250);
        use(cache, name, true);
    }
    assert_true(is_proven(cache, "192.0.2.1", NOW_US + 1));
    assert_true(is_proven(cache, "::1", NOW_US + 1));
    assert_true(is_proven(cache, "127.0.0.1", NOW_US + 1));
    assert_false(is_proven(cache, "126.255.255.255", NOW_US + 1));
    assert_false(is_proven(cache, "128.0.0.1", NOW_US + 1));
    host_cache_destroy(cache);
}

/* What comes first is forgotten first, but not for what another network has. */
static void one_network_of_ipv6_has_half_of_the_proofs(void **state)
{
    struct host_cache *cache = host_cache_create();
    char name[64];

    (void)state;
    use(cache, "192.0.2.1", true);
    use(cache, "2001:db8:0:1::1", true);
    for (int i = 0; i < VERY_MANY; i++) {
        snprintf(name, sizeof name, "2001:db8:0:2::%x", i);
        use(cache, name, true);
    }
    assert_true(is_proven(cache, "192.0.2.1", NOW_US + 1));
    assert_true(is_proven(cache, "2001:db8:0:1::1", NOW_US + 1));
    /* By name nothing is known of them any more. */
    for (int i = 0; i < VERY_MANY; i++)
        use(cache, spelling_of(i), true);
    snprintf(name, sizeof name, "2001:db8:0:2::%x", VERY_MANY - 8192);
    assert_true(is_proven(cache, name, NOW_US + 1));
    snprintf(name, sizeof name, "2001:db8:0:2::%x", VERY_MANY - 8193);
    assert_false(is_proven(cache, name, NOW_US + 1));
    host_cache_destroy(cache);
}

static void a_link_local_address_is_another_on_each_link(void **state)
{
    struct host_cache *cache = host_cache_create();

    (void)state;
    use(cache, "fe80::1%1", true);
    assert_true(is_proven(cache, "fe80::0:1%1", NOW_US + 1));
    assert_false(is_proven(cache, "fe80::0:1%2", NOW_US + 1));
    assert_false(is_proven(cache, "fe80::2%1", NOW_US + 1));
    host_cache_destroy(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_names_many_hosts_has_none_forgotten_that_has_proven_itself),
        cmocka_unit_test(those_that_have_are_bounded_too),
        cmocka_unit_test(as_many_spellings_of_one_host_as_there_are_have_no_other_forgotten),
        cmocka_unit_test(a_proof_is_of_an_address_and_lasts_for_a_day),
        cmocka_unit_test(of_many_addresses_the_one_that_answered_longest_ago_is_forgotten),
        cmocka_unit_test(all_addresses_of_this_machines_loopback_are_one),
        cmocka_unit_test(one_network_of_ipv6_has_half_of_the_proofs),
        cmocka_unit_test(a_link_local_address_is_another_on_each_link),
    };

    return cmocka_run_group_tests_name("host cache", tests, NULL, NULL);
}
