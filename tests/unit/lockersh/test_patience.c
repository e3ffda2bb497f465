/* How long lockersh's monitor looks for a server that is away.
 * Must not wait for as long. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "lockersh/patience.h"

static void only_a_server_that_sees_us_is_left_soon(void **state)
{
    (void)state;
    assert_int_equal(patience_s(true, false), PATIENCE_HERE_S);
    assert_int_equal(patience_s(true, true), PATIENCE_S);
    assert_int_equal(patience_s(false, false), PATIENCE_S);
    assert_int_equal(patience_s(false, true), PATIENCE_S);
    assert_true(PATIENCE_S <= 600);
}

static void a_unix_socket_is_of_this_host(void **state)
{
    int pair[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_true(patience_same_host(pair[0]));
    close(pair[0]);
    close(pair[1]);
    assert_false(patience_same_host(pair[0]));
    assert_false(patience_same_host(-1));
}

/* Connects to a listener at an address of the loopback network. */
static void expect_same_host(uint32_t host, bool expected)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(host)};
    socklen_t len = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0), fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);
    assert_false(patience_same_host(fd));
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(patience_same_host(fd), expected);
    close(fd);
    close(listener);
}

static void an_address_of_this_host_is_of_this_host(void **state)
{
    (void)state;
    expect_same_host(INADDR_LOOPBACK, true);
    /* Here both ends have different ones. */
    expect_same_host(INADDR_LOOPBACK + 76, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_a_server_that_sees_us_is_left_soon),
        cmocka_unit_test(a_unix_socket_is_of_this_host),
        cmocka_unit_test(an_address_of_this_host_is_of_this_host),
    };

    return cmocka_run_group_tests_name("patience", tests, NULL, NULL);
}
