/* The bytes of etcd's messages: requests are put together, answers taken apart.
 *
 * Field numbers are in etcd.proto.  One transaction may have up to ETCD_OPS_MOST operations under
 * etcd's own limit of 128 (--max-txn-ops): what is longer than a few is told as transactions inside
 * the transaction, which are done together or not at all.  etcd lets an inner one have 128 less the
 * number of outer ones (etcd 3.4's server/etcdserver/api/v3rpc/key.go; measured, too).
 *
 * All but the reading of rows neither block nor keep anything.  What is told of an answer points
 * into memory that is gone when the function returns.
 */
#ifndef FARMLOCK_STORE_ETCD_WIRE_H
#define FARMLOCK_STORE_ETCD_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

enum {
    ETCD_OPS_MOST = 4096,            /* of a transaction */
    ETCD_REQUEST_MOST = 1536 * 1024, /* bytes of a request, etcd's --max-request-bytes */
    ETCD_VERSION_SIZE = 32,
    ETCD_ERRORS_SIZE = 256,
};

struct etcd_bytes {
    const void *data;
    size_t len;
};

/* What a string of C is to etcd. */
static inline struct etcd_bytes etcd_bytes_of(const char *text)
{
    return (struct etcd_bytes){text, strlen(text)};
}

/* requests */

enum etcd_op_kind {
    ETCD_PUT,
    ETCD_REMOVE,       /* what is not there is removed, too */
    ETCD_REMOVE_RANGE, /* all keys from the first up to, but without, the second */
};

struct etcd_op {
    enum etcd_op_kind kind;
    struct etcd_bytes key;
    struct etcd_bytes value; /* of a put; of a range the second key */
};

/* The key was last changed at this revision; 0: it is not there. */
struct etcd_guard {
    struct etcd_bytes key;
    int64_t revision;
};

/* Keys from the first up to, but without, the second. */
struct etcd_range {
    struct etcd_bytes first, end;
    int64_t limit;     /* so many at most; 0: any number */
    int64_t revision;  /* as it was then; 0: as it is */
    bool serializable; /* as the member that is asked has it, which may be behind */
};

/* The operations, if all guards hold; else nothing but a look.  No key may be in two operations. */
struct etcd_wire_txn {
    const struct etcd_guard *guards;
    size_t guard_count;
    const struct etcd_op *ops;
    size_t op_count;
    const struct etcd_range *look; /* or NULL */
};

/* Each of these empties *out first, and returns 0; or -1 with errno ENOMEM, or E2BIG for more than
 * ETCD_OPS_MOST operations or 16 guards. */
int etcd_wire_txn(struct buffer *out, const struct etcd_wire_txn *txn);
int etcd_wire_range(struct buffer *out, const struct etcd_range *range);
int etcd_wire_compact(struct buffer *out, int64_t revision);
int etcd_wire_status(struct buffer *out);
int etcd_wire_authenticate(struct buffer *out, const char *name, const char *password);

/* answers */

struct etcd_answer {
    uint64_t cluster_id, member_id;
    int64_t revision; /* of the whole of etcd, when it was answered; of a change, its own */
    bool succeeded;   /* the guards of a transaction held */
    bool more;        /* there are more rows than the limit */
};

struct etcd_row {
    struct etcd_bytes key, value;
    int64_t revision; /* of the key's last change */
};

/* Takes a row.  Returns -1 with errno to give up. */
typedef int etcd_row_fn(void *context, const struct etcd_row *row);

/* Read an answer, its rows after all else; those of a transaction are of its look.  *answer is
 * written before the first row.  `on_row` may be NULL.  Return 0; or -1 with errno EPROTO for bytes
 * that are no such message, or for which there is no memory, or that of `on_row`. */
int etcd_wire_read_txn(const struct buffer *in, struct etcd_answer *answer, etcd_row_fn *on_row,
                       void *context);
int etcd_wire_read_range(const struct buffer *in, struct etcd_answer *answer, etcd_row_fn *on_row,
                         void *context);

struct etcd_status {
    uint64_t cluster_id, member_id;
    uint64_t leader_id; /* the member that leads etcd; 0: none that this one knows of */
    char version[ETCD_VERSION_SIZE];
    int64_t bytes, bytes_in_use;   /* of the database; the second is 0 where it is not told */
    int64_t quota_bytes;           /* that the first may be; likewise */
    char errors[ETCD_ERRORS_SIZE]; /* alarms and the like, separated by "; " */
};

/* Returns -1 with errno EPROTO. */
int etcd_wire_read_status(const struct buffer *in, struct etcd_status *status);

/* Empties *token and writes what proves the user from now on, without a 0 behind it.  Returns -1
 * with errno EPROTO or ENOMEM. */
int etcd_wire_read_token(const struct buffer *in, struct buffer *token);

#endif
