/* Getting the lock, waiting for it, keeping it, and giving up.
 * Must not take more than was asked for, whatever the server says. */
#include "lock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "aside.h"
#include "base/clock.h"
#include "base/text.h"
#include "connection.h"
#include "death_report.h"
#include "error.h"
#include "failures.h"
#include "granted.h"
#include "home.h"
#include "hosts.h"
#include "inside.h"
#include "lookup.h"
#include "loss.h"
#include "proof.h"
#include "pulse.h"
#include "request.h"
#include "round.h"
#include "wait_reason.h"

enum {
    LOOK_MS = 60000, /* of silence in the queue, before the server is asked whether it is there */
    SHORT_WAIT_MS = 300, /* before it is told who waits for us meanwhile: whoever just hands a lock
                          * on has ended by then */
    READS_MAX = 64,      /* of what nobody waits for, at once */
};

static void copy_clean(char *out, size_t out_size, const char *text)
{
    text_clean(out, out_size, text, strlen(text));
}

static void notice_waiting(struct ipclocker *lock)
{
    char demand[256], held[64] = "", place[64] = "";
    const struct ipclocker_wait *wait = &lock->wait.known;

    if (!lock->wait.notice_due)
        return;
    lock->wait.notice_due = false;
    client_request_describe(lock, demand, sizeof demand);
    if (wait->held_ms >= 0)
        snprintf(held, sizeof held, " for %.1f s", (double)wait->held_ms / 1000.0);
    if (wait->position > 0)
        snprintf(place, sizeof place, "; place %zu in the queue", wait->position);
    client_error_notice(lock, IPCLOCKER_NOTICE_WAITING, "waiting for %s, held by %s%s%s", demand,
                        wait->holder[0] != '\0' ? wait->holder : "somebody", held, place);
}

/* Long silence is what a queue is like; the server of one is asked for a sign of life. */
static void expect_nothing(struct ipclocker *lock)
{
    int64_t look_ms = client_home_has_others(lock) ? PULSE_SILENCE_MS : LOOK_MS;

    if (client_inside_is_due(lock))
        look_ms = SHORT_WAIT_MS;
    lock->wait.asked = false;
    lock->call.phase_deadline_ms =
        lock->connection.dialect == DIALECT_2 ? clock_now_ms() + look_ms : CLIENT_NEVER;
}

static void take_waiting(struct ipclocker *lock, const char *holder)
{
    lock->call.phase = PHASE_QUEUED;
    lock->call.was_queued = true;
    lock->report.is_news = false;
    client_home_settle(lock);
    lock->round.tries = 0;
    lock->wait.known.waiting = true;
    lock->wait.known.position = 0;
    lock->wait.known.held_ms = -1;
    lock->wait.known.lock[0] = '\0';
    lock->wait.known.reason[0] = '\0';
    lock->wait.known.length = 0;
    copy_clean(lock->wait.known.holder, sizeof lock->wait.known.holder, holder);
    lock->wait.notice_due = true;
    lock->wait.told_inside = false;
    lock->wait.begun_ms = clock_now_ms();
    expect_nothing(lock);
    client_connection_keep_alive(lock);
    /* Ours goes on to tell the place. */
    if (lock->connection.dialect == DIALECT_CLASSIC)
        notice_waiting(lock);
}

static void take_queue(struct ipclocker *lock, const struct answer *answer)
{
    if (lock->call.phase != PHASE_QUEUED)
        return;
    expect_nothing(lock);
    lock->wait.known.reason[0] = '\0';
    lock->wait.known.length = 0;
    if (answer->number == 0)
        return;
    lock->wait.known.position = (size_t)answer->number;
    lock->wait.known.held_ms = answer->held_ms;
    lock->wait.told_ms = clock_now_ms();
    copy_clean(lock->wait.known.holder, sizeof lock->wait.known.holder, answer->text);
    copy_clean(lock->wait.known.lock, sizeof lock->wait.known.lock, answer->lock);
    notice_waiting(lock);
}

static void take_why(struct ipclocker *lock, const struct answer *answer)
{
    if (lock->call.phase == PHASE_QUEUED || !lock->set.block)
        wait_reason_read(answer->text, &lock->wait.known);
}

static int refuse_grant(struct ipclocker *lock)
{
    char host[320];

    client_hosts_describe(lock, client_hosts_current(lock), host, sizeof host);
    return client_error_set(lock, EPROTO,
                            "the server at %s granted something else than was asked for", host);
}

static int take_grant(struct ipclocker *lock, const struct answer *answer)
{
    if (!granted_is_wanted(lock, answer))
        return refuse_grant(lock);
    buffer_fini(&lock->grant.names);
    for (size_t i = 0; i < answer->name_count; i++) {
        if (i > 0)
            buffer_add(&lock->grant.names, " ", 1);
        buffer_add_text(&lock->grant.names, answer->names[i]);
    }
    buffer_add(&lock->grant.names, "", 1);
    if (lock->grant.names.failed)
        return client_error_set(lock, ENOMEM, "out of memory");
    lock->grant.held = true;
    client_loss_expect(lock, answer);
    client_home_settle(lock);
    lock->grant.token = answer->number;
    client_proof_keep_key(lock, answer);
    client_pulse_felt(lock);
    return 1;
}

static int obtain(struct ipclocker *lock, const struct answer *answer)
{
    char names[256];

    if (take_grant(lock, answer) < 0)
        return -1;
    lock->wait.known.waited_ms = clock_now_ms() - lock->call.started_ms;
    if (lock->set.session)
        client_connection_keep_alive(lock);
    if (!lock->call.was_queued)
        return 1;
    copy_clean(names, sizeof names, lock->grant.names.data);
    client_error_notice(lock, IPCLOCKER_NOTICE_OBTAINED, "obtained %s after %.1f s", names,
                        (double)lock->wait.known.waited_ms / 1000.0);
    return 1;
}

static int be_refused(struct ipclocker *lock, const struct answer *answer)
{
    const char *why = lock->set.block ? "" : lock->wait.known.reason;
    char demand[256], owner[128];

    client_request_describe(lock, demand, sizeof demand);
    copy_clean(owner, sizeof owner, answer->text);
    lock->grant.held = false;
    if (client_death_report_helps(lock)) {
        client_request_command(lock, "LOCK");
        client_engine_await_answer(lock);
        return 0;
    }
    if (answer->code == ERROR_CODE_OWN && lock->wait.told_inside)
        return client_inside_refuse(lock, demand);
    if (answer->error != NULL)
        return client_engine_refused(lock, answer);
    if (lock->set.block)
        return client_error_set(lock, ECANCELED, "the wait for %s was ended by somebody else",
                                demand);
    client_error_set(lock, EBUSY, "%s is not free%s%s", demand,
                     why[0] != '\0'     ? "; "
                     : owner[0] != '\0' ? "; it is held by "
                                        : "",
                     why[0] != '\0' ? why : owner);
    if (lock->connection.dialect != DIALECT_CLASSIC)
        return -1;
    /* A classic server has put us into the queue all the same. */
    client_request_command(lock, "UNLOCK");
    lock->call.phase = PHASE_WITHDRAWAL;
    return 0;
}

static int take_status(struct ipclocker *lock, const struct answer *answer)
{
    if (lock->call.phase == PHASE_WITHDRAWAL) {
        errno = EBUSY;
        return -1;
    }
    /* With an error, it tells of what the owner has had before. */
    return answer->locked && answer->error == NULL ? obtain(lock, answer)
                                                   : be_refused(lock, answer);
}

static int write_lock(struct ipclocker *lock)
{
    if (lock->connection.dialect == DIALECT_CLASSIC && !client_request_is_plain(lock))
        return client_error_set(lock, ENOTSUP,
                                "the server is a classic one, which knows neither counts nor "
                                "several groups, and keeps nothing; ask for one of one list");
    lock->report.is_news = false;
    lock->wait.known.reason[0] = '\0';
    client_request_demand(lock, lock->set.block);
    client_request_command(lock, "LOCK");
    return 0;
}

static int take_lock_answer(struct ipclocker *lock, const struct answer *answer)
{
    switch (answer->kind) {
    case ANSWER_WAITING:
        /* Who does not wait has nothing to wait for, whatever the server says: it is refused soon.
         */
        if (lock->set.block)
            take_waiting(lock, answer->text);
        return 0;
    case ANSWER_QUEUE:
        take_queue(lock, answer);
        return 0;
    case ANSWER_WHY:
        take_why(lock, answer);
        return 0;
    case ANSWER_CIRCLE:
        client_inside_take(lock, answer->text);
        return 0;
    case ANSWER_CHECK:
        client_death_report_check(lock, answer);
        return 0;
    case ANSWER_STATUS:
        return take_status(lock, answer);
    default:
        return 0;
    }
}

/* Leaves the queue, or gives back what was granted meanwhile, and disconnects. */
static void leave(struct ipclocker *lock)
{
    /* CANCEL ends a wait at once; UNLOCK gives back a grant that was on its way. */
    if (lock->connection.fd >= 0 && lock->call.phase != PHASE_CONNECTING) {
        client_request_command(lock, "CANCEL\nUNLOCK\nEOF");
        client_connection_flush(lock);
        /* What is left unread would make close(2) reset the connection. */
        for (int i = 0; i < READS_MAX && client_connection_receive(lock) > 0; i++)
            continue;
        shutdown(lock->connection.fd, SHUT_WR);
    }
    client_connection_close(lock);
}

/* What was asked for is overdue, or there was nothing to ask for long. */
static bool look_after_queue(struct ipclocker *lock)
{
    if (!lock->wait.asked) {
        ipclocker_refresh_wait(lock);
        return true;
    }
    if (client_home_has_others(lock))
        return false;
    client_round_resume(lock);
    client_failures_silent(lock);
    client_failures_tell_silence(lock, "it has a place for us in its queue, and is waited for");
    lock->call.phase_deadline_ms = clock_now_ms() + LOOK_MS;
    return true;
}

const struct client_operation client_lock_operation = {
    .has_demand = true,
    .waits = true,
    .write = write_lock,
    .take = take_lock_answer,
    .look = look_after_queue,
    .give_up = leave,
};

/* Never by a LOCK: that would take anew what somebody else has taken away, or another seat than the
 * job uses. */
static int write_renewal(struct ipclocker *lock)
{
    client_request_held(lock);
    /* A classic server knows no sessions; it can only be asked. */
    if (lock->connection.dialect == DIALECT_CLASSIC)
        client_request_command(lock, "STATUS");
    else
        client_request_number(lock, "RENEW", lock->grant.token);
    return 0;
}

/* Whether a status names all that we hold and nothing else. */
static bool is_what_we_hold(const struct ipclocker *lock, const struct answer *answer)
{
    const char *at = lock->grant.names.data;
    size_t count = 0;

    for (; *at != '\0'; count++) {
        size_t len = strcspn(at, " ");
        bool found = false;

        for (size_t i = 0; i < answer->name_count && !found; i++)
            found = strlen(answer->names[i]) == len && memcmp(answer->names[i], at, len) == 0;
        if (!found)
            return false;
        at += len + (at[len] == ' ');
    }
    return count == answer->name_count;
}

static int take_renewal_answer(struct ipclocker *lock, const struct answer *answer)
{
    if (answer->kind != ANSWER_STATUS)
        return 0;
    if (answer->locked && answer->error == NULL && is_what_we_hold(lock, answer)) {
        /* A server that had forgotten its grants has given it again. */
        if (answer->number != 0)
            lock->grant.token = answer->number;
        client_proof_keep_key(lock, answer);
        client_loss_expect(lock, answer);
        client_connection_keep_alive(lock);
        client_home_settle(lock);
        client_pulse_felt(lock);
        return 1;
    }
    lock->grant.held = false;
    lock->grant.lost = "it was taken away while the server was not reached";
    return client_loss_fail(lock);
}

static const struct client_operation renew_operation = {
    .is_ours = true,
    .never_ends = true,
    .goes_on = true,
    .is_behind = true,
    .write = write_renewal,
    .take = take_renewal_answer,
};

void ipclocker_cancel(struct ipclocker *lock)
{
    if (lock->call.operation != &client_lock_operation)
        return;
    lock->wait.known.waited_ms = clock_now_ms() - lock->call.started_ms;
    client_aside_give_up(lock);
    leave(lock);
    client_engine_abandon(lock);
}

int ipclocker_lock_start(struct ipclocker *lock)
{
    if (lock->call.operation == &client_lock_operation)
        return client_error_set(lock, EALREADY, "a lock is being got already");
    lock->wait.known = (struct ipclocker_wait){.held_ms = -1};
    lock->report.asked_again = 0;
    return client_engine_begin(lock, &client_lock_operation, NULL, lock->set.wait_limit_ms);
}

/* Watches the connection of a lock that is held. */
static int process_held(struct ipclocker *lock)
{
    struct answer answer;
    int got = 1;

    if (lock->call.operation != NULL)
        return client_engine_step(lock) < 0 ? -1 : 1;
    for (int i = 0; i < READS_MAX && lock->connection.fd >= 0 && got > 0; i++) {
        got = client_connection_receive(lock);
        if (got > 0)
            client_pulse_felt(lock);
        /* Answers to what nobody waits for any more, such as the place in the queue. */
        while (answer_parser_next(&lock->connection.parser, &answer) > ANSWER_BAD)
            client_loss_take(lock, &answer);
    }
    if (!lock->grant.held)
        return client_loss_fail(lock);
    if (got >= 0 && !client_pulse_take(lock)) {
        client_round_avoid(lock);
        got = -1;
    }
    if (got == 0 && client_connection_flush(lock) != 0)
        got = -1;
    if (got < 0) {
        client_connection_close(lock);
        if (lock->set.session && client_engine_begin(lock, &renew_operation, NULL, -1) != 0)
            return -1;
    }
    return 1;
}

int ipclocker_process(struct ipclocker *lock)
{
    if (lock->call.operation == &client_lock_operation)
        return client_engine_step(lock);
    if (!lock->grant.held && lock->grant.lost != NULL)
        return client_loss_fail(lock);
    if (!lock->grant.held)
        return client_error_set(lock, EINVAL, "no lock is being got");
    return process_held(lock);
}

int ipclocker_lock(struct ipclocker *lock)
{
    return ipclocker_lock_start(lock) == 0 ? client_engine_finish(lock) : -1;
}

void ipclocker_refresh_wait(struct ipclocker *lock)
{
    if (lock->call.phase != PHASE_QUEUED || lock->connection.dialect != DIALECT_2)
        return;
    if (lock->wait.asked)
        return;
    if (client_inside_is_due(lock) && clock_now_ms() - lock->wait.begun_ms >= SHORT_WAIT_MS)
        client_inside_tell(lock);
    else
        client_request_command(lock, "QUEUE");
    client_connection_flush(lock);
    lock->wait.asked = true;
    lock->call.phase_deadline_ms = clock_now_ms() + CLIENT_ANSWER_MS;
}

void ipclocker_forget(struct ipclocker *lock)
{
    client_connection_close(lock);
    client_lookup_end(lock);
    client_engine_abandon(lock);
}
