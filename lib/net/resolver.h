/* Host names to addresses without blocking: getaddrinfo(3) in a few threads of its own. */
#ifndef FARMLOCK_NET_RESOLVER_H
#define FARMLOCK_NET_RESOLVER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

enum {
    RESOLVER_ADDRESSES_MAX = 16,
    RESOLVER_AT_ONCE = 16, /* names; others wait until one is known */
};

/* As `any.sa_family` says.  A sockaddr_storage would take four times the room. */
union resolver_address {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
};

struct resolver_result {
    void *context; /* as given to resolver_submit() */
    int error;     /* 0, or EAI_* of getaddrinfo(3) */
    int count;     /* addresses, best first (RFC 6724) */
    union resolver_address addresses[RESOLVER_ADDRESSES_MAX];
};

struct resolver;

/* NULL with errno. */
struct resolver *resolver_create(void);

/* Accepts NULL.  Waits at most 50 ms for names that are being resolved; a thread that hangs in the
 * name service longer is left to itself and cleans up when it comes back.  In a process that was
 * forked since, which has none of the threads, it only closes the descriptor.
 */
void resolver_destroy(struct resolver *resolver);

/* Polls readable while resolver_next() has results. */
int resolver_fd(const struct resolver *resolver);

/* Begins to resolve a name; `host` is copied, `context` is not looked at.  Returns 0, or -1 with
 * errno ENOMEM or EAGAIN (no thread could be started).
 */
int resolver_submit(struct resolver *resolver, const char *host, void *context);

/* Takes one result; false when there is none.  Does not block. */
bool resolver_next(struct resolver *resolver, struct resolver_result *result);

/* Resolves an address in digits, which needs no name service, at once; false when it is none.
 * Ports in addresses are 0, here and above.
 */
bool resolver_parse_address(const char *host, struct resolver_result *result);

/* Resolves a name here and now, for as long as that takes: for where no thread can be had. */
void resolver_block(const char *host, struct resolver_result *result);

#endif
