/* Hosts by name: each is resolved once, in the background, and kept while somebody uses it. */
#ifndef FARMLOCK_PIDSTAT_HOST_CACHE_H
#define FARMLOCK_PIDSTAT_HOST_CACHE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/tree.h"
#include "net/resolver.h"
#include "queue.h"

struct host_cache;

enum host_state { HOST_RESOLVING, HOST_KNOWN, HOST_FAILED };

struct cached_host {
    /* For its users. */
    enum host_state state;
    bool local;                       /* it is this host */
    struct resolver_result addresses; /* `error` says why it is HOST_FAILED */
    int best;                         /* index of the address that answered last */
    struct queue waiting;             /* whatever waits for it to be resolved */

    /* For the cache alone. */
    struct host_key {
        struct tree_node by_name;
        const char *name;
    } key;
    TAILQ_ENTRY(cached_host) in_idle;
    unsigned users;
    int64_t resolved_us;
    bool doubted;
    char name[];
};

/* NULL with errno. */
struct host_cache *host_cache_create(void);

/* Accepts NULL.  Every host must have been put back. */
void host_cache_destroy(struct host_cache *cache);

/* Polls readable while host_cache_next_resolved() has something. */
int host_cache_fd(const struct host_cache *cache);

/* Gets a host, which must be put back.  A name that needs no name service is HOST_KNOWN at once;
 * any other starts as HOST_RESOLVING, but this host's own as HOST_FAILED until it is refreshed.
 * NULL with errno ENOMEM or EAGAIN.
 */
struct cached_host *host_cache_get(struct host_cache *cache, const char *name, int64_t now_us);
void host_cache_put(struct host_cache *cache, struct cached_host *host);

/* To be called before each use: may resolve the name again, when it failed a second ago or when
 * it was doubted.
 */
void host_cache_refresh(struct host_cache *cache, struct cached_host *host, int64_t now_us);

/* The host did not answer: perhaps it has another address by now. */
void host_cache_doubt(struct cached_host *host);

/* Returns the next host that has left HOST_RESOLVING, or NULL.  Does not block. */
struct cached_host *host_cache_next_resolved(struct host_cache *cache, int64_t now_us);

#endif
