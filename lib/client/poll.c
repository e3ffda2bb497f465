/* What a caller, or the engine itself, has to wait for.
 * Must not change anything. */
#include <limits.h>
#include <poll.h>

#include "base/clock.h"
#include "client.h"
#include "lookup.h"
#include "pulse.h"

/* For the reports of deaths: their socket is not ours to hand out. */
enum { REPORT_POLL_MS = 10 };

int ipclocker_fd(const struct ipclocker *lock)
{
    return lock->call.phase == PHASE_RESOLVING ? client_lookup_fd(lock) : lock->connection.fd;
}

short ipclocker_events(const struct ipclocker *lock)
{
    if (lock->call.phase == PHASE_RESOLVING)
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
    if (deadline_ms == CLIENT_NEVER && lock->report.fd < 0)
        return -1;
    left_ms = deadline_ms == CLIENT_NEVER ? INT_MAX : deadline_ms - clock_now_ms();
    if (lock->report.fd >= 0 && left_ms > REPORT_POLL_MS)
        left_ms = REPORT_POLL_MS;
    if (left_ms < 0)
        return 0;
    return left_ms > INT_MAX ? INT_MAX : (int)left_ms;
}
