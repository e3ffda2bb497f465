/* Ranges of addresses, written and matched.
 * Must not need a network. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <netinet/in.h>

#include "net/cidr.h"

static bool admits(const struct cidr_list *list, const char *text)
{
    struct sockaddr_storage address = {0};
    struct sockaddr_in *four = (void *)&address;
    struct sockaddr_in6 *six = (void *)&address;

    if (strchr(text, ':') == NULL) {
        four->sin_family = AF_INET;
        assert_int_equal(inet_pton(AF_INET, text, &four->sin_addr), 1);
    } else {
        six->sin6_family = AF_INET6;
        assert_int_equal(inet_pton(AF_INET6, text, &six->sin6_addr), 1);
    }
    return cidr_list_admits(list, (const struct sockaddr *)&address);
}

static void ranges_have_what_is_in_them(void **state)
{
    struct cidr_list list = {0};
    char error[CIDR_ERROR_SIZE];

    (void)state;
    assert_true(admits(&list, "192.0.2.1"));
    assert_int_equal(cidr_list_add(&list, "10.0.0.0/8,192.168.4.0/22", error), 0);
    assert_int_equal(cidr_list_add(&list, "2001:db8::/33,192.0.2.7,fe80::1", error), 0);
    assert_int_equal(list.count, 5);
    for (size_t i = 0; i < 7; i++) {
        static const char *const in[] = {"10.255.0.1",      "192.168.7.255",   "192.0.2.7",
                                         "fe80::1",         "::ffff:10.1.2.3", "2001:db8::9",
                                         "2001:db8:7fff::1"};
        static const char *const out[] = {"11.0.0.1",        "192.168.8.0",     "192.0.2.8",
                                          "fe80::2",         "::ffff:11.1.2.3", "2001:db9::9",
                                          "2001:db8:8000::1"};

        assert_true(admits(&list, in[i]));
        assert_false(admits(&list, out[i]));
    }
    /* The machine itself is always let in, by its loopback. */
    assert_true(admits(&list, "127.3.2.1"));
    assert_true(admits(&list, "::1"));
    assert_true(admits(&list, "::ffff:127.0.0.1"));
    cidr_list_fini(&list);
}

static void none_and_all(void **state)
{
    struct cidr_list list = {0};
    char error[CIDR_ERROR_SIZE];

    (void)state;
    assert_int_equal(cidr_list_add(&list, "0.0.0.0/0", error), 0);
    assert_true(admits(&list, "8.8.8.8"));
    assert_false(admits(&list, "2001:db8::1"));
    assert_int_equal(cidr_list_add(&list, "::/0", error), 0);
    assert_true(admits(&list, "2001:db8::1"));
    cidr_list_fini(&list);
}

static void what_is_no_range_is_refused_with_a_reason(void **state)
{
    static const struct {
        const char *text, *why;
    } wrong[] = {
        {"", "\"\" is no address"},
        {"farm1", "\"farm1\" is no address; give numbers such as 10.0.0.0/8, not names"},
        {"10.0.0.0/33", "needs a number from 0 to 32"},
        {"::/129", "needs a number from 0 to 128"},
        {"10.0.0.0/", "needs a number"},
        {"10.0.0.0/-1", "needs a number"},
        {"10.1.2.3/8", "\"10.1.2.3/8\" has bits behind its mask; do you mean 10.0.0.0/8?"},
        {"2001:db8::1/32", "do you mean 2001:db8::/32?"},
        {"10.0.0.0/8,", "\"\" is no address"},
        {"10.0.0.0/8,,::1", "\"\" is no address"},
        {"10/8", "is no address"},
        {"010.0.0.1", "is no address"},
        {"10.0.0.0/8 ", "needs a number"},
        {"::ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", "..."},
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct cidr_list list = {0};
        char error[CIDR_ERROR_SIZE] = "";

        assert_int_equal(cidr_list_add(&list, wrong[i].text, error), -1);
        assert_int_equal(errno, EINVAL);
        assert_non_null(strstr(error, wrong[i].why));
        cidr_list_fini(&list);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_have_what_is_in_them),
        cmocka_unit_test(none_and_all),
        cmocka_unit_test(what_is_no_range_is_refused_with_a_reason),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
