/* Where we are at home, and who shares the state of that server.
 * Must not take a server for one of them that has not said so. */
#include "home.h"

#include <string.h>

#include "base/clock.h"
#include "connection.h"
#include "error.h"
#include "hosts.h"

void client_home_begin(struct ipclocker *lock, bool at_home)
{
    lock->place.at_home = at_home && lock->place.home_host < lock->set.host_count;
    if (client_home_is_one(lock))
        lock->place.preferred_host = lock->place.home_host;
    /* What is open may be to one that was asked something else. */
    if ((client_home_is_one(lock) && lock->round.at.host != lock->place.home_host) ||
        (client_home_is_cluster(lock) &&
         strcmp(lock->connection.cluster, lock->place.cluster) != 0))
        client_connection_close(lock);
}

void client_home_settle(struct ipclocker *lock)
{
    lock->place.home_host = lock->round.at.host;
    lock->place.home_address = *client_connection_address(lock);
    memcpy(lock->place.cluster, lock->connection.cluster, sizeof lock->place.cluster);
    lock->place.at_home = true;
}

bool client_home_is_one(const struct ipclocker *lock)
{
    return lock->place.at_home && lock->place.cluster[0] == '\0';
}

bool client_home_is_cluster(const struct ipclocker *lock)
{
    return lock->place.at_home && lock->place.cluster[0] != '\0';
}

bool client_home_has_others(const struct ipclocker *lock)
{
    return client_home_is_cluster(lock) && (lock->set.host_count > 1 || lock->place.has_addresses);
}

/* One server may stand in the list by several names, and start anew between two looks: they are two
 * where the one that started last ran already while the other was there.  Within one second nothing
 * is known of the order. */
static bool are_alone(const struct client_host *a, const struct client_host *b)
{
    return a->started != 0 && b->started != 0 && a->started != b->started && a->started < b->seen &&
           b->started < a->seen && (a->cluster[0] == '\0' || strcmp(a->cluster, b->cluster) != 0);
}

static void tell_alone(struct ipclocker *lock, const struct client_host *a,
                       const struct client_host *b)
{
    char first[320], second[320];

    if (lock->place.told_alone)
        return;
    lock->place.told_alone = true;
    client_hosts_describe(lock, a, first, sizeof first);
    client_hosts_describe(lock, b, second, sizeof second);
    client_error_notice(lock, IPCLOCKER_NOTICE_SECOND,
                        "%s and %s are independent lockerd: each could grant what the other has "
                        "granted; name one of them, or servers that share their state",
                        first, second);
}

void client_home_learn(struct ipclocker *lock)
{
    struct client_host *hosts = lock->set.hosts, *host = &hosts[lock->round.at.host];

    host->started = lock->server.started;
    host->seen =
        (uint64_t)(lock->server.clock_ms > 0 ? lock->server.clock_ms : clock_wall_ms()) / 1000;
    memcpy(host->cluster, lock->connection.cluster, sizeof host->cluster);
    for (size_t i = 0; i < lock->set.host_count; i++) {
        if (are_alone(&hosts[i], host))
            tell_alone(lock, i < lock->round.at.host ? &hosts[i] : host,
                       i < lock->round.at.host ? host : &hosts[i]);
    }
}

static void tell_foreign(struct ipclocker *lock, const char *what)
{
    char host[320], home[320];

    if (lock->place.told_foreign)
        return;
    lock->place.told_foreign = true;
    client_hosts_describe(lock, client_hosts_current(lock), host, sizeof host);
    client_hosts_describe(lock, &lock->set.hosts[lock->place.home_host], home, sizeof home);
    client_error_notice(lock, IPCLOCKER_NOTICE_SECOND,
                        "passing over %s: %s as %s, so it knows nothing of our lock, and could "
                        "grant it to somebody else; take it off the list of hosts",
                        host, what, home);
}

const char *client_home_objection(struct ipclocker *lock)
{
    const char *id = lock->connection.cluster;

    if (!client_home_is_cluster(lock) || strcmp(id, lock->place.cluster) == 0)
        return NULL;
    tell_foreign(lock, id[0] != '\0' ? "it is not of the same cluster"
                                     : "it does not share its state, as one of the same cluster");
    return id[0] != '\0' ? "it is of another cluster" : "it is of no cluster";
}
