/* Where etcd's members are, as the value of --state says it. */
#ifndef FARMLOCK_STORE_ETCD_ENDPOINT_H
#define FARMLOCK_STORE_ETCD_ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    ENDPOINTS_MAX = 16,
    ENDPOINT_HOST_SIZE = 256,
    ENDPOINT_URL_SIZE = ENDPOINT_HOST_SIZE + sizeof "https://[]:65535",
    ENDPOINT_PREFIX_SIZE = 128,
    ENDPOINT_WHY_SIZE = 512,
};

struct endpoint {
    char host[ENDPOINT_HOST_SIZE]; /* a name, or an address without brackets */
    uint16_t port;
    bool tls;
    bool is_ipv6;                /* the host is an address in colons */
    char url[ENDPOINT_URL_SIZE]; /* SCHEME://HOST:PORT, for messages */
};

struct endpoint_list {
    struct endpoint items[ENDPOINTS_MAX];
    size_t count;                      /* at least 1 */
    char prefix[ENDPOINT_PREFIX_SIZE]; /* of all keys: begins with a slash, ends without one */
};

/* Whether the value of --state names an etcd. */
bool endpoint_list_is_meant(const char *state);

/* Parses "etcd:URL[,URL...]/PREFIX".  A URL is http://HOST or https://HOST, all of them the same,
 * with :PORT or 2379; the prefix is words of letters, digits, '.', '_' and '-' between slashes.
 * Returns 0 and writes *list; or -1 with errno EINVAL, and in `why` a sentence that says what is
 * wrong and how it is written.
 */
int endpoint_list_parse(const char *state, struct endpoint_list *list, char why[ENDPOINT_WHY_SIZE]);

#endif
