/* What a caller, or the engine itself, has to wait for.
 * Must not change anything. */
#include <limits.h>
#include <poll.h>

#include "base/clock.h"
#include "client.h"
#include "lookup.h"
#include "pulse.h"
#include "race.h"

/* For what has no descriptor that could be handed out: the reports of deaths, and rivals where none
 * was left for them. */
enum { BLIND_POLL_MS = 10 };

static bool is_blind(const struct ipclocker *lock)
{
    return lock->report.fd >= 0 || client_race_is_blind(lock);
}

int ipclocker_fd(const struct ipclocker *lock)
{
    int race_fd = client_race_fd(lock);

    if (race_fd >= 0)
        return race_fd;
    return lock->call.phase == PHASE_RESOLVING ? client_lookup_fd(lock) : lock->connection.fd;
}

short ipclocker_events(const struct ipclocker *lock)
{
    if (lock->call.phase == PHASE_RESOLVING || client_race_fd(lock) >= 0)
        return POLLIN;
    if (lock->connection.fd < 0)
        return 0;
    if (lock->call.phase == PHASE_CONNECTING)
        return POLLOUT;
    return lock->connection.out.len > 0 ? POLLIN | POLLOUT : POLLIN;
}

int ipclocker_timeout(const struct ipclocker *lock)
{
    int64_t deadline_ms = CLIENT_NEVER, left_ms;

    if (lock->call.operation != NULL)
        deadline_ms = lock->call.limit_ms;
    if (lock->call.phase != PHASE_IDLE && lock->call.phase_deadline_ms < deadline_ms)
        deadline_ms = lock->call.phase_deadline_ms;
    if (lock->call.operation == NULL)
        deadline_ms = client_pulse_due_ms(lock);
    if (deadline_ms == CLIENT_NEVER && !is_blind(lock))
        return -1;
    left_ms = deadline_ms == CLIENT_NEVER ? INT_MAX : deadline_ms - clock_now_ms();
    if (is_blind(lock) && left_ms > BLIND_POLL_MS)
        left_ms = BLIND_POLL_MS;
    if (left_ms < 0)
        return 0;
    return left_ms > INT_MAX ? INT_MAX : (int)left_ms;
}
