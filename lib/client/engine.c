/* One request to a server, from finding the server to its last answer, without blocking.
 * Must not know what requests mean: that is in the operations. */
#include "engine.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "aside.h"
#include "base/clock.h"
#include "base/error_text.h"
#include "base/text.h"
#include "connection.h"
#include "death_report.h"
#include "error.h"
#include "failures.h"
#include "greeting.h"
#include "home.h"
#include "hosts.h"
#include "loss.h"
#include "preset.h"
#include "proof.h"
#include "pulse.h"
#include "race.h"
#include "request.h"
#include "round.h"
#include "search.h"

enum {
    /* A list that is being received has a second more for so many bytes of it. */
    LIST_BYTES_A_SECOND = 65536,
    STEPS_MAX = 64, /* before a caller's own loop has its turn, whatever a server sends */
};

void client_engine_abandon(struct ipclocker *lock)
{
    client_aside_close(lock);
    client_race_close(lock);
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

    client_aside_give_up(lock);
    part_from_classic(lock);
    client_death_report_end(lock);
    /* After a failure nobody knows what would come next on it. */
    if (result < 0 && lock->call.phase != PHASE_IDLE && lock->call.phase != PHASE_ANSWER)
        client_connection_close(lock);
    client_engine_abandon(lock);
    errno = saved_errno;
    return result;
}

void client_engine_await_answer(struct ipclocker *lock)
{
    int64_t answer_ms = lock->call.operation->answer_ms;
    int64_t most_ms = lock->connection.proof.is_out ? CLIENT_PROOF_MS : CLIENT_ANSWER_MS;

    if (answer_ms < most_ms)
        answer_ms = lock->call.is_patient ? client_round_share_ms(lock, most_ms) : most_ms;
    lock->call.phase_deadline_ms = clock_now_ms() + answer_ms;
}

static int send_request(struct ipclocker *lock)
{
    if (lock->call.operation->write(lock) != 0)
        return -1;
    lock->call.phase = PHASE_ANSWER;
    lock->call.list_end_ms = clock_now_ms() + CLIENT_LIST_MS;
    client_engine_await_answer(lock);
    return STEP_AGAIN;
}

/* What needs no dialect goes out in one write with the question for it. */
static int start_talking(struct ipclocker *lock)
{
    client_request_command(lock, "proto 2");
    lock->connection.proof.is_asked = client_proof_is_wanted(lock);
    if (lock->connection.proof.is_asked)
        client_request_command(lock, "auth");
    else if (!client_greeting_is_needed(lock))
        return send_request(lock);
    client_request_command(lock, "VERSION");
    lock->connection.awaits_version =
        lock->connection.proof.is_asked || client_greeting_needs_all(lock);
    lock->call.phase = PHASE_HANDSHAKE;
    lock->call.phase_deadline_ms = clock_now_ms() + CLIENT_ANSWER_MS;
    return STEP_AGAIN;
}

/* The server is ours now.  Two of them must not grant. */
static void accept_server(struct ipclocker *lock)
{
    client_aside_give_up(lock);
    client_round_remember(lock);
}

/* The first answer of a connection tells which protocol it has. */
static void learn_dialect(struct ipclocker *lock, const struct answer *answer)
{
    lock->connection.dialect = answer->kind == ANSWER_PROTO ? DIALECT_2 : DIALECT_CLASSIC;
    lock->server.protocol = answer->kind == ANSWER_PROTO ? 2 : 1;
    if (lock->call.phase != PHASE_HANDSHAKE)
        accept_server(lock);
}

/* The server cannot do it now, and says so: its disk is full, say.  Who waits, or has to get
 * through in the end, comes back later, as to a server that is away. */
static bool is_put_off(const struct ipclocker *lock, const struct answer *answer)
{
    return answer->error != NULL && error_code_is_later(answer->code) &&
           (lock->call.is_patient || client_search_is_endless(lock));
}

/* The first answer behind a credential: it has been checked. */
static void take_proof_back(struct ipclocker *lock)
{
    if (!lock->connection.proof.is_out)
        return;
    lock->connection.proof.is_out = false;
    if (lock->call.phase == PHASE_ANSWER)
        client_engine_await_answer(lock);
}

/* What a server says of itself, its cluster and how to prove who we are, comes behind its dialect,
 * and its version behind that. */
static bool awaits_more(const struct ipclocker *lock)
{
    return lock->connection.awaits_version && lock->connection.dialect == DIALECT_2;
}

/* Behind the handshake.  `challenge`, or NULL, tells how to prove who we are. */
static int begin_request(struct ipclocker *lock, const struct answer *challenge)
{
    const char *objection = client_home_objection(lock);

    if (objection != NULL)
        return client_search_foreign(lock, objection);
    if (client_greeting_may_hold(lock) && lock->connection.cluster[0] == '\0')
        return client_search_hold(lock);
    accept_server(lock);
    if (challenge != NULL)
        client_proof_give(lock, challenge);
    return send_request(lock);
}

/* The version that was asked for in the handshake is no answer to a request. */
static int take_end_of_handshake(struct ipclocker *lock)
{
    if (lock->connection.awaits_version && !client_home_is_cluster(lock))
        client_home_learn(lock);
    lock->connection.awaits_version = false;
    return lock->call.phase == PHASE_HANDSHAKE ? begin_request(lock, NULL) : STEP_AGAIN;
}

static int take_answer(struct ipclocker *lock, const struct answer *answer)
{
    int result;

    if (client_greeting_take(lock, answer))
        return STEP_AGAIN;
    /* One that may be a stranger's says nothing of what we hold. */
    if (lock->call.phase != PHASE_HANDSHAKE && client_loss_take(lock, answer))
        return STEP_AGAIN;
    if (answer->kind == ANSWER_AUTH)
        return lock->call.phase == PHASE_HANDSHAKE ? begin_request(lock, answer) : STEP_AGAIN;
    if (lock->connection.dialect == DIALECT_UNKNOWN) {
        if (answer->kind == ANSWER_PROTO && answer->number != 2)
            return client_search_stranger(lock, "it speaks another protocol");
        if (answer->kind == ANSWER_STATUS && answer->error != NULL)
            return client_search_turned_away(lock, answer->error, answer->code);
        learn_dialect(lock, answer);
        if (lock->call.phase == PHASE_HANDSHAKE && !awaits_more(lock))
            return take_end_of_handshake(lock);
    }
    if (lock->connection.awaits_version && answer->kind == ANSWER_VERSION)
        return take_end_of_handshake(lock);
    if (lock->call.phase == PHASE_HANDSHAKE)
        return answer->kind == ANSWER_STATUS && answer->error != NULL
                   ? client_search_turned_away(lock, answer->error, answer->code)
                   : STEP_AGAIN;
    lock->call.reused = false;
    lock->call.holds = false;
    if (answer->kind == ANSWER_PROTO || client_pulse_is_answer(lock, answer))
        return STEP_AGAIN;
    take_proof_back(lock);
    client_failures_tell_second(lock);
    if (is_put_off(lock, answer))
        return client_search_turned_away(lock, answer->error, answer->code);
    if (answer->kind == ANSWER_WAITING || answer->kind == ANSWER_STATUS ||
        answer->kind == ANSWER_QUEUE)
        client_failures_tell_return(lock);
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
            return client_search_stranger(lock, "what answers there is no lockerd");
        result = take_answer(lock, &answer);
        if (result != STEP_AGAIN)
            return result;
    }
    return STEP_AGAIN;
}

static void extend_for_list(struct ipclocker *lock, int len)
{
    int64_t *deadline_ms = &lock->call.phase_deadline_ms;

    *deadline_ms += (int64_t)len * 1000 / LIST_BYTES_A_SECOND;
    if (*deadline_ms > lock->call.list_end_ms)
        *deadline_ms = lock->call.list_end_ms;
}

/* Takes what was received.  What is no list, and does not come to an end, is no answer. */
static int take_received(struct ipclocker *lock, int len)
{
    const struct answer_parser *parser = &lock->connection.parser;
    int result = take_answers(lock);

    if (result != STEP_AGAIN || lock->connection.fd < 0 || lock->call.phase == PHASE_CONNECTING ||
        lock->call.phase == PHASE_QUEUED)
        return result;
    if (lock->call.operation->takes_list &&
        (parser->state == ANSWER_IN_LIST || parser->state == ANSWER_IN_JSON))
        extend_for_list(lock, len);
    return clock_now_ms() < lock->call.phase_deadline_ms ? result
                                                         : client_search_unanswered(lock, false);
}

static int step_talking(struct ipclocker *lock)
{
    int got;

    if (client_connection_flush(lock) != 0)
        return client_search_lost(lock, errno, error_text(errno));
    got = client_connection_receive(lock);
    if (got < 0)
        return client_search_lost(
            lock, errno, errno == ECONNRESET ? "it closed the connection" : error_text(errno));
    if (got > 0)
        return take_received(lock, got);
    if (clock_now_ms() < lock->call.phase_deadline_ms)
        return 0;
    if (lock->call.phase != PHASE_QUEUED)
        return client_search_unanswered(lock, true);
    return lock->call.operation->look(lock) ? 0 : client_search_silent(lock);
}

static int step_searching(struct ipclocker *lock)
{
    int result = client_search_step(lock);

    return result == STEP_CONNECTED ? start_talking(lock) : result;
}

static int step_pause(struct ipclocker *lock)
{
    if (clock_now_ms() < lock->call.phase_deadline_ms)
        return 0;
    return client_search_begin(lock);
}

static int step_once(struct ipclocker *lock)
{
    switch (lock->call.phase) {
    case PHASE_PAUSE:
        return step_pause(lock);
    case PHASE_RESOLVING:
    case PHASE_CONNECTING:
        return step_searching(lock);
    case PHASE_IDLE:
        return client_error_set(lock, EINVAL, "nothing is under way");
    default:
        return step_talking(lock);
    }
}

static int errno_of(enum error_code code)
{
    switch (code) {
    case ERROR_CODE_OWN:
        return EDEADLK;
    case ERROR_CODE_QUEUE:
        return EAGAIN;
    case ERROR_CODE_CANCELLED:
        return ECANCELED;
    default:
        return EPROTO;
    }
}

int client_engine_refused(struct ipclocker *lock, const struct answer *answer)
{
    char host[320], shown[400];

    client_hosts_describe(lock, client_hosts_current(lock), host, sizeof host);
    text_clean(shown, sizeof shown, answer->error, strlen(answer->error));
    return client_error_set(lock, errno_of(answer->code), "the server at %s refused: %s", host,
                            shown);
}

int client_engine_version(struct ipclocker *lock, const struct answer *answer, bool is_done,
                          const char *what_holds)
{
    if (answer->kind != ANSWER_VERSION)
        return 0;
    if (is_done)
        return 1;
    return client_error_set(lock, ENOTSUP, "the server is an earlier one, %s", what_holds);
}

static int fail_unanswered(struct ipclocker *lock)
{
    char host[320];

    client_hosts_describe(lock, client_hosts_current(lock), host, sizeof host);
    return client_error_set(lock, EHOSTUNREACH, "no lockerd answers at %s in time", host);
}

/* The caller's limit is over, whatever it was spent on. */
static int time_out(struct ipclocker *lock)
{
    char demand[256];
    bool is_known = lock->wait.known.holder[0] != '\0';
    enum client_phase phase = lock->call.phase;

    /* A server that hangs may go on, and must not grant then. */
    if (lock->call.operation->give_up != NULL && (lock->call.was_queued || phase == PHASE_ANSWER))
        lock->call.operation->give_up(lock);
    client_connection_close(lock);
    if (lock->call.was_queued) {
        client_request_describe(lock, demand, sizeof demand);
        return client_error_set(lock, ETIMEDOUT, "%s was not free in time%s%s", demand,
                                is_known ? "; it is held by " : "", lock->wait.known.holder);
    }
    if (phase == PHASE_ANSWER || phase == PHASE_HANDSHAKE)
        return fail_unanswered(lock);
    if (phase == PHASE_RESOLVING)
        client_failures_not_resolved(lock);
    if (phase == PHASE_CONNECTING)
        client_failures_unreached(lock, ETIMEDOUT);
    client_race_time_out(lock);
    return client_failures_fail(lock);
}

int client_engine_step(struct ipclocker *lock)
{
    int result = STEP_AGAIN;

    client_death_report_step(lock);
    for (int i = 0; i < STEPS_MAX && result == STEP_AGAIN; i++)
        result = clock_now_ms() < lock->call.limit_ms ? step_once(lock) : 0;
    /* Whatever else is to be done has a descriptor that is ready, or a time that is over. */
    if (result == STEP_AGAIN)
        result = 0;
    if (result == 0 && clock_now_ms() >= lock->call.limit_ms)
        result = time_out(lock);
    if (result != 0)
        return finish(lock, result);
    client_race_arm(lock);
    return 0;
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
    if (client_preset_servers(lock) != 0)
        return -1;
    lock->call.operation = operation;
    lock->call.argument = argument;
    lock->call.started_ms = clock_now_ms();
    lock->call.limit_ms = limit_ms < 0 || limit_ms > CLIENT_NEVER - lock->call.started_ms
                              ? CLIENT_NEVER
                              : lock->call.started_ms + limit_ms;
    lock->call.is_patient = operation->never_ends || (operation->waits && lock->set.block);
    lock->call.holds = false;
    lock->round.tries = lock->round.put_offs = 0;
    lock->call.was_queued = false;
    lock->retell.is_away = false;
    client_home_begin(lock, lock->grant.held || operation->at_home);
    if (operation->waits)
        client_round_leave_hasty(lock);
    lock->call.reused = lock->connection.fd >= 0;
    lock->round.failure_errno = EHOSTUNREACH;
    if (lock->call.reused)
        client_round_resume(lock);
    result = lock->call.reused ? send_request(lock) : client_search_begin(lock);
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
