/* Hosts by name: each is resolved once, in the background, and kept while somebody uses it; of
 * those that nobody does the last 1,024, and the last 16,384 that have proven who answers there.
 * That proof stays with the address when the name is forgotten (proofs.h). */
#ifndef FARMLOCK_PIDSTAT_HOST_CACHE_H
#define FARMLOCK_PIDSTAT_HOST_CACHE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/ip_text.h"
#include "base/tree.h"
#include "net/resolver.h"
#include "queue.h"
#include "turns.h"

struct host_cache;

enum host_state { HOST_RESOLVING, HOST_KNOWN, HOST_FAILED };

struct cached_host {
    /* For its users. */
    enum host_state state;
    bool local;                       /* it is this host */
    struct resolver_result addresses; /* `error` says why it is HOST_FAILED */
    int best;                         /* index of the address that answered last */
    int64_t answered_us;              /* when somebody last answered there; 0 for never */
    int64_t proven_us;    /* when with the word id=, as no classic daemon does; 0 for never */
    bool may_be_classic;  /* somebody there answers without: it is asked with the id in its name */
    struct queue waiting; /* whatever waits for it to be resolved */
    struct queue asked;   /* whatever waits for its answer */
    struct turn_client *looked_up_for; /* while it is HOST_RESOLVING */
    struct turn_host turns;            /* of questions about it */

    /* For the cache alone. */
    struct host_key {
        struct tree_node by_name;
        const char *name;
    } key;
    TAILQ_ENTRY(cached_host) in_idle;
    struct idle_hosts *idle; /* where it is, while nobody uses it */
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
 * any other is HOST_FAILED until it is looked up.  NULL with errno ENOMEM.
 */
struct cached_host *host_cache_get(struct host_cache *cache, const char *name, int64_t now_us);
void host_cache_put(struct host_cache *cache, struct cached_host *host);

/* The host of that name if there is one, which is not to be put back; else NULL. */
struct cached_host *host_cache_find(const struct host_cache *cache, const char *name);

/* Which of its addresses that is, in the bytes of base/ip_text.h; below 0 for none, and for no
 * address. */
int host_cache_address_of(const struct cached_host *host, const unsigned char ip[IP_BYTES]);

/* Whether the name is to be looked up before the host is used: it was not yet, it failed a second
 * ago, or it was doubted.
 */
bool host_cache_needs_look_up(const struct cached_host *host, int64_t now_us);

/* Has it looked up: it is HOST_RESOLVING then.  Returns 0, or -1 with errno ENOMEM or EAGAIN. */
int host_cache_look_up(struct host_cache *cache, struct cached_host *host);

/* The host did not answer: perhaps it has another address by now. */
void host_cache_doubt(struct cached_host *host);

/* The host has answered with the word id= now, from that address: so it has by any other name, too,
 * and when this one is forgotten. */
void host_cache_prove(struct host_cache *cache, struct cached_host *host,
                      const struct sockaddr_in6 *address, int64_t now_us);

/* Whether the host, or one of its addresses, has answered with it in the last 24 hours. */
bool host_cache_is_proven(const struct host_cache *cache, const struct cached_host *host,
                          int64_t now_us);

/* Returns the next host that has left HOST_RESOLVING, or NULL.  Does not block. */
struct cached_host *host_cache_next_resolved(struct host_cache *cache, int64_t now_us);

#endif
