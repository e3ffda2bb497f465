/* How a question goes to etcd: one call at a time, which comes to one of three ends.
 *
 * What is asked, and what an answer means, is its caller's (replica.h); by which connection, to
 * which member of the cluster, as which user is that of whoever implements it.  The third end is
 * what a network adds to yes and no: a call that was not answered may have been done, may be done
 * later, or never, and the same bytes asked again at another member are how one finds out.
 */
#ifndef FARMLOCK_STORE_ETCD_CALLER_H
#define FARMLOCK_STORE_ETCD_CALLER_H

#include <stdint.h>

#include "base/buffer.h"

enum etcd_method {
    ETCD_TXN,     /* etcdserverpb.KV/Txn */
    ETCD_RANGE,   /* etcdserverpb.KV/Range */
    ETCD_COMPACT, /* etcdserverpb.KV/Compact */
    ETCD_STATUS,  /* etcdserverpb.Maintenance/Status, of the member that the call goes to */
};

enum etcd_outcome {
    ETCD_ANSWERED, /* the response is the message */
    ETCD_REFUSED,  /* certainly not done, and asking again changes nothing by itself: grpc-status 3,
                    * 7, 9, 11 or 16 */
    ETCD_UNKNOWN,  /* nobody knows: 14, 8, 4, 2, 13, 1 or any other status, a connection that broke
                    * or did not come about, a time-out, an interruption, no memory */
};

/* The codes of gRPC that somebody looks at. */
enum etcd_code {
    ETCD_CODE_NONE = 0,              /* there was no answer */
    ETCD_CODE_INVALID_ARGUMENT = 3,  /* what was asked is against the rules */
    ETCD_CODE_PERMISSION_DENIED = 7, /* for the user */
    ETCD_CODE_EXHAUSTED = 8,         /* the database is as large as it may be: what made it so is
                                      * done, though this is its answer */
    ETCD_CODE_OUT_OF_RANGE = 11,     /* the revision is compacted, or the member is behind it */
    ETCD_CODE_UNAUTHENTICATED = 16,
};

struct etcd_error {
    int code;       /* grpc-status, or ETCD_CODE_NONE */
    char text[256]; /* why, for people, with the member's name; no newline */
};

/* The head of who implements it. */
struct etcd_caller {
    /* Asks one member, and blocks until there is an end, for `timeout_ms` at most: finding the
     * member, connecting and proving who asks are part of it.  After ETCD_UNKNOWN the next call
     * goes to the next member, after the others to the same one.
     *
     * `request` is the protobuf message without a frame, and stays the caller's.  *response is
     * emptied first; it holds the message after ETCD_ANSWERED, and *error says why after the
     * others.  Code 16 is given only after a new proof did not help.  Whoever implements it has
     * something of its own that another thread may use to make a call return ETCD_UNKNOWN at once.
     */
    enum etcd_outcome (*call)(struct etcd_caller *self, enum etcd_method method,
                              const struct buffer *request, int64_t timeout_ms,
                              struct buffer *response, struct etcd_error *error);
};

#endif
