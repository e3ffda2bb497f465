/* Whether the server at which we hold still answers.
 * Must not ask one that there is no other for: it is waited for, however long it is silent. */
#include "pulse.h"

#include "base/clock.h"
#include "connection.h"
#include "home.h"
#include "request.h"

static bool is_wanted(const struct ipclocker *lock)
{
    return lock->grant.held && lock->set.session && lock->connection.fd >= 0 &&
           client_home_has_others(lock);
}

void client_pulse_felt(struct ipclocker *lock)
{
    lock->pulse.is_asked = false;
    lock->pulse.due_ms = is_wanted(lock) ? clock_now_ms() + PULSE_SILENCE_MS : CLIENT_NEVER;
}

bool client_pulse_is_answer(struct ipclocker *lock, const struct answer *answer)
{
    if (!lock->pulse.is_asked || answer->kind != ANSWER_QUEUE)
        return false;
    client_pulse_felt(lock);
    return true;
}

int64_t client_pulse_due_ms(const struct ipclocker *lock)
{
    return lock->call.phase == PHASE_IDLE && is_wanted(lock) ? lock->pulse.due_ms : CLIENT_NEVER;
}

/* The place in the queue, of one who stands in none: the shortest question that is answered by what
 * the state says, so that a server that has lost it does not answer. */
bool client_pulse_take(struct ipclocker *lock)
{
    if (clock_now_ms() < client_pulse_due_ms(lock))
        return true;
    if (lock->pulse.is_asked)
        return false;
    client_request_command(lock, "QUEUE");
    lock->pulse.is_asked = true;
    lock->pulse.due_ms = clock_now_ms() + PULSE_ANSWER_MS;
    return true;
}
