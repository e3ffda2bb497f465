/* Host names to addresses without blocking: getaddrinfo(3) in a few threads of its own. */
#ifndef FARMLOCK_NET_RESOLVER_H
#define FARMLOCK_NET_RESOLVER_H

#include <stdbool.h>
#include <sys/socket.h>

enum { RESOLVER_ADDRESSES_MAX = 4 };

struct resolver_result {
    void *context; /* as given to resolver_submit() */
    int error;     /* 0, or EAI_* of getaddrinfo(3) */
    int count;     /* addresses, best first (RFC 6724) */
    struct sockaddr_storage addresses[RESOLVER_ADDRESSES_MAX];
};

struct resolver;

/* NULL with errno. */
struct resolver *resolver_create(void);

/* Accepts NULL.  Waits at most 50 ms for names that are being resolved; a thread that hangs in the
 * name service longer is left to itself and cleans up when it comes back.
 */
void resolver_destroy(struct resolver *resolver);

/* Polls readable while resolver_next() has results. */
int resolver_fd(const struct resolver *resolver);

/* Resolves a name for UDP; `host` is copied, `context` is not looked at.  Returns 0, or -1 with
 * errno ENOMEM or EAGAIN (no thread could be started).
 */
int resolver_submit(struct resolver *resolver, const char *host, void *context);

/* Takes one result; false when there is none.  Does not block. */
bool resolver_next(struct resolver *resolver, struct resolver_result *result);

/* Resolves an address in digits, which needs no name service, at once; false when it is none.
 * Ports in addresses are 0, here and above.
 */
bool resolver_parse_address(const char *host, struct resolver_result *result);

#endif
