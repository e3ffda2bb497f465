/* A table of resolved hosts, bounded in what it keeps unused.
 * Must not block, nor forget a host in use. */
#include "host_cache.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "net/local_host.h"
#include "proofs.h"
#include "udp.h"

/* Whoever can name hosts must not have those forgotten that have proven something. */
enum { IDLE_MAX = 1024, IDLE_PROVEN_MAX = 16384 };

#define RETRY_FAILED_US 1000000
#define RETRY_DOUBTED_US 60000000

struct host_cache {
    struct resolver *resolver;
    struct tree hosts; /* by name */
    struct proofs proofs;
    struct idle_hosts {
        TAILQ_HEAD(host_queue, cached_host) queue; /* those that were used last are behind */
        size_t count, most;
    } idle, idle_proven;
};

static int compare_names(const struct tree_node *a, const struct tree_node *b)
{
    return strcmp(tree_entry(a, struct host_key, by_name)->name,
                  tree_entry(b, struct host_key, by_name)->name);
}

struct host_cache *host_cache_create(void)
{
    struct host_cache *cache = calloc(1, sizeof *cache);

    if (cache == NULL)
        return NULL;
    cache->resolver = resolver_create();
    if (cache->resolver == NULL) {
        free(cache);
        return NULL;
    }
    TAILQ_INIT(&cache->idle.queue);
    TAILQ_INIT(&cache->idle_proven.queue);
    cache->idle.most = IDLE_MAX;
    cache->idle_proven.most = IDLE_PROVEN_MAX;
    cache->hosts.compare = compare_names;
    proofs_init(&cache->proofs);
    return cache;
}

static void leave_idle(struct cached_host *host)
{
    TAILQ_REMOVE(&host->idle->queue, host, in_idle);
    host->idle->count--;
}

static void forget(struct host_cache *cache, struct cached_host *host)
{
    leave_idle(host);
    tree_remove(&cache->hosts, &host->key.by_name);
    free(host);
}

void host_cache_destroy(struct host_cache *cache)
{
    struct tree_node *node;

    if (cache == NULL)
        return;
    resolver_destroy(cache->resolver);
    proofs_fini(&cache->proofs);
    while ((node = tree_first(&cache->hosts)) != NULL) {
        tree_remove(&cache->hosts, node);
        free(tree_entry(node, struct cached_host, key.by_name));
    }
    free(cache);
}

int host_cache_fd(const struct host_cache *cache)
{
    return resolver_fd(cache->resolver);
}

/* Some systems give their own full name an address in 127/8 that no interface has. */
static bool is_own_alias(const char *name, const union resolver_address *address)
{
    return address->any.sa_family == AF_INET &&
           ntohl(address->in.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET && local_host_has_label(name);
}

static void set_known(struct cached_host *host)
{
    const union resolver_address *first = &host->addresses.addresses[0];

    host->state = HOST_KNOWN;
    host->best = 0;
    host->local = host->addresses.count > 0 &&
                  (local_host_has_address(&first->any) || is_own_alias(host->name, first));
}

static struct cached_host *add_host(struct host_cache *cache, const char *name, int64_t now_us)
{
    size_t size = strlen(name) + 1;
    struct cached_host *host = calloc(1, sizeof *host + size);

    if (host == NULL)
        return NULL;
    memcpy(host->name, name, size);
    host->key.name = host->name;
    TAILQ_INIT(&host->waiting);
    TAILQ_INIT(&host->asked);
    host->resolved_us = now_us;
    if (resolver_parse_address(name, &host->addresses)) {
        set_known(host);
    } else {
        /* Who only looks here needs no address. */
        host->local = local_host_has_name(name);
        host->state = HOST_FAILED;
        host->resolved_us = now_us - RETRY_FAILED_US;
    }
    tree_insert(&cache->hosts, &host->key.by_name);
    return host;
}

struct cached_host *host_cache_find(const struct host_cache *cache, const char *name)
{
    const struct host_key probe = {.name = name};
    struct tree_node *node = tree_find(&cache->hosts, &probe.by_name);

    return node != NULL ? tree_entry(node, struct cached_host, key.by_name) : NULL;
}

struct cached_host *host_cache_get(struct host_cache *cache, const char *name, int64_t now_us)
{
    struct cached_host *host = host_cache_find(cache, name);

    if (host == NULL)
        host = add_host(cache, name, now_us);
    else if (host->users == 0)
        leave_idle(host);
    if (host != NULL)
        host->users++;
    return host;
}

void host_cache_put(struct host_cache *cache, struct cached_host *host)
{
    if (--host->users > 0)
        return;
    host->idle = host->proven_us != 0 ? &cache->idle_proven : &cache->idle;
    TAILQ_INSERT_TAIL(&host->idle->queue, host, in_idle);
    if (++host->idle->count > host->idle->most)
        forget(cache, TAILQ_FIRST(&host->idle->queue));
}

static struct sockaddr_in6 address_at(const struct cached_host *host, int i)
{
    return pidstat_udp_to_v6(&host->addresses.addresses[i].any);
}

int host_cache_address_of(const struct cached_host *host, const unsigned char ip[IP_BYTES])
{
    if (!ip_text_is_known(ip))
        return -1;
    for (int i = 0; i < host->addresses.count; i++) {
        struct sockaddr_in6 address = address_at(host, i);

        if (memcmp(&address.sin6_addr, ip, IP_BYTES) == 0)
            return i;
    }
    return -1;
}

void host_cache_doubt(struct cached_host *host)
{
    host->doubted = true;
}

void host_cache_prove(struct host_cache *cache, struct cached_host *host,
                      const struct sockaddr_in6 *address, int64_t now_us)
{
    host->proven_us = now_us;
    proofs_note(&cache->proofs, address, now_us);
}

bool host_cache_is_proven(const struct host_cache *cache, const struct cached_host *host,
                          int64_t now_us)
{
    bool is_proven = host->proven_us != 0 && now_us - host->proven_us < PROOF_LASTS_US;

    for (int i = 0; i < host->addresses.count && !is_proven; i++) {
        struct sockaddr_in6 address = address_at(host, i);

        is_proven = proofs_have(&cache->proofs, &address, now_us);
    }
    return is_proven;
}

bool host_cache_needs_look_up(const struct cached_host *host, int64_t now_us)
{
    struct resolver_result digits;
    int64_t age = now_us - host->resolved_us;

    if (host->state == HOST_FAILED ? age < RETRY_FAILED_US
                                   : !host->doubted || age < RETRY_DOUBTED_US)
        return false;
    return host->state != HOST_RESOLVING && !resolver_parse_address(host->name, &digits);
}

int host_cache_look_up(struct host_cache *cache, struct cached_host *host)
{
    if (resolver_submit(cache->resolver, host->name, host) != 0)
        return -1;
    host->state = HOST_RESOLVING;
    /* The resolver knows it until it has come back. */
    host->users++;
    return 0;
}

struct cached_host *host_cache_next_resolved(struct host_cache *cache, int64_t now_us)
{
    struct resolver_result result;
    struct cached_host *host;
    bool was_local;

    if (!resolver_next(cache->resolver, &result))
        return NULL;
    host = result.context;
    was_local = host->local;
    host->resolved_us = now_us;
    host->doubted = false;
    if (result.error == 0) {
        host->addresses = result;
        set_known(host);
        host->local |= was_local;
    } else if (host->addresses.count > 0) {
        /* An old address is better than none. */
        host->state = HOST_KNOWN;
    } else {
        host->addresses.error = result.error;
        host->state = HOST_FAILED;
    }
    host_cache_put(cache, host);
    return host;
}
