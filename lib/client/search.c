/* From server to server until one answers: what follows where an address, a connection or a whole
 * round is of no use.
 * Must not know what is asked, nor take an answer. */
#include "search.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "aside.h"
#include "base/clock.h"
#include "base/text.h"
#include "connection.h"
#include "engine.h"
#include "error.h"
#include "failures.h"
#include "home.h"
#include "race.h"
#include "round.h"

/* With a silent server, before others are tried again. */
enum { HOLD_MIN_MS = 5000, HOLD_MS = 60000 };

/* Where it is not said how often to try.  Of several hosts, another one comes to serve some seconds
 * after the first is gone: who wants to wait for a lock tries for half a minute. */
enum { TRIES = 3, TRIES_AT_SEVERAL = 8 };

static unsigned most_tries(const struct ipclocker *lock)
{
    if (lock->set.has_tries)
        return lock->set.tries;
    return lock->call.is_patient && lock->set.host_count > 1 ? TRIES_AT_SEVERAL : TRIES;
}

/* Who was in the queue, or has the lock, wants it still: it goes on for as long as that takes. */
static bool has_much_to_lose(const struct ipclocker *lock)
{
    return lock->call.was_queued || lock->call.operation->never_ends;
}

bool client_search_is_endless(const struct ipclocker *lock)
{
    return most_tries(lock) == 0 || has_much_to_lose(lock);
}

/* Another one of the list may come to serve soon, or late: as long again as it took so far. */
static int64_t hold_ms(const struct ipclocker *lock)
{
    int64_t taken_ms = clock_now_ms() - lock->call.started_ms;

    if (lock->set.host_count == 1 || taken_ms > HOLD_MS)
        return HOLD_MS;
    return taken_ms > HOLD_MIN_MS ? taken_ms : HOLD_MIN_MS;
}

/* A server has the request, and there is no other one: it has our place in the order in which
 * requests came, and may go on at any time. */
static int hold_on(struct ipclocker *lock)
{
    client_aside_take_back(lock);
    lock->call.holds = true;
    lock->call.phase_deadline_ms = clock_now_ms() + hold_ms(lock);
    client_failures_tell_silence(lock, "it has the request, and is waited for");
    return STEP_AGAIN;
}

/* Whether another round would be in vain: what cannot succeed, and what takes longer than somebody
 * waits who does not want to wait. */
static bool is_hopeless(const struct ipclocker *lock)
{
    if (has_much_to_lose(lock))
        return false;
    if (client_failures_are_final(lock))
        return true;
    return (lock->round.is_slow || clock_now_ms() >= lock->round.end_ms) &&
           !lock->call.is_patient && most_tries(lock) > 0;
}

/* A server is there, and asks to come back: who waits for a lock waits for that, too. */
static bool comes_back(const struct ipclocker *lock)
{
    return lock->round.is_put_off && lock->call.is_patient && !lock->set.has_tries;
}

static int give_up(struct ipclocker *lock)
{
    client_failures_tell_down(lock);
    return client_failures_fail(lock);
}

/* No host is one: pauses before the next try, or gives up. */
static int end_round(struct ipclocker *lock)
{
    bool was_lost = has_much_to_lose(lock);
    int64_t pause_ms;
    char limit[32] = "";

    if (client_aside_is_there(lock))
        return hold_on(lock);
    if (is_hopeless(lock))
        return give_up(lock);
    if (comes_back(lock)) {
        lock->round.put_offs++;
    } else if (++lock->round.tries, !client_search_is_endless(lock)) {
        if (lock->round.tries >= most_tries(lock))
            return give_up(lock);
        snprintf(limit, sizeof limit, " (%u of %u)", lock->round.tries + 1, most_tries(lock));
    }
    pause_ms = client_round_pause_ms(lock, was_lost);
    client_failures_tell_retry(lock, pause_ms, was_lost, limit);
    lock->call.phase = PHASE_PAUSE;
    lock->call.phase_deadline_ms = clock_now_ms() + pause_ms;
    return STEP_AGAIN;
}

int client_search_next(struct ipclocker *lock)
{
    return client_round_connect_next(lock) == 0 ? STEP_AGAIN : end_round(lock);
}

int client_search_begin(struct ipclocker *lock)
{
    client_round_begin(lock);
    return client_search_next(lock);
}

/* Goes on without the connection, for a reason. */
static int drop_connection(struct ipclocker *lock, const struct client_failure *failure)
{
    enum client_phase phase = lock->call.phase;
    bool said = failure->kind == FAILURE_SAID;

    client_connection_close(lock);
    lock->call.holds = false;
    if (lock->call.reused) {
        lock->call.reused = false;
        return client_search_begin(lock);
    }
    if (phase == PHASE_WITHDRAWAL) {
        errno = EBUSY;
        return -1;
    }
    if (lock->call.operation->asks_once && phase == PHASE_ANSWER)
        return client_error_set(lock, EPROTO, "the server%s: %s", said ? " refused" : "",
                                failure->reason);
    if (phase != PHASE_QUEUED) {
        client_failures_note(lock, failure);
        return said && failure->is_final ? client_failures_fail(lock) : client_search_next(lock);
    }
    client_round_resume(lock);
    lock->round.tries = lock->round.put_offs = 0;
    lock->wait.known.position = 0;
    client_failures_note(lock, failure);
    return client_home_is_cluster(lock) ? client_search_next(lock) : end_round(lock);
}

/* The server does not serve us, and says why. */
int client_search_turned_away(struct ipclocker *lock, const char *error, enum error_code code)
{
    char reason[160];

    text_clean(reason, sizeof reason, error, strlen(error));
    lock->round.is_put_off |= error_code_is_later(code);
    return drop_connection(lock,
                           &(struct client_failure){.kind = FAILURE_SAID,
                                                    .number = EPROTO,
                                                    .reason = reason,
                                                    .is_final = !error_code_is_later(code) &&
                                                                !client_home_is_cluster(lock)});
}

int client_search_silent(struct ipclocker *lock)
{
    if (lock->call.phase == PHASE_QUEUED) {
        client_round_resume(lock);
        client_failures_silent(lock);
        client_failures_tell_silence(lock, "the others of its cluster are asked");
    }
    client_round_avoid(lock);
    return drop_connection(lock, &client_failure_silent);
}

int client_search_hold(struct ipclocker *lock)
{
    client_connection_close(lock);
    client_round_hold(lock);
    return client_search_next(lock);
}

int client_search_foreign(struct ipclocker *lock, const char *reason)
{
    return drop_connection(
        lock, &(struct client_failure){.kind = FAILURE_BROKEN, .number = EPROTO, .reason = reason});
}

/* The connection that was used is of no use any more. */
int client_search_lost(struct ipclocker *lock, int number, const char *reason)
{
    const struct answer_parser *parser = &lock->connection.parser;
    const char *error = answer_parser_last_error(parser);

    /* A server that has forgotten the grant knows no key of it. */
    if (lock->connection.proof.is_by_grant &&
        answer_parser_last_code(parser) == ERROR_CODE_PROOF_INVALID) {
        lock->grant.has_key = false;
        lock->call.reused = true;
        error = NULL;
    }
    return error != NULL ? client_search_turned_away(lock, error, answer_parser_last_code(parser))
                         : drop_connection(lock, &(struct client_failure){.kind = FAILURE_BROKEN,
                                                                          .number = number,
                                                                          .reason = reason});
}

/* It will not be one the next time either. */
int client_search_stranger(struct ipclocker *lock, const char *reason)
{
    return drop_connection(
        lock, &(struct client_failure){
                  .kind = FAILURE_BROKEN, .number = EPROTO, .reason = reason, .is_final = true});
}

/* Goes on without an answer from the server that has the request, but, where it may take as long
 * as it takes, not without that server. */
static int set_aside(struct ipclocker *lock)
{
    bool is_all = lock->call.holds;

    client_failures_silent(lock);
    lock->call.reused = false;
    lock->call.holds = false;
    if (!client_aside_is_there(lock))
        client_aside_put(lock);
    else if (lock->call.operation->give_up != NULL)
        lock->call.operation->give_up(lock);
    client_connection_close(lock);
    return is_all ? client_search_begin(lock) : client_search_next(lock);
}

/* Nothing comes, or nothing but what nobody has asked for. */
int client_search_unanswered(struct ipclocker *lock, bool is_silent)
{
    const struct client_operation *operation = lock->call.operation;
    /* A connection that was idle for long may have been forgotten on the way. */
    bool is_forgotten = lock->call.reused && !client_connection_is_delivered(lock);

    if (!is_silent)
        return client_search_stranger(lock, "what it says has no end");
    if (client_home_is_cluster(lock))
        return client_search_silent(lock);
    if (lock->call.is_patient && !is_forgotten)
        return set_aside(lock);
    lock->call.reused = is_forgotten;
    /* A server that hangs may go on, and must not grant then. */
    if (operation->give_up != NULL && lock->call.phase == PHASE_ANSWER)
        operation->give_up(lock);
    return drop_connection(lock, &client_failure_silent);
}

/* An address that cannot be connected to, or not in time. */
int client_search_unreached(struct ipclocker *lock, int number)
{
    client_connection_close(lock);
    client_failures_unreached(lock, number);
    return client_search_next(lock);
}

static int step_resolving(struct ipclocker *lock)
{
    if (!client_round_is_resolving(lock))
        return client_search_next(lock);
    client_round_expect(lock);
    return 0;
}

static int step_connecting(struct ipclocker *lock)
{
    int connected = client_connection_check(lock->connection.fd, client_connection_address(lock));

    if (connected > 0)
        return STEP_CONNECTED;
    if (connected < 0)
        return client_search_unreached(lock, errno);
    if (clock_now_ms() >= lock->round.attempt_end_ms)
        return client_search_unreached(lock, ETIMEDOUT);
    if (client_round_wants_next(lock)) {
        if (client_race_add(lock))
            return client_search_next(lock);
        lock->round.next_ms = CLIENT_NEVER;
    }
    client_round_expect(lock);
    return 0;
}

/* Of those that are there at once, the one that was begun first. */
int client_search_step(struct ipclocker *lock)
{
    if (client_race_look(lock))
        return STEP_CONNECTED;
    return lock->call.phase == PHASE_RESOLVING ? step_resolving(lock) : step_connecting(lock);
}
