/* TLS for one connection to etcd: the library's calls, and its errors in words that say what to do.
 */
#ifndef FARMLOCK_STORE_ETCD_TLS_H
#define FARMLOCK_STORE_ETCD_TLS_H

#include <stddef.h>

#include "caller.h"
#include "endpoint.h"

/* Files in PEM form, which are read for each connection: whoever renews a certificate need not tell
 * us.  The strings are the caller's.
 */
struct tls_files {
    const char *ca;   /* who may vouch for etcd's certificate; NULL: whom this machine trusts */
    const char *cert; /* ours, with those that vouch for it behind it; NULL: none */
    const char *key;  /* its key, without a passphrase; NULL: it is in `cert` */
};

struct tls;

enum tls_end {
    TLS_DONE, /* so many bytes, or the handshake */
    TLS_WAITS_TO_READ,
    TLS_WAITS_TO_WRITE,
    TLS_ENDED,  /* the other side has closed the connection */
    TLS_FAILED, /* *error says why */
};

/* Reads the files and makes ready for a handshake over a connected descriptor that does not block
 * and stays the caller's: at least TLS 1.2, HTTP/2 by ALPN (RFC 7301), the certificate must be for
 * the endpoint's name or address.  NULL with *error, which names the file that is at fault.
 * `endpoint` is valid as long as the result.
 */
struct tls *tls_create(const struct tls_files *files, const struct endpoint *endpoint, int fd,
                       struct etcd_error *error);

/* Accepts NULL.  Says nothing to the other side. */
void tls_destroy(struct tls *tls);

/* Whether the files can be used, for who wants to know before the first connection.  Returns 0, or
 * -1 with *error. */
int tls_check_files(const struct tls_files *files, struct etcd_error *error);

/* To be called again when what it waits for is there, until TLS_DONE. */
enum tls_end tls_handshake(struct tls *tls, struct etcd_error *error);

/* Read at most `size` bytes, or write at least one of `len`; *count is how many. */
enum tls_end tls_read(struct tls *tls, void *data, size_t size, size_t *count,
                      struct etcd_error *error);
enum tls_end tls_write(struct tls *tls, const void *data, size_t len, size_t *count,
                       struct etcd_error *error);

#endif
