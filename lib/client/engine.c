/* One request to a server, from finding the server to its last answer, without blocking.
 * Must not know what requests mean: that is in the operations. */
#include "engine.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "connection.h"
#include "death_report.h"
#include "error.h"
#include "hosts.h"
#include "request.h"
#include "round.h"

/* What a step came to, besides 1 (done), 0 (wait) and -1 (failed). */
enum { STEP_AGAIN = 2 };

enum {
    ANSWER_MS = 15000, /* for the server's next word where it has no reason to wait */
};

void client_engine_abandon(struct ipclocker *lock)
{
    lock->call.operation = NULL;
    lock->call.argument = NULL;
    lock->call.phase = PHASE_IDLE;
    lock->wait.known.waiting = false;
}

/* A classic server wants a connection for each request. */
static void part_from_classic(struct ipclocker *lock)
{
    if (lock->connection.dialect != DIALECT_CLASSIC)
        return;
    client_request_command(lock, "EOF");
    client_connection_flush(lock);
    client_connection_close(lock);
}

static int finish(struct ipclocker *lock, int result)
{
    int saved_errno = errno;

    part_from_classic(lock);
    client_death_report_end(lock);
    /* After a failure nobody knows what would come next on it. */
    if (result < 0 && lock->call.phase != PHASE_IDLE && lock->call.phase != PHASE_ANSWER)
        client_connection_close(lock);
    client_engine_abandon(lock);
    errno = saved_errno;
    return result;
}

/* Who was in the queue, or has the lock, wants it still: it goes on for as long as that takes. */
static bool has_much_to_lose(const struct ipclocker *lock)
{
    return lock->call.was_queued || lock->call.operation->never_ends;
}

static bool tries_for_ever(const struct ipclocker *lock)
{
    return lock->set.tries == 0 || has_much_to_lose(lock);
}

/* No host is one: pauses before the next try, or gives up. */
static int end_round(struct ipclocker *lock)
{
    bool was_lost = has_much_to_lose(lock);
    int64_t pause_ms;
    char limit[32] = "";

    lock->round.tries++;
    if (!tries_for_ever(lock)) {
        if (lock->round.tries >= lock->set.tries) {
            client_round_tell_down(lock);
            return client_round_fail(lock);
        }
        snprintf(limit, sizeof limit, " (%u of %u)", lock->round.tries + 1, lock->set.tries);
    }
    pause_ms = client_round_pause_ms(lock, was_lost);
    client_round_tell_retry(lock, pause_ms, was_lost, limit);
    lock->call.phase = PHASE_PAUSE;
    lock->call.phase_deadline_ms = clock_now_ms() + pause_ms;
    return STEP_AGAIN;
}

static int try_next(struct ipclocker *lock)
{
    return client_round_connect_next(lock) == 0 ? STEP_AGAIN : end_round(lock);
}

static int begin_round(struct ipclocker *lock)
{
    client_round_begin(lock);
    return try_next(lock);
}

/* Goes on without the connection, for a reason.  `said`: it is what the server gave as such. */
static int drop_connection(struct ipclocker *lock, int number, const char *reason, bool said)
{
    enum client_phase phase = lock->call.phase;

    client_connection_close(lock);
    if (lock->call.reused) {
        lock->call.reused = false;
        return begin_round(lock);
    }
    if (phase == PHASE_WITHDRAWAL) {
        errno = EBUSY;
        return -1;
    }
    if (lock->call.operation->asks_once && phase == PHASE_ANSWER)
        return client_error_set(lock, EPROTO, "the server%s: %s", said ? " refused" : "", reason);
    if (phase != PHASE_QUEUED) {
        client_round_failed(lock, number, reason, said);
        return try_next(lock);
    }
    client_round_begin(lock);
    lock->round.tries = 0;
    lock->wait.known.position = 0;
    lock->round.host_step = 1;
    client_round_failed(lock, number, reason, said);
    return end_round(lock);
}

/* The server does not serve us, and says why. */
static int be_turned_away(struct ipclocker *lock, const char *error)
{
    char reason[160];

    text_clean(reason, sizeof reason, error, strlen(error));
    return drop_connection(lock, EPROTO, reason, true);
}

/* The connection that was being made or used is of no use any more. */
static int lose_connection(struct ipclocker *lock, int number, const char *reason)
{
    const char *error = answer_parser_last_error(&lock->connection.parser);

    return error != NULL ? be_turned_away(lock, error)
                         : drop_connection(lock, number, reason, false);
}

void client_engine_await_answer(struct ipclocker *lock)
{
    int answer_ms = lock->call.operation->answer_ms;

    lock->call.phase_deadline_ms = clock_now_ms() + (answer_ms > 0 ? answer_ms : ANSWER_MS);
}

static int send_request(struct ipclocker *lock)
{
    if (lock->call.operation->write(lock) != 0)
        return -1;
    lock->call.phase = PHASE_ANSWER;
    client_engine_await_answer(lock);
    return STEP_AGAIN;
}

/* A server must not see a request before it is known to understand it: a classic one would make
 * something else of it. */
static bool needs_dialect(const struct ipclocker *lock)
{
    return lock->call.operation->is_ours ||
           (lock->call.operation->has_demand && !client_request_is_plain(lock));
}

/* What needs no dialect goes out in one write with the question for it. */
static int start_talking(struct ipclocker *lock)
{
    client_request_command(lock, "proto 2");
    if (!needs_dialect(lock))
        return send_request(lock);
    client_request_command(lock, "VERSION");
    lock->call.phase = PHASE_HANDSHAKE;
    lock->call.phase_deadline_ms = clock_now_ms() + ANSWER_MS;
    return STEP_AGAIN;
}

/* The first answer of a connection tells which protocol it has. */
static void learn_dialect(struct ipclocker *lock, const struct answer *answer)
{
    lock->connection.dialect = answer->kind == ANSWER_PROTO ? DIALECT_2 : DIALECT_CLASSIC;
    lock->server.protocol = answer->kind == ANSWER_PROTO ? 2 : 1;
    client_round_remember(lock);
}

static void note_version(struct ipclocker *lock, const struct answer *answer)
{
    text_clean(lock->server.version, sizeof lock->server.version, answer->text,
               strlen(answer->text));
    lock->server.started = answer->number;
}

/* The server cannot do it now, and says so: its disk is full, say.  Who has to get through in the
 * end comes back later, as to a server that is away. */
static bool is_put_off(const struct ipclocker *lock, const struct answer *answer)
{
    return answer->error != NULL && answer->code == ERROR_CODE_LATER && tries_for_ever(lock);
}

static int take_answer(struct ipclocker *lock, const struct answer *answer)
{
    int result;

    if (answer->kind == ANSWER_VERSION)
        note_version(lock, answer);
    if (lock->connection.dialect == DIALECT_UNKNOWN) {
        if (answer->kind == ANSWER_PROTO && answer->number != 2)
            return lose_connection(lock, EPROTO, "it speaks another protocol");
        if (answer->kind == ANSWER_STATUS && answer->error != NULL)
            return be_turned_away(lock, answer->error);
        learn_dialect(lock, answer);
        if (lock->call.phase == PHASE_HANDSHAKE)
            return send_request(lock);
    }
    lock->call.reused = false;
    if (answer->kind == ANSWER_PROTO)
        return STEP_AGAIN;
    if (is_put_off(lock, answer))
        return be_turned_away(lock, answer->error);
    if (answer->kind == ANSWER_WAITING || answer->kind == ANSWER_STATUS)
        client_round_tell_return(lock);
    result = lock->call.operation->take(lock, answer);
    return result == 0 ? STEP_AGAIN : result;
}

/* Takes the answers that are there.  STEP_AGAIN: all of them, or the connection is another. */
static int take_answers(struct ipclocker *lock)
{
    struct answer answer;

    while (lock->connection.fd >= 0 && lock->call.phase != PHASE_CONNECTING) {
        enum answer_kind kind = answer_parser_next(&lock->connection.parser, &answer);
        int result;

        if (kind == ANSWER_NONE)
            return STEP_AGAIN;
        if (kind == ANSWER_BAD)
            return lose_connection(lock, EPROTO, "what answers there is no lockerd");
        result = take_answer(lock, &answer);
        if (result != STEP_AGAIN)
            return result;
    }
    return STEP_AGAIN;
}

static int step_talking(struct ipclocker *lock)
{
    int got;

    if (client_connection_flush(lock) != 0)
        return lose_connection(lock, errno, strerror(errno));
    got = client_connection_receive(lock);
    if (got < 0)
        return lose_connection(lock, errno,
                               errno == ECONNRESET ? "it closed the connection" : strerror(errno));
    if (got > 0)
        return take_answers(lock);
    if (lock->call.phase != PHASE_QUEUED && clock_now_ms() >= lock->call.phase_deadline_ms)
        return lose_connection(lock, EHOSTUNREACH, "it does not answer");
    return 0;
}

static int step_connecting(struct ipclocker *lock)
{
    int connected = client_connection_check(lock->connection.fd, client_connection_address(lock));

    if (connected > 0)
        return start_talking(lock);
    if (connected < 0)
        return lose_connection(lock, errno, strerror(errno));
    if (clock_now_ms() >= lock->call.phase_deadline_ms)
        return lose_connection(lock, EHOSTUNREACH, strerror(ETIMEDOUT));
    return 0;
}

static int step_pause(struct ipclocker *lock)
{
    if (clock_now_ms() < lock->call.phase_deadline_ms)
        return 0;
    return begin_round(lock);
}

static int step_once(struct ipclocker *lock)
{
    switch (lock->call.phase) {
    case PHASE_PAUSE:
        return step_pause(lock);
    case PHASE_CONNECTING:
        return step_connecting(lock);
    case PHASE_IDLE:
        return client_error_set(lock, EINVAL, "nothing is under way");
    default:
        return step_talking(lock);
    }
}

int client_engine_refused(struct ipclocker *lock, const struct answer *answer)
{
    char host[320], shown[160];

    client_hosts_describe(lock, client_round_host(lock), host, sizeof host);
    text_clean(shown, sizeof shown, answer->error, strlen(answer->error));
    return client_error_set(lock, answer->code == ERROR_CODE_OWN ? EDEADLK : EPROTO,
                            "the server at %s refused: %s", host, shown);
}

static int fail_unanswered(struct ipclocker *lock)
{
    char host[320];

    client_hosts_describe(lock, client_round_host(lock), host, sizeof host);
    return client_error_set(lock, EHOSTUNREACH, "no lockerd answers at %s in time", host);
}

/* The caller's limit is over, whatever it was spent on. */
static int time_out(struct ipclocker *lock)
{
    char demand[256];
    bool is_known = lock->wait.known.holder[0] != '\0';

    /* A server that hangs may go on, and must not grant then. */
    if (lock->call.operation->give_up != NULL &&
        (lock->call.was_queued || lock->call.phase == PHASE_ANSWER))
        lock->call.operation->give_up(lock);
    if (lock->call.was_queued) {
        client_request_describe(lock, demand, sizeof demand);
        return client_error_set(lock, ETIMEDOUT, "%s was not free in time%s%s", demand,
                                is_known ? "; it is held by " : "", lock->wait.known.holder);
    }
    if (lock->round.failures[0] == '\0' || lock->call.phase == PHASE_ANSWER)
        return fail_unanswered(lock);
    return client_round_fail(lock);
}

int client_engine_step(struct ipclocker *lock)
{
    int result;

    client_death_report_step(lock);
    do {
        result = step_once(lock);
    } while (result == STEP_AGAIN);
    if (result == 0 && clock_now_ms() >= lock->call.limit_ms)
        result = time_out(lock);
    return result == 0 ? 0 : finish(lock, result);
}

int client_engine_begin(struct ipclocker *lock, const struct client_operation *operation,
                        void *argument, int64_t limit_ms)
{
    int result;

    if (lock->call.operation != NULL && lock->call.operation->is_behind) {
        client_connection_close(lock);
        client_engine_abandon(lock);
    }
    if (lock->call.operation != NULL)
        return client_error_set(lock, EALREADY, "a lock is being got already");
    if (client_hosts_default(lock) != 0)
        return -1;
    lock->call.operation = operation;
    lock->call.argument = argument;
    lock->call.started_ms = clock_now_ms();
    lock->call.limit_ms = limit_ms < 0 || limit_ms > CLIENT_NEVER - lock->call.started_ms
                              ? CLIENT_NEVER
                              : lock->call.started_ms + limit_ms;
    lock->round.tries = 0;
    lock->call.was_queued = false;
    lock->retell.is_away = false;
    lock->round.failures[0] = '\0';
    lock->round.failure_errno = EHOSTUNREACH;
    lock->call.reused = lock->connection.fd >= 0;
    /* Another server knows nothing of what this one has granted. */
    lock->place.at_home =
        lock->place.home_host < lock->set.host_count && (lock->grant.held || operation->at_home);
    if (lock->place.at_home)
        lock->place.preferred_host = lock->place.home_host;
    result = lock->call.reused ? send_request(lock) : begin_round(lock);
    return result < 0 ? finish(lock, result) : 0;
}

int client_engine_finish(struct ipclocker *lock)
{
    int result;

    while ((result = client_engine_step(lock)) == 0) {
        struct pollfd poll_fd = {.fd = ipclocker_fd(lock), .events = ipclocker_events(lock)};

        poll(&poll_fd, 1, ipclocker_timeout(lock));
    }
    return result < 0 ? -1 : 0;
}

int client_engine_run(struct ipclocker *lock, const struct client_operation *operation,
                      void *argument, int64_t limit_ms)
{
    return client_engine_begin(lock, operation, argument, limit_ms) == 0
               ? client_engine_finish(lock)
               : -1;
}
