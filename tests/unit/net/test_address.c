/* What sockets on loopback say of their addresses, and keepalive as they then have it.
 * Must not talk to anybody. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "net/address.h"
#include "net/keepalive.h"

static int open_bound(int type)
{
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&own, sizeof own), 0);
    return fd;
}

static void a_bound_socket_has_its_port(void **state)
{
    int fd = open_bound(SOCK_STREAM), again;
    uint16_t port = address_bound_port(fd);
    struct sockaddr_in taken = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

    (void)state;
    assert_true(port != 0);
    again = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(again, (struct sockaddr *)&taken, sizeof taken), -1);
    assert_int_equal(errno, EADDRINUSE);
    close(again);
    close(fd);
}

static void no_port_where_there_is_none(void **state)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)state;
    assert_int_equal(address_bound_port(fd), 0);
    close(fd);
    assert_int_equal(address_bound_port(-1), 0);
}

static void a_family_that_the_machine_lacks_is_told_from_a_failure(void **state)
{
    struct sockaddr_in strange = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(0xcb007101)}; /* 203.0.113.1 */
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)state;
    assert_int_equal(bind(fd, (struct sockaddr *)&strange, sizeof strange), -1);
    assert_true(address_is_missing(errno));
    close(fd);
    assert_int_equal(socket(AF_MAX, SOCK_STREAM, 0), -1);
    assert_true(address_is_missing(errno));
    assert_false(address_is_missing(EADDRINUSE));
    assert_false(address_is_missing(EACCES));
}

static int option(int fd, int level, int name)
{
    int value = -1;
    socklen_t len = sizeof value;

    assert_int_equal(getsockopt(fd, level, name, &value, &len), 0);
    return value;
}

static void keepalive_is_set_as_it_says(void **state)
{
    const struct keepalive keepalive = {.idle_s = 41, .interval_s = 7, .probes = 3};
    int fd = open_bound(SOCK_STREAM);

    (void)state;
    keepalive_set(fd, &keepalive);
    assert_int_equal(option(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
    assert_int_equal(option(fd, IPPROTO_TCP, TCP_KEEPIDLE), 41);
    assert_int_equal(option(fd, IPPROTO_TCP, TCP_KEEPINTVL), 7);
    assert_int_equal(option(fd, IPPROTO_TCP, TCP_KEEPCNT), 3);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bound_socket_has_its_port),
        cmocka_unit_test(no_port_where_there_is_none),
        cmocka_unit_test(a_family_that_the_machine_lacks_is_told_from_a_failure),
        cmocka_unit_test(keepalive_is_set_as_it_says),
    };

    return cmocka_run_group_tests_name("net_socket", tests, NULL, NULL);
}
