/* Finds a server: a round over hosts and their addresses, pauses in between, what is told of it.
 * Must not block but in the resolver, nor look into what a server says. */
#include "round.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "connection.h"
#include "error.h"
#include "hosts.h"
#include "net/address.h"

enum {
    CONNECT_MS = 5000, /* for one address to accept a connection */
    PAUSE_MIN_MS = 100,
    PAUSE_MAX_MS = 60000,
    /* Who stood in a queue keeps its place for a while only: the pauses are short. */
    LOST_PAUSE_MS = 100,
    LOST_PAUSE_MAX_MS = 5000,
    RETELL_MS = 60000,
};

/* The host to be tried as number `step` of a round: the one that answered last comes first. */
static const struct client_host *host_of_step(const struct ipclocker *lock, size_t step)
{
    size_t preferred = lock->place.preferred_host;

    if (step == 0)
        return &lock->set.hosts[preferred];
    return &lock->set.hosts[step <= preferred ? step - 1 : step];
}

const struct client_host *client_round_host(const struct ipclocker *lock)
{
    return host_of_step(lock, lock->round.host_step > 0 ? lock->round.host_step - 1 : 0);
}

void client_round_begin(struct ipclocker *lock)
{
    lock->round.host_step = 0;
    lock->round.address_count = 0;
    lock->round.address_index = 0;
    lock->round.failures_len = 0;
    lock->round.failures[0] = '\0';
}

/* Says less than the failure of another address of the same host. */
static bool is_lesser_failure(int number)
{
    return address_is_missing(number) || number == ENETUNREACH;
}

void client_round_failed(struct ipclocker *lock, int number, const char *reason, bool said)
{
    bool same_host =
        lock->round.failures_step == lock->round.host_step && lock->round.failures[0] != '\0';
    char host[320];

    if (same_host && is_lesser_failure(number))
        return;
    if (!same_host)
        lock->round.failures_len = strlen(lock->round.failures);
    client_hosts_describe(lock, client_round_host(lock), host, sizeof host);
    snprintf(lock->round.failures + lock->round.failures_len,
             sizeof lock->round.failures - lock->round.failures_len, "%s%s (%s)",
             lock->round.failures_len > 0 ? ", " : "", host, reason);
    lock->round.failures_step = lock->round.host_step;
    /* ETIMEDOUT is kept for the caller's own limit. */
    lock->round.failure_errno = number == ETIMEDOUT ? EHOSTUNREACH : number;
    lock->round.is_turned_away = said;
}

static bool try_address(struct ipclocker *lock)
{
    lock->connection.fd =
        client_connection_open(&lock->round.addresses[lock->round.address_index++]);
    if (lock->connection.fd < 0) {
        client_round_failed(lock, errno, strerror(errno), false);
        return false;
    }
    lock->call.phase = PHASE_CONNECTING;
    lock->call.phase_deadline_ms = clock_now_ms() + CONNECT_MS;
    return true;
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

int client_round_connect_next(struct ipclocker *lock)
{
    char reason[128];

    for (;;) {
        while (lock->round.address_index < lock->round.address_count) {
            if (try_address(lock))
                return 0;
        }
        if (lock->round.host_step == (lock->place.at_home ? 1 : lock->set.host_count))
            return -1;
        lock->round.host_step++;
        if (client_hosts_resolve(lock, client_round_host(lock), reason, sizeof reason) != 0)
            client_round_failed(lock, errno, reason, false);
        if (lock->place.at_home)
            prefer_home(lock);
    }
}

void client_round_remember(struct ipclocker *lock)
{
    lock->place.preferred_host = (size_t)(client_round_host(lock) - lock->set.hosts);
    lock->round.host_step = 1;
}

void client_round_settle(struct ipclocker *lock)
{
    lock->place.home_host = lock->place.preferred_host;
    lock->place.home_address = *client_connection_address(lock);
    lock->place.at_home = true;
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
    return lock->round.is_turned_away ? "the lockerd does not serve at" : "no lockerd answers at";
}

int client_round_fail(struct ipclocker *lock)
{
    const char *advice = lock->set.family == IPCLOCKER_FAMILY_UNIX
                             ? "; start one there or name its socket by --path"
                             : "; start one there or set IPCLOCKER_HOST";

    /* The server that answers has said what is to be done. */
    return client_error_set(lock, lock->round.failure_errno, "%s %s%s", round_verdict(lock),
                            lock->round.failures, lock->round.is_turned_away ? "" : advice);
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
    client_hosts_describe(lock, client_round_host(lock), host, sizeof host);
    client_error_notice(lock, IPCLOCKER_NOTICE_RETRY, "the lockerd at %s answers again", host);
}
