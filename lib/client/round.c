/* Finds a server: a round over hosts and their addresses, pauses in between, what is told of it.
 * Must not block, nor look into what a server says. */
#include "round.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "aside.h"
#include "base/clock.h"
#include "base/error_text.h"
#include "connection.h"
#include "defaults/defaults.h"
#include "error.h"
#include "home.h"
#include "hosts.h"
#include "lookup.h"
#include "net/address.h"

enum {
    CONNECT_MS = 5000, /* for one address to accept a connection */
    ROUND_MS = 5000,   /* for all of them, of a request that does not wait */
    /* For a name: a resolver whose first name server is dead asks the next one after five seconds.
     * Those behind one that took all of that are not waited for as long again. */
    LOOKUP_MS = 6000,
    LOOKUP_MIN_MS = 1000,
    SHARE_MIN_MS = 300, /* for one address, where there are too many for the time that there is */
    PAUSE_MIN_MS = 100,
    PAUSE_MAX_MS = 60000,
    /* Who stood in a queue keeps its place for a while only: the pauses are short. */
    LOST_PAUSE_MS = 100,
    LOST_PAUSE_MAX_MS = 5000,
    RETELL_MS = 60000,
    AVOID_MS = 10000, /* one that is silent, while others may have taken its place */
};

/* The host to be tried as number `step` of a round: the one that answered last comes first. */
static size_t host_of_step(const struct ipclocker *lock, size_t step)
{
    const struct client_round *round = &lock->round;
    size_t host = 0;

    if (step == 0)
        return round->first_host;
    while (host == round->first_host || host == round->left_out || --step > 0)
        host++;
    return host;
}

/* What a server that was silent just now has to say is not waited for while there are others. */
static bool is_left_out(const struct ipclocker *lock, size_t host)
{
    return client_home_is_cluster(lock) && host == lock->place.silent_host &&
           host != lock->place.preferred_host && host < lock->set.host_count &&
           clock_now_ms() < lock->place.silent_until_ms;
}

void client_round_begin(struct ipclocker *lock)
{
    bool leaves_out = is_left_out(lock, lock->place.silent_host);

    lock->round.host_step = 0;
    lock->round.host_count =
        client_home_is_one(lock) ? 1 : lock->set.host_count - (leaves_out ? 1 : 0);
    lock->round.first_host = lock->place.preferred_host;
    lock->round.left_out = leaves_out ? lock->place.silent_host : SIZE_MAX;
    lock->round.address_count = 0;
    lock->round.address_index = 0;
    lock->round.failures_len = 0;
    lock->round.failures[0] = '\0';
    lock->round.host_is_final = true;
    lock->round.others_are_final = true;
    lock->round.is_slow = false;
    lock->round.lookup_end_ms = 0;
    lock->round.end_ms = clock_now_ms() + ROUND_MS;
}

void client_round_resume(struct ipclocker *lock)
{
    client_round_begin(lock);
    lock->round.host_step = lock->round.first_host == lock->round.at.host;
}

/* What there is of `most_ms` for an address or a name, so that those behind it have as much of the
 * time up to the caller's limit, and to `end_ms`. */
static int64_t share_ms(const struct ipclocker *lock, int64_t most_ms, int64_t end_ms)
{
    size_t others = lock->round.address_count - lock->round.address_index + lock->round.host_count -
                    lock->round.host_step;
    int64_t share;

    if (lock->call.limit_ms < end_ms)
        end_ms = lock->call.limit_ms;
    if (others == 0 || end_ms == CLIENT_NEVER)
        return most_ms;
    share = (end_ms - clock_now_ms()) / (int64_t)(others + 1);
    if (share < SHARE_MIN_MS)
        return SHARE_MIN_MS;
    return share < most_ms ? share : most_ms;
}

int64_t client_round_share_ms(const struct ipclocker *lock, int64_t most_ms)
{
    return share_ms(lock, most_ms, lock->call.is_patient ? CLIENT_NEVER : lock->round.end_ms);
}

static void begin_failures_of_host(struct ipclocker *lock)
{
    lock->round.failures_len = strlen(lock->round.failures);
    lock->round.others_are_final = lock->round.others_are_final && lock->round.host_is_final;
    lock->round.failure_kind = FAILURE_NONE;
}

/* Behind those of other hosts, in place of what was noted of this one.  Of many hosts the last ones
 * have no room. */
static void note_failure(struct ipclocker *lock, const char *host, const char *reason)
{
    static const char cut[] = "...";
    char *end = lock->round.failures + lock->round.failures_len;
    size_t room = sizeof lock->round.failures - lock->round.failures_len;
    const char *comma = lock->round.failures_len > 0 ? ", " : "";

    if ((size_t)snprintf(end, room, "%s%s (%s)", comma, host, reason) >= room)
        memcpy(lock->round.failures + sizeof lock->round.failures - sizeof cut, cut, sizeof cut);
}

void client_round_failed(struct ipclocker *lock, const struct client_failure *failure)
{
    bool same_host =
        lock->round.failures_step == lock->round.host_step && lock->round.failures[0] != '\0';
    char host[320];

    lock->round.is_slow |= failure->kind == FAILURE_LATE || failure->kind == FAILURE_SILENT;
    if (!same_host)
        begin_failures_of_host(lock);
    else if (failure->kind <= lock->round.failure_kind)
        return;
    client_hosts_describe(lock, client_hosts_current(lock), host, sizeof host);
    note_failure(lock, host, failure->reason);
    lock->round.failures_step = lock->round.host_step;
    /* ETIMEDOUT is kept for the caller's own limit. */
    lock->round.failure_errno = failure->number == ETIMEDOUT ? EHOSTUNREACH : failure->number;
    lock->round.failure_kind = failure->kind;
    lock->round.host_is_final = failure->is_final;
}

/* No other try finds a socket that this process may not see. */
static bool is_final_for_path(int number)
{
    return number == EACCES || number == ENOTDIR || number == ELOOP || number == EPROTOTYPE;
}

void client_round_unreached(struct ipclocker *lock, int number)
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
    client_round_failed(lock, &failure);
}

void client_round_silent(struct ipclocker *lock)
{
    client_round_failed(lock, &(struct client_failure){.kind = FAILURE_SILENT,
                                                       .number = EHOSTUNREACH,
                                                       .reason = "it does not answer"});
}

void client_round_not_resolved(struct ipclocker *lock)
{
    client_round_failed(lock,
                        &(struct client_failure){.kind = FAILURE_LATE,
                                                 .number = EHOSTUNREACH,
                                                 .reason = "its name was not resolved in time"});
}

bool client_round_is_final(const struct ipclocker *lock)
{
    /* A server that has served us before is one, whatever is in its place now. */
    return !lock->place.at_home && lock->round.others_are_final && lock->round.host_is_final;
}

static bool try_address(struct ipclocker *lock)
{
    lock->round.at.address = lock->round.addresses[lock->round.address_index++];
    lock->connection.fd = client_connection_open(&lock->round.at.address);
    if (lock->connection.fd < 0) {
        client_round_unreached(lock, errno);
        return false;
    }
    lock->call.phase = PHASE_CONNECTING;
    lock->call.phase_deadline_ms = clock_now_ms() + client_round_share_ms(lock, CONNECT_MS);
    return true;
}

/* The next address, but for the one that is connected to already. */
static bool try_next_address(struct ipclocker *lock)
{
    if (!client_aside_is_to(lock, &lock->round.addresses[lock->round.address_index]))
        return try_address(lock);
    lock->round.address_index++;
    client_round_silent(lock);
    return false;
}

/* Of a name with several addresses, the others may be other servers.  Where it is none of them any
 * more, the server has moved, and its name with it. */
static void prefer_home(struct ipclocker *lock)
{
    for (size_t i = 0; i < lock->round.address_count; i++) {
        if (!client_connection_same_address(&lock->round.addresses[i], &lock->place.home_address))
            continue;
        lock->round.addresses[0] = lock->place.home_address;
        lock->round.address_count = 1;
    }
}

static void await_lookup(struct ipclocker *lock)
{
    int64_t now_ms = clock_now_ms();
    int64_t least_ms = now_ms + share_ms(lock, LOOKUP_MIN_MS, CLIENT_NEVER);

    if (lock->round.lookup_end_ms == 0)
        lock->round.lookup_end_ms = now_ms + share_ms(lock, LOOKUP_MS, CLIENT_NEVER);
    lock->round.lookup_began_ms = now_ms;
    lock->call.phase = PHASE_RESOLVING;
    lock->call.phase_deadline_ms =
        lock->round.lookup_end_ms > least_ms ? lock->round.lookup_end_ms : least_ms;
}

/* Whether the host's addresses are to be waited for. */
static bool take_lookup(struct ipclocker *lock, enum client_lookup_state state,
                        const struct client_failure *failure)
{
    if (state == LOOKUP_WAITS)
        return true;
    if (state == LOOKUP_FAILED)
        client_round_failed(lock, failure);
    if (client_home_is_one(lock))
        prefer_home(lock);
    return false;
}

int client_round_connect_next(struct ipclocker *lock)
{
    struct client_failure failure;

    for (;;) {
        while (lock->round.address_index < lock->round.address_count) {
            if (try_next_address(lock))
                return 0;
        }
        if (lock->round.host_step == lock->round.host_count)
            return -1;
        lock->round.at.host = host_of_step(lock, lock->round.host_step++);
        if (take_lookup(lock,
                        client_lookup_begin(lock, &lock->set.hosts[lock->round.at.host], &failure),
                        &failure)) {
            await_lookup(lock);
            return 0;
        }
    }
}

bool client_round_is_resolving(struct ipclocker *lock)
{
    int64_t now_ms = clock_now_ms();
    struct client_failure failure;

    if (take_lookup(lock, client_lookup_step(lock, client_hosts_current(lock), &failure),
                    &failure)) {
        if (now_ms < lock->call.phase_deadline_ms)
            return true;
        client_round_not_resolved(lock);
    }
    /* The time that was for the servers is for them still. */
    lock->round.end_ms += now_ms - lock->round.lookup_began_ms;
    return false;
}

/* Where each of two servers keeps its own locks, both grant the same one. */
void client_round_tell_second(struct ipclocker *lock)
{
    const struct client_host *first = &lock->set.hosts[0];
    char host[320], first_host[320];

    if (client_hosts_current(lock) == first || lock->place.told_second ||
        lock->round.failures[0] == '\0' || lock->connection.cluster[0] != '\0')
        return;
    lock->place.told_second = true;
    client_hosts_describe(lock, client_hosts_current(lock), host, sizeof host);
    client_hosts_describe(lock, first, first_host, sizeof first_host);
    client_error_notice(lock, IPCLOCKER_NOTICE_SECOND,
                        "asking %s, as no lockerd answers at %s; unless the two share their state, "
                        "%s grants the same locks again when it is back",
                        host, lock->round.failures, first_host);
}

void client_round_remember(struct ipclocker *lock)
{
    lock->place.preferred_host = lock->round.at.host;
    lock->place.silent_until_ms = 0;
    lock->place.has_addresses = lock->round.address_count > 1;
    lock->round.first_host = lock->round.at.host;
    lock->round.host_step = 1;
}

void client_round_avoid(struct ipclocker *lock)
{
    lock->place.silent_host = lock->round.at.host;
    lock->place.silent_until_ms = clock_now_ms() + AVOID_MS;
    lock->place.preferred_host = (lock->round.at.host + 1) % lock->set.host_count;
}

int64_t client_round_pause_ms(const struct ipclocker *lock, bool was_lost)
{
    double pause = was_lost ? LOST_PAUSE_MS : lock->set.delay_ms;
    double pause_max = was_lost ? LOST_PAUSE_MAX_MS : PAUSE_MAX_MS;
    uint16_t random = 0;

    for (unsigned i = 1; i < lock->round.tries && pause < pause_max; i++)
        pause *= 1.5;
    if (pause > pause_max && pause > lock->set.delay_ms)
        pause = pause_max;
    if (getrandom(&random, sizeof random, GRND_NONBLOCK) != sizeof random)
        random = (uint16_t)clock_now_ms();
    pause *= 0.75 + 0.5 * random / UINT16_MAX;
    return pause > PAUSE_MIN_MS ? (int64_t)pause : PAUSE_MIN_MS;
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

int client_round_fail(struct ipclocker *lock)
{
    return client_error_set(lock, lock->round.failure_errno, "%s %s%s", round_verdict(lock),
                            lock->round.failures, advice(lock));
}

/* Where the tries go on for long, only what is new, or a sign of life each minute. */
static bool is_worth_telling(struct ipclocker *lock, bool was_lost)
{
    int64_t now_ms = clock_now_ms();

    if (was_lost && lock->retell.is_away && now_ms < lock->retell.told_ms + RETELL_MS &&
        strcmp(lock->retell.failures, lock->round.failures) == 0)
        return false;
    lock->retell.is_away = was_lost;
    lock->retell.told_ms = now_ms;
    snprintf(lock->retell.failures, sizeof lock->retell.failures, "%s", lock->round.failures);
    return true;
}

void client_round_tell_retry(struct ipclocker *lock, int64_t pause_ms, bool was_lost,
                             const char *limit)
{
    if (is_worth_telling(lock, was_lost))
        client_error_notice(lock, IPCLOCKER_NOTICE_RETRY, "%s %s; trying again in %.1f s%s",
                            round_verdict(lock), lock->round.failures, (double)pause_ms / 1000.0,
                            limit);
}

void client_round_tell_silence(struct ipclocker *lock, const char *what_is_done)
{
    if (is_worth_telling(lock, true))
        client_error_notice(lock, IPCLOCKER_NOTICE_RETRY, "%s %s; %s", round_verdict(lock),
                            lock->round.failures, what_is_done);
}

void client_round_tell_down(struct ipclocker *lock)
{
    client_error_notice(lock, IPCLOCKER_NOTICE_DOWN, "%s %s", round_verdict(lock),
                        lock->round.failures);
}

void client_round_tell_return(struct ipclocker *lock)
{
    char host[320];

    if (!lock->retell.is_away)
        return;
    lock->retell.is_away = false;
    client_hosts_describe(lock, client_hosts_current(lock), host, sizeof host);
    client_error_notice(lock, IPCLOCKER_NOTICE_RETRY, "the lockerd at %s answers again", host);
}
