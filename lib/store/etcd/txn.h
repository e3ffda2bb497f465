/* What is to change in etcd together, or not at all: of each key the last that was said of it, as
 * etcd refuses a transaction that names one twice.
 *
 * What one pass of a server has changed is such a set of its own, and as many of them as fit are
 * joined, whole, into the one that is sent.  Nothing here is about leaders and revisions.
 */
#ifndef FARMLOCK_STORE_ETCD_TXN_H
#define FARMLOCK_STORE_ETCD_TXN_H

#include <stdbool.h>
#include <stddef.h>

#include "wire.h"

/* What fits: less than etcd takes, as what guards and counts is added to it. */
enum { ETCD_TXN_OPS_MOST = 4000, ETCD_TXN_BYTES_MOST = 1024 * 1024 };

struct etcd_txn;

/* An empty one, for keys that all begin with `prefix`, which is copied.  NULL with errno ENOMEM.
 * NULL is allowed for destroy. */
struct etcd_txn *etcd_txn_create(const char *prefix);
void etcd_txn_destroy(struct etcd_txn *txn);

/* The key of this name, behind the prefix, is to have this value, or not to be there any more,
 * whatever was said of it before.  Copy what they need.  There is nothing to return: one that ran
 * out of memory does not fit. */
void etcd_txn_put(struct etcd_txn *txn, const char *name, const void *value, size_t len);
void etcd_txn_remove(struct etcd_txn *txn, const char *name);

/* Adds to what goes into the history with it, in one piece, in the order of these calls. */
void etcd_txn_add_history(struct etcd_txn *txn, const void *bytes, size_t len);

/* Whether it can be sent at all. */
bool etcd_txn_fits(const struct etcd_txn *txn);
bool etcd_txn_ran_out_of_memory(const struct etcd_txn *txn);

/* Says in `into` all that `from`, of the same prefix, says, as something later, and empties `from`.
 * Returns false, with both as they were, where that would not fit. */
bool etcd_txn_join(struct etcd_txn *into, struct etcd_txn *from);

/* Empties it. */
void etcd_txn_clear(struct etcd_txn *txn);

/* How many keys, and how many bytes they and the history take in a request, about. */
size_t etcd_txn_count(const struct etcd_txn *txn);
size_t etcd_txn_bytes(const struct etcd_txn *txn);

/* Writes all operations, by key, to `ops`, which has room for them; they point into the txn. */
void etcd_txn_list(const struct etcd_txn *txn, struct etcd_op *ops);
struct etcd_bytes etcd_txn_history(const struct etcd_txn *txn);

#endif
