/* From the name of a host to its addresses, in the background.
 * Must not choose the host, nor say how long is long enough. */
#include "lookup.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "net/resolver.h"

static bool wants_family(const struct ipclocker *lock, int family)
{
    switch (lock->set.family) {
    case IPCLOCKER_FAMILY_INET:
        return family == AF_INET;
    case IPCLOCKER_FAMILY_INET6:
        return family == AF_INET6;
    case IPCLOCKER_FAMILY_ANY:
    case IPCLOCKER_FAMILY_UNIX:
        break;
    }
    return family == AF_INET || family == AF_INET6;
}

static void add_inet(struct ipclocker *lock, const struct in_addr *address, uint16_t port)
{
    if (wants_family(lock, AF_INET))
        lock->round.addresses[lock->round.address_count++].in =
            (struct sockaddr_in){.sin_family = AF_INET, .sin_port = port, .sin_addr = *address};
}

static void add_inet6(struct ipclocker *lock, const struct sockaddr_in6 *address, uint16_t port)
{
    if (!wants_family(lock, AF_INET6))
        return;
    lock->round.addresses[lock->round.address_count].in6 = *address;
    lock->round.addresses[lock->round.address_count++].in6.sin6_port = port;
}

static void add_unix(struct ipclocker *lock, const char *path)
{
    struct sockaddr_un *address = &lock->round.addresses[lock->round.address_count++].un;

    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(address->sun_path, path, strlen(path) + 1);
}

/* Numbers, and localhost, which RFC 6761 says is never to be asked for, spare the resolver and its
 * files. */
static bool add_known(struct ipclocker *lock, const struct client_host *host, uint16_t port)
{
    const struct in_addr loopback = {.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
    struct in_addr in;

    if (host->is_path) {
        add_unix(lock, host->name);
    } else if (strcmp(host->name, "localhost") == 0) {
        add_inet(lock, &loopback, port);
        add_inet6(lock, &in6, port);
    } else if (inet_pton(AF_INET, host->name, &in) == 1) {
        add_inet(lock, &in, port);
    } else if (inet_pton(AF_INET6, host->name, &in6.sin6_addr) == 1) {
        add_inet6(lock, &in6, port);
    } else {
        return false;
    }
    return true;
}

static uint16_t port_of(const struct ipclocker *lock, const struct client_host *host)
{
    return htons(host->port != 0 ? host->port : lock->set.port);
}

/* Whether the same question would be answered the same: a slip in the name, rather than trouble of
 * the name service. */
static bool is_final(int error)
{
    return error == EAI_NONAME || error == EAI_FAMILY || error == EAI_NODATA ||
           error == EAI_ADDRFAMILY;
}

static enum client_lookup_state fail(struct client_failure *failure, const char *reason, bool final)
{
    *failure = (struct client_failure){
        .kind = FAILURE_UNREACHED, .number = EHOSTUNREACH, .reason = reason, .is_final = final};
    return LOOKUP_FAILED;
}

static enum client_lookup_state check_found(const struct ipclocker *lock,
                                            struct client_failure *failure)
{
    if (lock->round.address_count > 0)
        return LOOKUP_FOUND;
    return fail(failure, "it has no address of the family that is asked for", true);
}

static enum client_lookup_state take_result(struct ipclocker *lock, const struct client_host *host,
                                            const struct resolver_result *result,
                                            struct client_failure *failure)
{
    uint16_t port = port_of(lock, host);

    if (result->error != 0)
        return fail(failure, gai_strerror(result->error), is_final(result->error));
    for (int i = 0; i < result->count; i++) {
        const union resolver_address *address = &result->addresses[i];

        if (address->any.sa_family == AF_INET)
            add_inet(lock, &address->in.sin_addr, port);
        else if (address->any.sa_family == AF_INET6)
            add_inet6(lock, &address->in6, port);
    }
    return check_found(lock, failure);
}

static int submit(struct ipclocker *lock, struct client_host *host)
{
    if (lock->resolver == NULL)
        lock->resolver = resolver_create();
    if (lock->resolver == NULL || resolver_submit(lock->resolver, host->name, host) != 0)
        return -1;
    host->is_looked_up = true;
    return 0;
}

/* What has come behind its time; it is used once, so that the next turn asks anew. */
static enum client_lookup_state take_late(struct ipclocker *lock, struct client_host *host,
                                          struct client_failure *failure)
{
    enum client_lookup_state state = take_result(lock, host, host->late, failure);

    free(host->late);
    host->late = NULL;
    return state;
}

enum client_lookup_state client_lookup_begin(struct ipclocker *lock, struct client_host *host,
                                             struct client_failure *failure)
{
    struct resolver_result result;

    lock->round.address_count = 0;
    lock->round.address_index = 0;
    if (add_known(lock, host, port_of(lock, host)))
        return check_found(lock, failure);
    if (host->is_looked_up)
        return client_lookup_step(lock, host, failure);
    if (host->late != NULL)
        return take_late(lock, host, failure);
    if (submit(lock, host) == 0)
        return LOOKUP_WAITS;
    resolver_block(host->name, &result);
    return take_result(lock, host, &result, failure);
}

/* Has no use for a failure: the name is asked for again in any case. */
static void keep_late(const struct resolver_result *result)
{
    struct client_host *host = result->context;

    if (result->error != 0)
        return;
    host->late = malloc(sizeof *host->late);
    if (host->late != NULL)
        *host->late = *result;
}

enum client_lookup_state client_lookup_step(struct ipclocker *lock, const struct client_host *host,
                                            struct client_failure *failure)
{
    struct resolver_result result;

    while (resolver_next(lock->resolver, &result)) {
        struct client_host *found = result.context;

        found->is_looked_up = false;
        if (found == host)
            return take_result(lock, host, &result, failure);
        keep_late(&result);
    }
    return LOOKUP_WAITS;
}

int client_lookup_fd(const struct ipclocker *lock)
{
    return lock->resolver != NULL ? resolver_fd(lock->resolver) : -1;
}

void client_lookup_end(struct ipclocker *lock)
{
    resolver_destroy(lock->resolver);
    lock->resolver = NULL;
    for (size_t i = 0; i < lock->set.host_count; i++) {
        free(lock->set.hosts[i].late);
        lock->set.hosts[i].late = NULL;
        lock->set.hosts[i].is_looked_up = false;
    }
}
