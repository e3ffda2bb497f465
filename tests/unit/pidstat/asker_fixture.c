/* A pidstat asker under test.
 * Must not hide a failure: what goes wrong here fails the test. */
#include "asker_fixture.h"

#include <arpa/inet.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <cmocka.h>

int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

static int next_order;

void take(void *context, const struct pidstat_result *result)
{
    struct record *record = context;

    record->calls++;
    record->answered = result->answered;
    record->state = result->state;
    record->refused = result->refused;
    record->foreign = result->foreign;
    record->classic = result->classic;
    record->pid_namespace = result->pid_namespace;
    record->start = result->start;
    record->resolve_error = result->resolve_error;
    record->order = ++next_order;
    snprintf(record->boot, sizeof record->boot, "%s", result->boot != NULL ? result->boot : "");
    if (record->to_cancel != NULL)
        pidstat_asker_cancel(record->asker, record->to_cancel);
    record->to_cancel = NULL;
}

void puppet_open(struct puppet *puppet)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t len = sizeof address;

    memset(puppet, 0, sizeof *puppet);
    inet_pton(AF_INET, ELSEWHERE, &address.sin_addr);
    puppet->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(puppet->fd, (struct sockaddr *)&address, len), 0);
    assert_int_equal(getsockname(puppet->fd, (struct sockaddr *)&address, &len), 0);
    puppet->port = ntohs(address.sin_port);
}

void puppet_say(const struct puppet *puppet, const char *text)
{
    assert_int_equal(sendto(puppet->fd, text, strlen(text), 0,
                            (const struct sockaddr *)&puppet->asker, sizeof puppet->asker),
                     strlen(text));
}

int puppet_hears(struct puppet *puppet)
{
    socklen_t len = sizeof puppet->asker;
    ssize_t got = recvfrom(puppet->fd, puppet->heard, sizeof puppet->heard - 1, 0,
                           (struct sockaddr *)&puppet->asker, &len);

    if (got < 0)
        return 0;
    puppet->heard[got] = '\0';
    puppet->count++;
    return 1;
}

void turn(struct pidstat_asker *asker, int ms)
{
    struct pollfd poll_fd = {.fd = pidstat_asker_fd(asker), .events = POLLIN};

    if (poll(&poll_fd, 1, ms) > 0)
        pidstat_asker_process(asker);
}

void hear_one(struct pidstat_asker *asker, struct puppet *puppet)
{
    int64_t until = now_ms() + PATIENCE_MS;

    while (!puppet_hears(puppet)) {
        assert_true(now_ms() < until);
        turn(asker, 1);
    }
}

void wait_calls(struct pidstat_asker *asker, const struct record *record, int calls)
{
    int64_t until = now_ms() + PATIENCE_MS;

    while (record->calls < calls) {
        assert_true(now_ms() < until);
        turn(asker, 10);
    }
}

void turn_for(struct pidstat_asker *asker, int ms)
{
    int64_t until = now_ms() + ms;

    while (now_ms() < until)
        turn(asker, 5);
}

struct pidstat_asker *make_asker(const struct puppet *puppet)
{
    const struct pidstat_asker_options options = {
        .port = puppet->port, .try_ms = 5000, .repeat_ms = 5000};
    struct pidstat_asker *asker = pidstat_asker_create(&options);

    assert_non_null(asker);
    return asker;
}

void puppet_answers(const struct puppet *puppet, const char *kind_pid_value, const char *words)
{
    const char *id = strstr(puppet->heard, " id=");
    char text[512];

    assert_non_null(id);
    snprintf(text, sizeof text, "%s " ELSEWHERE "%.20s%s", kind_pid_value, id, words);
    puppet_say(puppet, text);
}

void puppet_answers_classic(const struct puppet *puppet, const char *kind_pid_value)
{
    char host[300], text[512];

    assert_int_equal(sscanf(puppet->heard, "PIDR %*d %299s", host), 1);
    snprintf(text, sizeof text, "%s %s", kind_pid_value, host);
    puppet_say(puppet, text);
}

void hear_one_with_id(struct pidstat_asker *asker, struct puppet *puppet)
{
    hear_one(asker, puppet);
    if (strchr(puppet->heard, '~') != NULL)
        return;
    puppet_answers_classic(puppet, "EXIS 42 0");
    hear_one(asker, puppet);
    assert_non_null(strstr(puppet->heard, " " ELSEWHERE "~"));
}
