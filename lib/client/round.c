/* Finds a server: a round over hosts and their addresses, and the pauses in between.
 * Must not block, nor look into what a server says. */
#include "round.h"

#include <errno.h>
#include <sys/random.h>

#include "aside.h"
#include "base/clock.h"
#include "connection.h"
#include "engine.h"
#include "failures.h"
#include "home.h"
#include "lookup.h"
#include "order.h"
#include "race.h"

enum {
    CONNECT_MS = 5000, /* for one address to accept a connection */
    NEXT_MS = 250,     /* before the next one is tried besides; RFC 8305 */
    NEXT_MIN_MS = 50,  /* where there are many for the time that there is */
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
    /* One that is silent, while others may have taken its place: less than the time for which it
     * keeps a place, as it may go on. */
    AVOID_MS = 4000,
};

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
    client_failures_forget(lock);
    client_race_close(lock);
    for (size_t i = 0; i < lock->set.host_count; i++)
        lock->set.hosts[i].is_deferred = false;
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

/* Whether there is another one to be tried besides the one that is being tried. */
static bool has_more(const struct ipclocker *lock)
{
    if (lock->race.has_runner_up)
        return false;
    if (lock->round.address_index < lock->round.address_count ||
        lock->round.host_step < lock->round.host_count)
        return true;
    for (size_t i = 0; i < lock->set.host_count; i++) {
        if (lock->set.hosts[i].is_deferred)
            return true;
    }
    return false;
}

/* When that is to be done. */
static int64_t next_ms(const struct ipclocker *lock, bool has_next)
{
    int64_t now_ms = clock_now_ms(), left_ms = lock->call.limit_ms - now_ms;
    size_t others = lock->round.host_count - lock->round.host_step + 1;

    if (!has_next)
        return CLIENT_NEVER;
    if (left_ms / (int64_t)(others + 1) >= NEXT_MS)
        return now_ms + NEXT_MS;
    left_ms /= (int64_t)(others + 1);
    return now_ms + (left_ms > NEXT_MIN_MS ? left_ms : NEXT_MIN_MS);
}

/* Those behind it are tried meanwhile, so that it may have all of the time that there is; but who
 * asks for a lock may have to wait for its end before it asks another. */
static int64_t attempt_end_ms(const struct ipclocker *lock)
{
    int64_t now_ms = clock_now_ms(), end_ms = now_ms + CONNECT_MS;

    if (lock->call.operation->waits)
        return now_ms + client_round_share_ms(lock, CONNECT_MS);
    if (lock->call.limit_ms < end_ms)
        end_ms = lock->call.limit_ms;
    if (!lock->call.is_patient && lock->round.end_ms < end_ms)
        end_ms = lock->round.end_ms;
    return end_ms > now_ms + SHARE_MIN_MS ? end_ms : now_ms + SHARE_MIN_MS;
}

static bool try_target(struct ipclocker *lock)
{
    lock->connection.fd = client_connection_open(&lock->round.at.address);
    if (lock->connection.fd < 0) {
        client_failures_unreached(lock, errno);
        return false;
    }
    lock->call.phase = PHASE_CONNECTING;
    lock->round.attempt_end_ms = attempt_end_ms(lock);
    lock->round.next_ms = next_ms(lock, has_more(lock));
    return true;
}

/* The next address, but for the one that is connected to already. */
static bool try_next_address(struct ipclocker *lock)
{
    lock->round.at.address = lock->round.addresses[lock->round.address_index++];
    lock->round.at.has_others = lock->round.address_count > 1;
    if (!client_aside_is_to(lock, &lock->round.at.address))
        return try_target(lock);
    client_failures_silent(lock);
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
    lock->round.attempt_end_ms =
        lock->round.lookup_end_ms > least_ms ? lock->round.lookup_end_ms : least_ms;
    /* Those that were deferred are looked up when all others have been tried. */
    lock->round.next_ms =
        next_ms(lock, !lock->race.has_runner_up && lock->round.host_step < lock->round.host_count);
}

/* Whether the host's addresses are to be waited for. */
static bool take_lookup(struct ipclocker *lock, enum client_lookup_state state,
                        const struct client_failure *failure)
{
    if (state == LOOKUP_WAITS)
        return true;
    if (state == LOOKUP_FAILED)
        client_failures_note(lock, failure);
    if (client_home_is_one(lock))
        prefer_home(lock);
    return false;
}

/* The next host whose addresses are needed: of those that were not tried, or had no address yet. */
static bool next_host(struct ipclocker *lock)
{
    if (!lock->race.has_runner_up && lock->round.host_step < lock->round.host_count) {
        lock->round.at.host = client_order_host(lock, lock->round.host_step++);
        return true;
    }
    for (size_t step = 0; step < lock->round.host_count; step++) {
        size_t host = client_order_host(lock, step);

        if (lock->set.hosts[host].is_deferred) {
            lock->set.hosts[host].is_deferred = false;
            lock->round.at.host = host;
            return true;
        }
    }
    return false;
}

/* There is nothing to be begun but what was put off, or waits for a connection. */
static bool wait_for_rest(struct ipclocker *lock)
{
    if (client_race_take(lock)) {
        lock->call.phase = PHASE_CONNECTING;
        return true;
    }
    if (!lock->race.has_runner_up)
        return false;
    lock->race.has_runner_up = false;
    lock->round.at = lock->race.runner_up;
    return try_target(lock);
}

static bool try_next(struct ipclocker *lock)
{
    struct client_failure failure;

    for (;;) {
        while (lock->round.address_index < lock->round.address_count) {
            if (try_next_address(lock))
                return true;
        }
        if (!next_host(lock))
            return false;
        if (take_lookup(lock,
                        client_lookup_begin(lock, &lock->set.hosts[lock->round.at.host], &failure),
                        &failure)) {
            await_lookup(lock);
            return true;
        }
    }
}

int client_round_connect_next(struct ipclocker *lock)
{
    bool had_runner_up;

    do {
        had_runner_up = lock->race.has_runner_up;
        if (try_next(lock) || wait_for_rest(lock)) {
            client_round_expect(lock);
            return 0;
        }
    } while (had_runner_up);
    return -1;
}

void client_round_expect(struct ipclocker *lock)
{
    int64_t due_ms = client_race_due_ms(lock);

    if (lock->round.attempt_end_ms < due_ms)
        due_ms = lock->round.attempt_end_ms;
    if (lock->round.next_ms < due_ms)
        due_ms = lock->round.next_ms;
    lock->call.phase_deadline_ms = due_ms;
}

bool client_round_wants_next(const struct ipclocker *lock)
{
    return clock_now_ms() >= lock->round.next_ms;
}

void client_round_hold(struct ipclocker *lock)
{
    client_race_end_later(lock);
    lock->race.runner_up = lock->round.at;
    lock->race.has_runner_up = true;
    lock->round.host_step = client_order_step(lock, lock->round.at.host) + 1;
    lock->round.address_count = lock->round.address_index = 0;
    for (size_t step = lock->round.host_step; step < lock->round.host_count; step++)
        lock->set.hosts[client_order_host(lock, step)].is_deferred = false;
}

bool client_round_is_resolving(struct ipclocker *lock)
{
    int64_t now_ms = clock_now_ms();
    struct client_failure failure;

    if (take_lookup(lock, client_lookup_step(lock, &lock->set.hosts[lock->round.at.host], &failure),
                    &failure)) {
        if (now_ms < lock->round.attempt_end_ms && now_ms < lock->round.next_ms)
            return true;
        if (now_ms < lock->round.attempt_end_ms)
            lock->set.hosts[lock->round.at.host].is_deferred = true;
        else
            client_failures_not_resolved(lock);
    }
    /* The time that was for the servers is for them still. */
    lock->round.end_ms += now_ms - lock->round.lookup_began_ms;
    return false;
}

void client_round_remember(struct ipclocker *lock)
{
    bool was_hasty = lock->place.is_hasty && lock->place.preferred_host == lock->round.at.host;

    lock->place.is_hasty =
        lock->connection.cluster[0] == '\0' && (was_hasty || client_race_has_earlier(lock));
    client_race_end(lock);
    lock->place.preferred_host = lock->round.at.host;
    lock->place.silent_until_ms = 0;
    lock->place.has_addresses = lock->round.at.has_others;
    lock->round.first_host = lock->round.at.host;
    lock->round.host_step = 1;
}

void client_round_leave_hasty(struct ipclocker *lock)
{
    if (!lock->place.is_hasty || lock->place.at_home)
        return;
    client_connection_close(lock);
    lock->place.preferred_host = 0;
    lock->place.is_hasty = false;
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

    for (unsigned i = 1; i < lock->round.tries + lock->round.put_offs && pause < pause_max; i++)
        pause *= 1.5;
    if (pause > pause_max && pause > lock->set.delay_ms)
        pause = pause_max;
    if (getrandom(&random, sizeof random, GRND_NONBLOCK) != sizeof random)
        random = (uint16_t)clock_now_ms();
    pause *= 0.75 + 0.5 * random / UINT16_MAX;
    return pause > PAUSE_MIN_MS ? (int64_t)pause : PAUSE_MIN_MS;
}
