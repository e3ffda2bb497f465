/* The client of pidstat.h: a queue of answers on top of an asker.
 * Must not block but where pidstat.h says so. */
#include "pidstat.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "asker.h"
#include "base/clock.h"
#include "net/port.h"
#include "process/process.h"
#include "wire.h"

_Static_assert((int)PIDSTAT_HOST_MAX == PIDSTAT_WIRE_HOST_MAX, "one bound on host names");

enum { TRIES_DEFAULT = 5, TRIES_MAX = 1000, TRY_MS_DEFAULT = 1000, TRY_MS_MAX = 3600000 };

struct queued_answer {
    STAILQ_ENTRY(queued_answer) next;
    struct pidstat_answer answer;
};

struct pidstat {
    struct pidstat_asker *asker;
    STAILQ_HEAD(answer_queue, queued_answer) answers;
    unsigned tries;
};

enum pidstat_state pidstat_local_pid_state(pid_t pid, uint64_t start)
{
    return process_lookup(pid, start);
}

int pidstat_local_pid_exists(pid_t pid)
{
    return process_lookup(pid, 0) == PIDSTAT_EXISTS;
}

int pidstat_local_pid_doesnt_exist(pid_t pid)
{
    return !pidstat_local_pid_exists(pid);
}

uint64_t pidstat_local_start_time(pid_t pid)
{
    return process_start_time(pid);
}

struct pidstat *pidstat_create(void)
{
    struct pidstat *client = calloc(1, sizeof *client);

    if (client == NULL)
        return NULL;
    client->asker = pidstat_asker_create(NULL);
    if (client->asker == NULL) {
        free(client);
        return NULL;
    }
    client->tries = TRIES_DEFAULT;
    STAILQ_INIT(&client->answers);
    return client;
}

void pidstat_destroy(struct pidstat *client)
{
    struct queued_answer *queued;

    if (client == NULL)
        return;
    pidstat_asker_destroy(client->asker);
    while ((queued = STAILQ_FIRST(&client->answers)) != NULL) {
        STAILQ_REMOVE_HEAD(&client->answers, next);
        free(queued);
    }
    free(client);
}

int pidstat_set_port(struct pidstat *client, const char *port)
{
    uint16_t number;

    if (port_parse(port, "udp", &number) != 0)
        return -1;
    pidstat_asker_set_port(client->asker, number);
    return 0;
}

int pidstat_set_tries(struct pidstat *client, unsigned tries, int try_ms)
{
    if (tries < 1 || tries > TRIES_MAX || try_ms < 1 || try_ms > TRY_MS_MAX) {
        errno = EINVAL;
        return -1;
    }
    client->tries = tries;
    pidstat_asker_set_try_ms(client->asker, try_ms);
    return 0;
}

int pidstat_fd(const struct pidstat *client)
{
    return pidstat_asker_fd(client->asker);
}

/* Fills an answer from a result; false when the result is none. */
static bool to_answer(const struct pidstat_result *result, struct pidstat_answer *answer)
{
    if (!result->answered)
        return false;
    *answer = (struct pidstat_answer){
        .state = result->state,
        .pid = result->pid,
        .start = result->start,
        .rtt_us = result->rtt_us,
    };
    snprintf(answer->host, sizeof answer->host, "%s", result->host);
    return true;
}

static void queue_answer(void *context, const struct pidstat_result *result)
{
    struct pidstat *client = context;
    struct queued_answer *queued = malloc(sizeof *queued);

    /* Without memory it is lost, as any datagram can be. */
    if (queued != NULL && to_answer(result, &queued->answer))
        STAILQ_INSERT_TAIL(&client->answers, queued, next);
    else
        free(queued);
}

/* Answers that were processed along with something else must not wait for the next event. */
static void process(struct pidstat *client)
{
    pidstat_asker_process(client->asker);
    if (!STAILQ_EMPTY(&client->answers))
        pidstat_asker_wake(client->asker);
}

int pidstat_request(struct pidstat *client, const char *host, pid_t pid, unsigned which)
{
    struct pidstat_target target = {.host = host, .pid = pid, .which = which, .tries = 1};

    if ((which & PIDSTAT_RETURN_ALL) == 0) {
        errno = EINVAL;
        return -1;
    }
    if (pidstat_asker_ask(client->asker, &target, queue_answer, client) == NULL)
        return -1;
    process(client);
    return 0;
}

/* Waits for the asker, but not past a deadline; below 0 is none.  -1 with errno EINTR, ETIMEDOUT.
 */
static int wait_for_asker(struct pidstat_asker *asker, int64_t deadline_ms)
{
    struct pollfd poll_fd = {.fd = pidstat_asker_fd(asker), .events = POLLIN};
    int64_t left = deadline_ms < 0 ? -1 : deadline_ms - clock_now_ms();
    int ready = poll(&poll_fd, 1, deadline_ms >= 0 && left < 0 ? 0 : (int)left);

    if (ready == 0)
        errno = ETIMEDOUT;
    return ready > 0 ? 0 : -1;
}

int pidstat_receive(struct pidstat *client, struct pidstat_answer *answer, int timeout_ms)
{
    int64_t deadline_ms = timeout_ms < 0 ? -1 : clock_now_ms() + timeout_ms;
    struct queued_answer *queued;

    while ((queued = STAILQ_FIRST(&client->answers)) == NULL) {
        if (wait_for_asker(client->asker, deadline_ms) != 0)
            return -1;
        process(client);
    }
    STAILQ_REMOVE_HEAD(&client->answers, next);
    *answer = queued->answer;
    free(queued);
    return 0;
}

/* What pidstat_request_receive() waits for. */
struct awaited {
    bool done, answered, refused;
    int resolve_error;
    struct pidstat_answer answer;
};

static void take_awaited(void *context, const struct pidstat_result *result)
{
    struct awaited *awaited = context;

    awaited->done = true;
    awaited->answered = to_answer(result, &awaited->answer);
    awaited->resolve_error = result->resolve_error;
    awaited->refused = result->refused;
}

static int ask_and_wait(struct pidstat *client, const struct pidstat_target *target,
                        struct pidstat_answer *answer)
{
    struct awaited awaited = {0};
    struct asker_question *question =
        pidstat_asker_ask(client->asker, target, take_awaited, &awaited);

    if (question == NULL)
        return -1;
    while (!awaited.done) {
        if (wait_for_asker(client->asker, -1) != 0 && errno != EINTR) {
            pidstat_asker_cancel(client->asker, question);
            return -1;
        }
        process(client);
    }
    if (!awaited.answered) {
        errno = awaited.resolve_error != 0 ? EHOSTUNREACH
                : awaited.refused          ? ECONNREFUSED
                                           : ETIMEDOUT;
        return -1;
    }
    *answer = awaited.answer;
    return 0;
}

int pidstat_request_receive(struct pidstat *client, const char *host, pid_t pid, unsigned which,
                            struct pidstat_answer *answer)
{
    struct pidstat_target target = {
        .host = host, .pid = pid, .which = which, .tries = client->tries};

    if ((which & PIDSTAT_RETURN_ALL) == 0) {
        errno = EINVAL;
        return -1;
    }
    return ask_and_wait(client, &target, answer);
}

int pidstat_ping_status(struct pidstat *client, const char *host, char *text, size_t text_size)
{
    /* The first process is on every host. */
    struct pidstat_target target = {.host = host,
                                    .pid = 1,
                                    .tries = client->tries,
                                    .flags = ASK_BY_NETWORK | ASK_ANY_NAMESPACE};
    const char *shown = host != NULL ? host : "localhost";
    struct pidstat_answer answer;

    if (ask_and_wait(client, &target, &answer) != 0) {
        int saved_errno = errno;

        if (text != NULL)
            snprintf(text, text_size, "pidstatd on %s: %s", shown,
                     errno == EHOSTUNREACH   ? "the host name does not resolve"
                     : errno == ECONNREFUSED ? "the host is up, but nothing listens on the port"
                                             : "no answer");
        errno = saved_errno;
        return -1;
    }
    if (answer.rtt_us == 0)
        answer.rtt_us = 1;
    if (text != NULL)
        snprintf(text, text_size, "pidstatd on %s: answered in %u.%03u ms", shown,
                 answer.rtt_us / 1000, answer.rtt_us % 1000);
    return (int)answer.rtt_us;
}
