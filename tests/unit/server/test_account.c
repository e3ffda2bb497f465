/* What clients cost, and what they may have. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>

#include "server/account.h"

static const struct account_rates rates = {.cost_us = 100, .history_bytes = 10, .arrivals = 5};

static struct account_key key_of(const char *text)
{
    unsigned char ip[16] = {[10] = 0xff, [11] = 0xff};

    if (strchr(text, ':') != NULL)
        inet_pton(AF_INET6, text, ip);
    else
        inet_pton(AF_INET, text, ip + 12);
    return account_key_of_ip(ip);
}

static void expect_text(struct account_key key, const char *expected)
{
    char text[ACCOUNT_TEXT_SIZE];

    account_key_describe(key, text);
    assert_string_equal(text, expected);
}

static void a_network_of_IPv6_is_one_client_and_an_address_of_IPv4_is(void **state)
{
    struct account_book book;

    (void)state;
    account_book_init(&book);
    book.rates = rates;
    assert_ptr_equal(account_open(&book, key_of("2001:db8::1")),
                     account_open(&book, key_of("2001:db8::ffff:1:2")));
    assert_ptr_not_equal(account_open(&book, key_of("2001:db8::1")),
                         account_open(&book, key_of("2001:db8:0:1::1")));
    assert_ptr_not_equal(account_open(&book, key_of("10.0.0.1")),
                         account_open(&book, key_of("10.0.0.2")));
    assert_ptr_not_equal(account_open(&book, key_of("::1")),
                         account_open(&book, account_key_of_user(0)));
    expect_text(key_of("10.1.2.3"), "10.1.2.3");
    expect_text(key_of("2001:db8:0:7::1"), "2001:db8:0:7::/64");
    expect_text(key_of("::1"), "::/64");
    expect_text(account_key_of_user(1000), "user 1000");
    account_book_fini(&book);
}

static void an_account_is_spent_paid_into_and_forgiven(void **state)
{
    struct account_book book;
    struct account *account;

    (void)state;
    account_book_init(&book);
    book.rates = rates;
    account = account_open(&book, key_of("10.0.0.1"));
    account_connect(&book, account);
    account_charge(account, 1500);
    assert_false(account_is_spent(account));
    account_charge(account, 1);
    assert_true(account_is_spent(account));
    account_book_pay(&book);
    assert_false(account_is_spent(account));
    /* However deep it was: a second later it is no deeper than a second's worth. */
    account_charge(account, 1000000);
    account_book_pay(&book);
    account_book_pay(&book);
    assert_false(account_is_spent(account));
    account_disconnect(&book, account);
    account_book_fini(&book);
}

static void history_beyond_the_rate_is_not_kept(void **state)
{
    struct account_book book;
    struct account *account;
    int taken = 0;

    (void)state;
    account_book_init(&book);
    book.rates = rates;
    account = account_open(&book, key_of("10.0.0.1"));
    for (int i = 0; i < 100; i++)
        taken += account_take_history(account, 10);
    assert_int_equal(taken, 50);
    account_book_pay(&book);
    assert_true(account_take_history(account, 10));
    assert_false(account_take_history(account, 10));
    account_book_fini(&book);
}

static void one_address_never_has_all_places(void **state)
{
    struct account_places places = {.total = 80000};
    struct account_book book;
    struct account *greedy, *other;

    (void)state;
    account_book_init(&book);
    greedy = account_open(&book, key_of("10.0.0.1"));
    while (account_arrive(&book, greedy, &places) == ACCOUNT_WELCOME) {
        account_connect(&book, greedy);
        places.taken++;
    }
    assert_int_equal(greedy->connections, 60000);
    for (int i = 2; i < 15; i++) {
        char text[16];

        snprintf(text, sizeof text, "10.0.0.%d", i);
        other = account_open(&book, key_of(text));
        for (int k = 0; k < 1000; k++, places.taken++) {
            assert_int_equal(account_arrive(&book, other, &places), ACCOUNT_WELCOME);
            account_connect(&book, other);
        }
    }
    assert_int_equal(account_arrive(&book, greedy, &places), ACCOUNT_NO_PLACE);
    places.most = 60000;
    assert_int_equal(account_arrive(&book, greedy, &places), ACCOUNT_TOO_MANY);
    places.most = 60001;
    assert_int_equal(account_arrive(&book, greedy, &places), ACCOUNT_WELCOME);
    places.taken = places.total;
    assert_int_equal(account_arrive(&book, greedy, &places), ACCOUNT_NO_PLACE);
    account_book_fini(&book);
}

static void who_comes_too_fast_is_told_so_for_a_while(void **state)
{
    struct account_places places = {.total = 100};
    struct account_book book;
    struct account *account;

    (void)state;
    account_book_init(&book);
    book.rates = rates;
    account = account_open(&book, key_of("10.0.0.1"));
    for (int i = 0; i < 20; i++)
        assert_int_equal(account_arrive(&book, account, &places), ACCOUNT_WELCOME);
    assert_int_equal(account_arrive(&book, account, &places), ACCOUNT_TOO_FAST);
    account_book_pay(&book);
    for (int i = 0; i < 5; i++)
        assert_int_equal(account_arrive(&book, account, &places), ACCOUNT_WELCOME);
    assert_int_equal(account_arrive(&book, account, &places), ACCOUNT_TOO_FAST);
    account_book_fini(&book);
}

static void who_has_gone_is_forgotten_when_its_account_is_full(void **state)
{
    struct account_book book;
    struct account *account;

    (void)state;
    account_book_init(&book);
    book.rates = rates;
    account = account_open(&book, key_of("10.0.0.1"));
    account_connect(&book, account);
    account_charge(account, 150);
    account->locks = 1;
    account_disconnect(&book, account);
    for (int i = 0; i < 60; i++)
        account_book_pay(&book);
    assert_int_equal(tree_count(&book.accounts), 1);
    account->locks = 0;
    account_book_pay(&book);
    assert_int_equal(tree_count(&book.accounts), 0);
    /* It was the last that was asked for: who comes back has a new one. */
    account = account_open(&book, key_of("10.0.0.1"));
    assert_int_equal(tree_count(&book.accounts), 1);
    assert_int_equal(account->connections, 0);
    account_book_fini(&book);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_network_of_IPv6_is_one_client_and_an_address_of_IPv4_is),
        cmocka_unit_test(an_account_is_spent_paid_into_and_forgiven),
        cmocka_unit_test(history_beyond_the_rate_is_not_kept),
        cmocka_unit_test(one_address_never_has_all_places),
        cmocka_unit_test(who_comes_too_fast_is_told_so_for_a_while),
        cmocka_unit_test(who_has_gone_is_forgotten_when_its_account_is_full),
    };

    return cmocka_run_group_tests_name("account", tests, NULL, NULL);
}
