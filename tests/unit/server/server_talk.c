/* A client of a server in the same program, in words of the protocol.
 * Must not wait for ever. */
#include "server_talk.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cmocka.h>

enum { PATIENCE_STEPS = 1000 };

int server_talk_start(void **state)
{
    struct ipclocker_server *server = ipclocker_server_create();

    assert_non_null(server);
    assert_int_equal(ipclocker_server_listen(server, "127.0.0.1", "0"), 0);
    assert_int_equal(ipclocker_server_start(server, NULL), 0);
    *state = server;
    return 0;
}

int server_talk_stop(void **state)
{
    ipclocker_server_destroy(*state);
    return 0;
}

int connect_to(uint16_t port)
{
    return connect_from(INADDR_LOOPBACK, port);
}

int connect_from(uint32_t source, uint16_t port)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(source)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&from, sizeof from), 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

int connect_to_path(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static size_t count_lines(const char *text)
{
    size_t lines = 0;

    for (; *text != '\0'; text++)
        lines += *text == '\n';
    return lines;
}

/* Whether a text is as a pattern has it, in which {any} is any word. */
static bool matches(const char *text, const char *pattern)
{
    const char *any = strstr(pattern, "{any}");

    if (any == NULL)
        return strcmp(text, pattern) == 0;
    if (strncmp(text, pattern, (size_t)(any - pattern)) != 0)
        return false;
    text += any - pattern;
    return matches(text + strcspn(text, " \n"), any + strlen("{any}"));
}

void expect_answer(struct ipclocker_server *server, int fd, const char *request, const char *answer)
{
    char got[4096] = "";
    size_t len = 0;

    assert_int_equal(send(fd, request, strlen(request), 0), (ssize_t)strlen(request));
    for (int i = 0; count_lines(got) < count_lines(answer) && i < PATIENCE_STEPS; i++) {
        ssize_t part;

        assert_int_equal(ipclocker_server_process(server, STEP_MS), 0);
        part = recv(fd, got + len, sizeof got - len - 1, MSG_DONTWAIT);
        len += part > 0 ? (size_t)part : 0;
        got[len] = '\0';
    }
    if (!matches(got, answer))
        assert_string_equal(got, answer);
}
