/* Finds a server: a round over hosts and their addresses, pauses in between, what is told of it.
 * Must not block but in the resolver, nor look into what a server says. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "private.h"

enum {
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
    size_t preferred = lock->preferred_host;

    if (step == 0)
        return &lock->set.hosts[preferred];
    return &lock->set.hosts[step <= preferred ? step - 1 : step];
}

const struct client_host *client_current_host(const struct ipclocker *lock)
{
    return host_of_step(lock, lock->host_step > 0 ? lock->host_step - 1 : 0);
}

void client_round_begin(struct ipclocker *lock)
{
    lock->host_step = 0;
    lock->address_count = 0;
    lock->address_index = 0;
    lock->failures_len = 0;
    lock->failures[0] = '\0';
}

/* Says less than the failure of another address of the same host. */
static bool is_lesser_failure(int number)
{
    return number == EAFNOSUPPORT || number == EADDRNOTAVAIL || number == ENETUNREACH;
}

void client_round_failed(struct ipclocker *lock, int number, const char *reason)
{
    bool same_host = lock->failures_step == lock->host_step && lock->failures[0] != '\0';
    char host[320];

    if (same_host && is_lesser_failure(number))
        return;
    if (!same_host)
        lock->failures_len = strlen(lock->failures);
    client_host_describe(lock, client_current_host(lock), host, sizeof host);
    snprintf(lock->failures + lock->failures_len, sizeof lock->failures - lock->failures_len,
             "%s%s (%s)", lock->failures_len > 0 ? ", " : "", host, reason);
    lock->failures_step = lock->host_step;
    /* ETIMEDOUT is kept for the caller's own limit. */
    lock->failure_errno = number == ETIMEDOUT ? EHOSTUNREACH : number;
    lock->is_turned_away = false;
}

static bool try_address(struct ipclocker *lock)
{
    lock->connection.fd = client_open_socket(&lock->addresses[lock->address_index++]);
    if (lock->connection.fd < 0) {
        client_round_failed(lock, errno, strerror(errno));
        return false;
    }
    lock->phase = PHASE_CONNECTING;
    lock->phase_deadline_ms = clock_now_ms() + CLIENT_CONNECT_MS;
    return true;
}

/* Of a name with several addresses, the others may be other servers.  Where it is none of them any
 * more, the server has moved, and its name with it. */
static void prefer_home(struct ipclocker *lock)
{
    for (size_t i = 0; i < lock->address_count; i++) {
        if (!client_same_address(&lock->addresses[i], &lock->home_address))
            continue;
        lock->addresses[0] = lock->home_address;
        lock->address_count = 1;
    }
}

int client_connect_next(struct ipclocker *lock)
{
    char reason[128];

    for (;;) {
        while (lock->address_index < lock->address_count) {
            if (try_address(lock))
                return 0;
        }
        if (lock->host_step == (lock->at_home ? 1 : lock->set.host_count))
            return -1;
        lock->host_step++;
        if (client_host_resolve(lock, client_current_host(lock), reason, sizeof reason) != 0)
            client_round_failed(lock, errno, reason);
        if (lock->at_home)
            prefer_home(lock);
    }
}

void client_remember_host(struct ipclocker *lock)
{
    lock->preferred_host = (size_t)(client_current_host(lock) - lock->set.hosts);
    lock->host_step = 1;
}

void client_settle(struct ipclocker *lock)
{
    lock->home_host = lock->preferred_host;
    lock->home_address = *client_current_address(lock);
    lock->at_home = true;
}

int64_t client_pause_ms(const struct ipclocker *lock, bool was_lost)
{
    double pause = was_lost ? LOST_PAUSE_MS : lock->set.delay_ms;
    double pause_max = was_lost ? LOST_PAUSE_MAX_MS : PAUSE_MAX_MS;
    uint16_t random = 0;

    for (unsigned i = 1; i < lock->tries && pause < pause_max; i++)
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
    return lock->is_turned_away ? "the lockerd does not serve at" : "no lockerd answers at";
}

int client_fail_unreached(struct ipclocker *lock)
{
    const char *advice = lock->set.family == IPCLOCKER_FAMILY_UNIX
                             ? "; start one there or name its socket by --path"
                             : "; start one there or set IPCLOCKER_HOST";

    /* The server that answers has said what is to be done. */
    return client_fail(lock, lock->failure_errno, "%s %s%s", round_verdict(lock), lock->failures,
                       lock->is_turned_away ? "" : advice);
}

/* Where the tries go on for long, only what is new, or a sign of life each minute. */
static bool is_worth_telling(struct ipclocker *lock, bool was_lost)
{
    int64_t now_ms = clock_now_ms();

    if (was_lost && lock->is_away && now_ms < lock->told_away_ms + RETELL_MS &&
        strcmp(lock->told_failures, lock->failures) == 0)
        return false;
    lock->is_away = was_lost;
    lock->told_away_ms = now_ms;
    snprintf(lock->told_failures, sizeof lock->told_failures, "%s", lock->failures);
    return true;
}

void client_tell_retry(struct ipclocker *lock, int64_t pause_ms, bool was_lost, const char *limit)
{
    if (is_worth_telling(lock, was_lost))
        client_notice(lock, IPCLOCKER_PRINT_RETRY, "%s %s; trying again in %.1f s%s",
                      round_verdict(lock), lock->failures, (double)pause_ms / 1000.0, limit);
}

void client_tell_down(struct ipclocker *lock)
{
    client_notice(lock, IPCLOCKER_PRINT_DOWN, "%s %s", round_verdict(lock), lock->failures);
}

void client_tell_return(struct ipclocker *lock)
{
    char host[320];

    if (!lock->is_away)
        return;
    lock->is_away = false;
    client_host_describe(lock, client_current_host(lock), host, sizeof host);
    client_notice(lock, IPCLOCKER_PRINT_RETRY, "the lockerd at %s answers again", host);
}
