/* One connection to a member of etcd: bytes in and out, by TCP or by TLS over it. */
#ifndef FARMLOCK_STORE_ETCD_LINK_H
#define FARMLOCK_STORE_ETCD_LINK_H

#include <stdbool.h>
#include <sys/types.h>

#include "caller.h"
#include "endpoint.h"
#include "net/resolver.h"
#include "patience.h"
#include "tls.h"

struct link;

/* Connects to the first of the addresses that can be reached (each has an equal part of what time
 * is left), and does the handshake where the endpoint has https.  NULL with *error.  `endpoint` and
 * what `files` names are valid as long as the link.
 */
struct link *link_open(const struct endpoint *endpoint, const struct resolver_result *addresses,
                       const struct tls_files *files, const struct patience *patience,
                       struct etcd_error *error);

/* Takes over a connected descriptor that does not block, without TLS.  NULL with errno ENOMEM, the
 * descriptor still the caller's. */
struct link *link_adopt(int fd, const struct endpoint *endpoint);

/* Accepts NULL. */
void link_close(struct link *link);

const struct endpoint *link_endpoint(const struct link *link);

/* Read at most `size` bytes, or write the first of `len`.  They return how many, 0 when it would
 * have to wait, and -1 with *error when the connection is over.
 */
ssize_t link_read(struct link *link, void *data, size_t size, struct etcd_error *error);
ssize_t link_write(struct link *link, const void *data, size_t len, struct etcd_error *error);

/* Waits until link_read(), or with `to_write` that or link_write(), would do something; not after
 * one that has not returned 0.
 */
enum patience_end link_wait(const struct link *link, bool to_write,
                            const struct patience *patience);

#endif
