/* A connection that is put aside, to a server that has our request and is silent.
 * Must not decide when others are tried, nor how long. */
#include "aside.h"

#include "connection.h"
#include "engine.h"

static const struct client_connection none = {.fd = -1};

bool client_aside_is_there(const struct ipclocker *lock)
{
    return lock->aside.connection.fd >= 0;
}

bool client_aside_is_to(const struct ipclocker *lock, const union client_address *address)
{
    return client_aside_is_there(lock) &&
           client_connection_same_address(address, &lock->aside.at.address);
}

void client_aside_put(struct ipclocker *lock)
{
    lock->aside = (struct client_aside){
        .connection = lock->connection,
        .at = lock->round.at,
        .host_step = lock->round.host_step,
        .phase = lock->call.phase,
    };
    lock->connection = none;
}

void client_aside_take_back(struct ipclocker *lock)
{
    lock->connection = lock->aside.connection;
    lock->aside.connection = none;
    lock->round.at = lock->aside.at;
    lock->round.address_count = lock->round.address_index = 0;
    lock->round.host_step = lock->aside.host_step;
    lock->call.phase = lock->aside.phase;
}

/* As if that connection were the current one for a moment. */
static void end(struct ipclocker *lock, bool gives_up)
{
    struct client_connection current = lock->connection;
    enum client_phase phase = lock->call.phase;

    if (!client_aside_is_there(lock))
        return;
    lock->connection = lock->aside.connection;
    lock->call.phase = lock->aside.phase;
    if (gives_up && lock->call.operation->give_up != NULL)
        lock->call.operation->give_up(lock);
    client_connection_close(lock);
    lock->aside.connection = none;
    lock->connection = current;
    lock->call.phase = phase;
}

void client_aside_give_up(struct ipclocker *lock)
{
    end(lock, true);
}

void client_aside_close(struct ipclocker *lock)
{
    end(lock, false);
}
