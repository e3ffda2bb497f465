/* Unary calls of gRPC (its "HTTP/2 protocol" document is the authority) over one connection, one at
 * a time, by nghttp2. */
#ifndef FARMLOCK_STORE_ETCD_GRPC_H
#define FARMLOCK_STORE_ETCD_GRPC_H

#include <stdbool.h>

#include "caller.h"
#include "link.h"

enum {
    GRPC_ANSWER_MAX =
        512 * 1024 * 1024, /* bytes of a message; a longer one breaks the connection */
    GRPC_TOKEN_MAX = 4096,
};

struct grpc;

/* Takes over the link, also where it fails: NULL with errno ENOMEM. */
struct grpc *grpc_open(struct link *link);

/* Accepts NULL.  Closes the link without a word. */
void grpc_close(struct grpc *grpc);

/* Takes in what has come since the last call, without waiting.  Returns whether another call can be
 * made: not when the other side has closed the connection or said that it will, nor when the
 * numbers of streams have come to their end (2^30 calls).
 */
bool grpc_is_usable(struct grpc *grpc);

/* Asks, and waits for the end.  `path` is that of the method, as "/etcdserverpb.KV/Range"; `token`
 * goes with it as metadata, NULL: none.  The other side is told how much time there is.
 *
 * The answer takes the place of what is in *response, which is untouched in the other cases.  After
 * ETCD_UNKNOWN the connection is of no use any more, but for grpc_close().
 */
enum etcd_outcome grpc_call(struct grpc *grpc, const char *path, const char *token,
                            const struct buffer *request, const struct patience *patience,
                            struct buffer *response, struct etcd_error *error);

#endif
