/* Where etcd's members are, as --state says it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "store/etcd/endpoint.h"

static void several_urls_and_a_prefix_are_read(void **state)
{
    struct endpoint_list list;
    char why[ENDPOINT_WHY_SIZE];

    (void)state;
    assert_int_equal(endpoint_list_parse("etcd:https://etcd1.farm:2379,https://10.0.0.7,"
                                         "https://[2001:db8::7]:4001/farmlock/east-2",
                                         &list, why),
                     0);
    assert_int_equal(list.count, 3);
    assert_string_equal(list.prefix, "/farmlock/east-2");
    assert_string_equal(list.items[0].host, "etcd1.farm");
    assert_int_equal(list.items[0].port, 2379);
    assert_true(list.items[0].tls);
    assert_string_equal(list.items[1].url, "https://10.0.0.7:2379");
    assert_string_equal(list.items[2].host, "2001:db8::7");
    assert_true(list.items[2].is_ipv6);
    assert_string_equal(list.items[2].url, "https://[2001:db8::7]:4001");
    assert_int_equal(endpoint_list_parse("etcd:http://a/b", &list, why), 0);
    assert_false(list.items[0].tls);
    assert_string_equal(list.prefix, "/b");
}

static void what_is_no_list_is_refused_with_a_reason(void **state)
{
    static const char *const wrong[][2] = {
        {"etcd:", "does not begin with http://"},
        {"etcd:etcd1:2379/farm", "does not begin with http://"},
        {"etcd:ftp://a/farm", "does not begin with http://"},
        {"etcd:http:///farm", "there is no host"},
        {"etcd:http://a", "there is no prefix"},
        {"etcd:http://a/", "is no prefix of keys"},
        {"etcd:http://a/farm/", "is no prefix of keys"},
        {"etcd:http://a//farm", "is no prefix of keys"},
        {"etcd:http://a/farm 1", "is no prefix of keys"},
        {"etcd:http://a/f\xc3\xa4rm", "is no prefix of keys"},
        {"etcd:http://a/farm,http://b/farm", "is no prefix of keys"},
        {"etcd:http://a:0/farm", "'0' is no port"},
        {"etcd:http://a:65536/farm", "'65536' is no port"},
        {"etcd:http://a:/farm", "'' is no port"},
        {"etcd:http://a:2379x/farm", "is no part of a URL"},
        {"etcd:http://a:99999999999999999999/farm", "is no port"},
        {"etcd:http://u:p@a/farm", "--etcd-user"},
        {"etcd:http://[::1/farm", "does not close"},
        {"etcd:http://[]/farm", "there is no host"},
        {"etcd:http://a,https://b/farm", "some URLs are http"},
        {"etcd:http://a,http://A:2379/farm", "stands there twice"},
        {"etcd:http://a,/farm", "does not begin with http://"},
        {"etcd:http://a?x/farm", "is no part of a URL"},
        {"sqlite:x", "names no etcd"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct endpoint_list list = {.count = 77};
        char why[ENDPOINT_WHY_SIZE] = "";

        print_message("# %s\n", wrong[i][0]);
        assert_int_equal(endpoint_list_parse(wrong[i][0], &list, why), -1);
        assert_non_null(strstr(why, wrong[i][1]));
        assert_non_null(strstr(why, "it is written etcd:URL[,URL...]/PREFIX"));
        assert_int_equal(list.count, 77);
    }
}

static void lengths_and_numbers_have_a_limit(void **state)
{
    struct endpoint_list list;
    char text[2048], why[ENDPOINT_WHY_SIZE];
    size_t len;

    (void)state;
    snprintf(text, sizeof text, "etcd:http://%0300d/farm", 1);
    assert_int_equal(endpoint_list_parse(text, &list, why), -1);
    snprintf(text, sizeof text, "etcd:http://%0255d/farm", 1);
    assert_int_equal(endpoint_list_parse(text, &list, why), 0);
    snprintf(text, sizeof text, "etcd:http://a/%0126d", 1);
    assert_int_equal(endpoint_list_parse(text, &list, why), 0);
    snprintf(text, sizeof text, "etcd:http://a/%0127d", 1);
    assert_int_equal(endpoint_list_parse(text, &list, why), -1);
    len = (size_t)snprintf(text, sizeof text, "etcd:http://h0");
    for (int i = 1; i <= ENDPOINTS_MAX; i++) {
        snprintf(text + len, sizeof text - len, "/farm");
        assert_int_equal(endpoint_list_parse(text, &list, why), 0);
        assert_int_equal(list.count, i);
        len += (size_t)snprintf(text + len, sizeof text - len, ",http://h%d", i);
    }
    snprintf(text + len, sizeof text - len, "/farm");
    assert_int_equal(endpoint_list_parse(text, &list, why), -1);
    assert_non_null(strstr(why, "more than 16 URLs"));
}

static void other_states_are_told_apart(void **state)
{
    (void)state;
    assert_true(endpoint_list_is_meant("etcd:http://a/b"));
    assert_true(endpoint_list_is_meant("etcd:"));
    assert_false(endpoint_list_is_meant("/var/lib/lockerd/lockerd.db"));
    assert_false(endpoint_list_is_meant("etcd"));
    assert_false(endpoint_list_is_meant("none"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(several_urls_and_a_prefix_are_read),
        cmocka_unit_test(what_is_no_list_is_refused_with_a_reason),
        cmocka_unit_test(lengths_and_numbers_have_a_limit),
        cmocka_unit_test(other_states_are_told_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
