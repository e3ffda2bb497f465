/* What all connections by TLS have in common, as libssl keeps it. */
#ifndef FARMLOCK_STORE_ETCD_TLS_CONTEXT_H
#define FARMLOCK_STORE_ETCD_TLS_CONTEXT_H

#include <openssl/ssl.h>

#include "tls.h"

/* Reads the files.  NULL with *error. */
SSL_CTX *tls_context_create(const struct tls_files *files, struct etcd_error *error);

/* Why libssl's last call in this thread failed, as one phrase; empties its list of errors.  Valid
 * until the next call.
 */
const char *tls_context_reason(void);

#endif
