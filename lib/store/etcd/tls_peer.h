/* Whose certificate etcd must have, and what is wrong with the one that it has. */
#ifndef FARMLOCK_STORE_ETCD_TLS_PEER_H
#define FARMLOCK_STORE_ETCD_TLS_PEER_H

#include <openssl/ssl.h>

#include "caller.h"
#include "endpoint.h"

struct tls_peer {
    const struct endpoint *endpoint; /* to be set before tls_peer_expect() */
    char names[128];                 /* that the certificate is for, where it is not for ours */
};

/* Has the handshake fail where the certificate is not vouched for, or not for the endpoint's name
 * (RFC 6125: no name of the subject where there are others, no "*" for a part of a word) or
 * address; a name is told to the other side (RFC 6066, section 3).  `peer` stays where it is as
 * long as `ssl`.  Returns 0, or -1 without memory.
 */
int tls_peer_expect(struct tls_peer *peer, SSL *ssl);

/* Says why the handshake failed, whose SSL_get_verify_result(3) is not X509_V_OK. */
void tls_peer_explain(const struct tls_peer *peer, const SSL *ssl, struct etcd_error *error);

#endif
