/* libssl's way to a socket: as its own, but for SIGPIPE, which a library may not raise. */
#ifndef FARMLOCK_STORE_ETCD_TLS_SOCKET_H
#define FARMLOCK_STORE_ETCD_TLS_SOCKET_H

#include <openssl/bio.h>

/* NULL without memory.  BIO_meth_free(3) takes it back when all that was made of it has gone. */
BIO_METHOD *tls_socket_method(void);

/* Reads and writes a connected descriptor that does not block and stays the caller's.  NULL without
 * memory. */
BIO *tls_socket_bio(const BIO_METHOD *method, int fd);

#endif
