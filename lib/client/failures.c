/* Why hosts of a round are no servers, and what is told of it.
 * Must not decide what is done about it. */
#include "failures.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error_text.h"
#include "defaults/defaults.h"
#include "error.h"
#include "hosts.h"
#include "net/address.h"

enum { RETELL_MS = 60000 };

const struct client_failure client_failure_silent = {
    .kind = FAILURE_SILENT, .number = EHOSTUNREACH, .reason = "it does not answer"};

/* All of them, for people: "farm1:1751 (Connection refused), ..." */
struct failures_text {
    char text[320];
};

void client_failures_forget(struct ipclocker *lock)
{
    for (size_t i = 0; i < lock->set.host_count; i++)
        lock->set.hosts[i].failure.kind = FAILURE_NONE;
    lock->round.has_failures = false;
    lock->round.is_slow = false;
    lock->round.is_put_off = false;
}

void client_failures_note(struct ipclocker *lock, const struct client_failure *failure)
{
    struct client_host_failure *host = &lock->set.hosts[lock->round.at.host].failure;

    lock->round.is_slow |= failure->kind == FAILURE_LATE || failure->kind == FAILURE_SILENT;
    if (failure->kind <= host->kind)
        return;
    host->kind = failure->kind;
    host->is_final = failure->is_final;
    snprintf(host->reason, sizeof host->reason, "%s", failure->reason);
    lock->round.has_failures = true;
    /* ETIMEDOUT is kept for the caller's own limit. */
    lock->round.failure_errno = failure->number == ETIMEDOUT ? EHOSTUNREACH : failure->number;
    lock->round.failure_kind = failure->kind;
}

/* Of many hosts the last ones have no room. */
static void add(const struct ipclocker *lock, size_t index, struct failures_text *out)
{
    static const char cut[] = "...";
    const struct client_host *host = &lock->set.hosts[index];
    size_t len = strlen(out->text), room = sizeof out->text - len;
    char name[320];

    if (host->failure.kind == FAILURE_NONE || room == 1)
        return;
    client_hosts_describe(lock, host, name, sizeof name);
    if ((size_t)snprintf(out->text + len, room, "%s%s (%s)", len > 0 ? ", " : "", name,
                         host->failure.reason) >= room)
        memcpy(out->text + sizeof out->text - sizeof cut, cut, sizeof cut);
}

/* In the order in which they are tried. */
static struct failures_text describe(const struct ipclocker *lock)
{
    struct failures_text out = {""};
    size_t first = lock->round.first_host;

    add(lock, first, &out);
    for (size_t i = 0; i < lock->set.host_count; i++) {
        if (i != first)
            add(lock, i, &out);
    }
    return out;
}

/* No other try finds a socket that this process may not see. */
static bool is_final_for_path(int number)
{
    return number == EACCES || number == ENOTDIR || number == ELOOP || number == EPROTOTYPE;
}

void client_failures_unreached(struct ipclocker *lock, int number)
{
    bool is_path = client_hosts_current(lock)->is_path;
    struct client_failure failure = {.kind = FAILURE_UNREACHED,
                                     .number = number,
                                     .reason = error_text(number),
                                     .is_final = is_path && is_final_for_path(number)};

    if (address_is_missing(number) || number == ENETUNREACH)
        failure.kind = FAILURE_ABSENT;
    else if (number == ETIMEDOUT)
        failure.kind = FAILURE_LATE;
    client_failures_note(lock, &failure);
}

void client_failures_silent(struct ipclocker *lock)
{
    client_failures_note(lock, &client_failure_silent);
}

void client_failures_not_resolved(struct ipclocker *lock)
{
    client_failures_note(lock,
                         &(struct client_failure){.kind = FAILURE_LATE,
                                                  .number = EHOSTUNREACH,
                                                  .reason = "its name was not resolved in time"});
}

void client_failures_not_yet(struct ipclocker *lock)
{
    client_failures_note(lock, &(struct client_failure){.kind = FAILURE_LATE,
                                                        .number = EHOSTUNREACH,
                                                        .reason = "no connection yet"});
}

bool client_failures_are_final(const struct ipclocker *lock)
{
    /* A server that has served us before is one, whatever is in its place now. */
    if (lock->place.at_home)
        return false;
    for (size_t i = 0; i < lock->set.host_count; i++) {
        const struct client_host_failure *failure = &lock->set.hosts[i].failure;

        if (failure->kind != FAILURE_NONE && !failure->is_final)
            return false;
    }
    return true;
}

/* Where each of two servers keeps its own locks, both grant the same one. */
void client_failures_tell_second(struct ipclocker *lock)
{
    const struct client_host *first = &lock->set.hosts[0];
    char host[320], first_host[320];

    if (client_hosts_current(lock) == first || lock->place.told_second ||
        !lock->round.has_failures || lock->connection.cluster[0] != '\0')
        return;
    lock->place.told_second = true;
    client_hosts_describe(lock, client_hosts_current(lock), host, sizeof host);
    client_hosts_describe(lock, first, first_host, sizeof first_host);
    client_error_notice(lock, IPCLOCKER_NOTICE_SECOND,
                        "asking %s, as no lockerd answers at %s; unless the two share their state, "
                        "%s grants the same locks again when it is back",
                        host, describe(lock).text, first_host);
}

/* What stands before the failures of a round, for people. */
static const char *round_verdict(const struct ipclocker *lock)
{
    return lock->round.failure_kind == FAILURE_SAID ? "the lockerd does not serve at"
                                                    : "no lockerd answers at";
}

static const char *advice(const struct ipclocker *lock)
{
    /* The server that answers has said what is to be done. */
    if (lock->round.failure_kind == FAILURE_SAID)
        return "";
    if (lock->round.failure_kind == FAILURE_SILENT)
        return "; see there whether it is stopped or overloaded";
    return lock->set.family == IPCLOCKER_FAMILY_UNIX
               ? "; start one there or name its socket by --path"
               : "; start one there, or name another in IPCLOCKER_HOST or " DEFAULTS_SYSTEM_PATH;
}

int client_failures_fail(struct ipclocker *lock)
{
    return client_error_set(lock, lock->round.failure_errno, "%s %s%s", round_verdict(lock),
                            describe(lock).text, advice(lock));
}

/* Where the tries go on for long, only what is new, or a sign of life each minute. */
static bool is_worth_telling(struct ipclocker *lock, bool was_lost,
                             const struct failures_text *failures)
{
    int64_t now_ms = clock_now_ms();

    if (was_lost && lock->retell.is_away && now_ms < lock->retell.told_ms + RETELL_MS &&
        strcmp(lock->retell.failures, failures->text) == 0)
        return false;
    lock->retell.is_away = was_lost;
    lock->retell.told_ms = now_ms;
    snprintf(lock->retell.failures, sizeof lock->retell.failures, "%s", failures->text);
    return true;
}

void client_failures_tell_retry(struct ipclocker *lock, int64_t pause_ms, bool was_lost,
                                const char *limit)
{
    struct failures_text failures = describe(lock);

    if (is_worth_telling(lock, was_lost, &failures))
        client_error_notice(lock, IPCLOCKER_NOTICE_RETRY, "%s %s; trying again in %.1f s%s",
                            round_verdict(lock), failures.text, (double)pause_ms / 1000.0, limit);
}

void client_failures_tell_silence(struct ipclocker *lock, const char *what_is_done)
{
    struct failures_text failures = describe(lock);

    if (is_worth_telling(lock, true, &failures))
        client_error_notice(lock, IPCLOCKER_NOTICE_RETRY, "%s %s; %s", round_verdict(lock),
                            failures.text, what_is_done);
}

void client_failures_tell_down(struct ipclocker *lock)
{
    client_error_notice(lock, IPCLOCKER_NOTICE_DOWN, "%s %s", round_verdict(lock),
                        describe(lock).text);
}

void client_failures_tell_return(struct ipclocker *lock)
{
    char host[320];

    if (!lock->retell.is_away)
        return;
    lock->retell.is_away = false;
    client_hosts_describe(lock, client_hosts_current(lock), host, sizeof host);
    client_error_notice(lock, IPCLOCKER_NOTICE_RETRY, "the lockerd at %s answers again", host);
}
