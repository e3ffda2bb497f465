/* Which addresses are served, and what the log says of the others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <stdio.h>
#include <unistd.h>

#include "server/allow.h"

/* Too large for a stack. */
static struct ipclocker_server server;
static char logged[2000];

static void note_line(void *context, int priority, const char *line)
{
    (void)context;
    (void)priority;
    snprintf(logged + strlen(logged), sizeof logged - strlen(logged), "%s\n", line);
}

static int set_up(void **state)
{
    (void)state;
    memset(&server.allow, 0, sizeof server.allow);
    LIST_INIT(&server.listeners);
    server.log = note_line;
    server.auth = IPCLOCKER_AUTH_NONE;
    server.error[0] = logged[0] = '\0';
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    return ipclocker_server_set_allow(&server, NULL, 0);
}

static const struct refusal *check(const char *text)
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
    return allow_check(&server, (const struct sockaddr *)&address);
}

static void allow(const char *range)
{
    assert_int_equal(ipclocker_server_set_allow(&server, &range, 1), 0);
}

static void without_ranges_everybody_is_served(void **state)
{
    (void)state;
    assert_null(check("192.0.2.1"));
    assert_null(check("2001:db8::1"));
    assert_string_equal(logged, "");
    assert_int_equal(server.allow.refused, 0);
}

static void who_is_in_no_range_is_told_so(void **state)
{
    const struct sockaddr local = {.sa_family = AF_UNIX};
    const struct refusal *refusal;

    (void)state;
    allow("10.1.0.0/16,2001:db8::/32");
    assert_null(check("10.1.255.255"));
    assert_null(check("::ffff:10.1.0.1"));
    assert_null(check("2001:db8:ffff::1"));
    refusal = check("10.2.0.0");
    assert_non_null(refusal);
    assert_int_equal(refusal->code, ERROR_CODE_DENIED);
    assert_non_null(strstr(refusal->text, "--allow"));
    assert_non_null(check("2001:db9::1"));
    assert_non_null(check("::ffff:10.2.0.1"));
    /* This machine's own are served always. */
    assert_null(check("127.0.0.1"));
    assert_null(check("::1"));
    assert_null(allow_check(&server, &local));
}

static void strangers_are_logged_once_a_minute_and_counted(void **state)
{
    (void)state;
    allow("10.1.0.0/16");
    for (int i = 0; i < 1000; i++)
        assert_non_null(check("192.0.2.7"));
    assert_string_equal(logged,
                        "refused a connection from 192.0.2.7, which is not allowed (1 so far)\n");
    assert_int_equal(server.allow.refused, 1000);
    server.allow.logged_s -= 60;
    logged[0] = '\0';
    assert_non_null(check("2001:db8::7"));
    assert_string_equal(
        logged, "refused a connection from 2001:db8::7, which is not allowed (1001 so far)\n");
}

static void a_range_that_is_none_leaves_those_of_before(void **state)
{
    const char *const ranges[] = {"192.0.2.0/24", "10.1.0.0/33"};

    (void)state;
    allow("10.1.0.0/16");
    assert_int_equal(ipclocker_server_set_allow(&server, ranges, 2), -1);
    assert_non_null(strstr(server.error, "10.1.0.0/33"));
    assert_null(check("10.1.0.1"));
    assert_non_null(check("192.0.2.1"));
    /* And good ones take their place, whole. */
    assert_int_equal(ipclocker_server_set_allow(&server, ranges, 1), 0);
    assert_non_null(check("10.1.0.1"));
    assert_null(check("192.0.2.1"));
}

/* With one listener there. */
static void expect_warning(const char *address, const char *part)
{
    struct sockaddr_in where = {.sin_family = AF_INET};
    struct listener listener = {.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};

    assert_int_equal(inet_pton(AF_INET, address, &where.sin_addr), 1);
    assert_int_equal(bind(listener.fd, (struct sockaddr *)&where, sizeof where), 0);
    LIST_INSERT_HEAD(&server.listeners, &listener, all);
    logged[0] = '\0';
    allow_warn_of_strangers(&server);
    if (part == NULL)
        assert_string_equal(logged, "");
    else
        assert_non_null(strstr(logged, part));
    LIST_REMOVE(&listener, all);
    close(listener.fd);
}

static void an_open_port_is_warned_of_where_nobody_has_to_prove_anything(void **state)
{
    (void)state;
    expect_warning("127.0.0.1", NULL);
    expect_warning("0.0.0.0", "whoever can reach it can break any lock");
    allow("10.1.0.0/16");
    expect_warning("0.0.0.0", "whoever is allowed to can break any lock");
    server.auth = IPCLOCKER_AUTH_MUNGE;
    expect_warning("0.0.0.0", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(without_ranges_everybody_is_served, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_is_in_no_range_is_told_so, set_up, tear_down),
        cmocka_unit_test_setup_teardown(strangers_are_logged_once_a_minute_and_counted, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_range_that_is_none_leaves_those_of_before, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            an_open_port_is_warned_of_where_nobody_has_to_prove_anything, set_up, tear_down),
    };

    return cmocka_run_group_tests_name("allow", tests, NULL, NULL);
}
