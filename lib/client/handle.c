/* The client's handle: its making and its end, and what it knows.
 * Must not talk to a server but in ipclocker_destroy(). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aside.h"
#include "base/clock.h"
#include "calls.h"
#include "connection.h"
#include "death_report.h"
#include "defaults/defaults.h"
#include "hosts.h"
#include "lock.h"
#include "lookup.h"
#include "parameters.h"
#include "race.h"

enum { DESTROY_MS = 1000 }; /* for the unlock at the end */

struct ipclocker *ipclocker_create(void)
{
    struct ipclocker *lock = calloc(1, sizeof *lock);

    if (lock == NULL)
        return NULL;
    lock->connection.fd = -1;
    lock->aside.connection.fd = -1;
    lock->report.fd = -1;
    lock->race.epoll_fd = -1;
    lock->set.block = true;
    lock->set.hold_limit_s = 1800;
    lock->set.wait_limit_ms = lock->set.queue_most = -1;
    lock->set.pid = getpid();
    lock->set.destroy_unlock = true;
    lock->set.delay_ms = 1000;
    lock->wait.known.held_ms = -1;
    if (ipclocker_set_locks(lock, "lock", 1) != 0) {
        ipclocker_destroy(lock);
        return NULL;
    }
    return lock;
}

/* A copy of the handle in a forked process has nothing to say to the server. */
static void unlock_at_end(struct ipclocker *lock)
{
    if (getpid() != lock->set.pid)
        return;
    ipclocker_cancel(lock);
    if (lock->set.destroy_unlock && lock->grant.held)
        client_engine_run(lock, &client_unlock_operation, NULL, DESTROY_MS);
}

void ipclocker_destroy(struct ipclocker *lock)
{
    int saved_errno = errno;

    if (lock == NULL)
        return;
    unlock_at_end(lock);
    client_connection_close(lock);
    client_aside_close(lock);
    client_race_close(lock);
    client_death_report_end(lock);
    client_lookup_end(lock);
    client_hosts_free(lock->set.hosts, lock->set.host_count);
    defaults_free(lock->own_defaults);
    lock_demand_fini(&lock->set.demand);
    free(lock->set.hostname);
    free(lock->set.boot);
    free(lock->set.user);
    free(lock->set.job);
    free(lock->set.project);
    free(lock->owner);
    buffer_fini(&lock->grant.names);
    buffer_fini(&lock->foreseen);
    free(lock);
    errno = saved_errno;
}

bool ipclocker_locked(const struct ipclocker *lock)
{
    return lock->grant.held;
}

const char *ipclocker_lock_name(const struct ipclocker *lock)
{
    return lock->grant.held ? lock->grant.names.data : "";
}

uint64_t ipclocker_token(const struct ipclocker *lock)
{
    return lock->grant.held ? lock->grant.token : 0;
}

int64_t ipclocker_hold_left(const struct ipclocker *lock)
{
    int64_t left_ms;

    if (!lock->grant.held || lock->grant.limit_ms == CLIENT_NEVER)
        return -1;
    left_ms = lock->grant.limit_ms - clock_now_ms();
    return left_ms > 0 ? left_ms : 0;
}

void ipclocker_wait(const struct ipclocker *lock, struct ipclocker_wait *wait)
{
    *wait = lock->wait.known;
    if (lock->call.operation == &client_lock_operation)
        wait->waited_ms = clock_now_ms() - lock->call.started_ms;
    /* The holder has gone on holding it since it was told. */
    if (wait->waiting && wait->held_ms >= 0)
        wait->held_ms += clock_now_ms() - lock->wait.told_ms;
}
