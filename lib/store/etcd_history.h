/* The history of a state in etcd: what has just ended stands there, for all servers to copy, and
 * all of it in a file of each.
 *
 * The file is a state file that has no locks in it, and remembers how far it has copied, and of
 * which farm, in place of a machine's name, in the same transaction as what was copied.  What could
 * not be copied is an entry of its own there, a hole.
 */
#ifndef FARMLOCK_STORE_ETCD_HISTORY_H
#define FARMLOCK_STORE_ETCD_HISTORY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "batch.h"
#include "store/etcd/txn.h"

struct etcd_history;

/* Opens the file that the options name, as store_open() does.  NULL is allowed for close. */
struct etcd_history *etcd_history_open(const struct store_options *options,
                                       char error[STORE_ERROR_SIZE]);
void etcd_history_close(struct etcd_history *self);

/* Adds what a batch says of it to a transaction; `scratch` is memory for values. */
void etcd_history_add(struct etcd_txn *txn, const struct store_batch *batch,
                      struct buffer *scratch);

/* Says which farm's history there is in etcd, by the id that clients know it by; when somebody has
 * had it go on with an earlier state, as in struct etcd_leader; and the last number of it.  To be
 * called before each page is asked for.  Where it is another farm's than what was copied, as etcd
 * was set up anew, copying begins again; where the number is less than what was copied, as etcd was
 * put back to an earlier time, it goes on there.  Where an earlier state was accepted since,
 * numbers behind that copy may have been given twice, and those that were copied already are not
 * again. */
void etcd_history_meet(struct etcd_history *self, const char *cluster, uint64_t accepted,
                       uint64_t number);

/* Takes a transaction's part from etcd.  Returns -1 with errno ENOMEM; what cannot be read is left
 * out. */
int etcd_history_take(struct etcd_history *self, uint64_t number, const void *bytes, size_t len);

/* The number of the last one that was taken. */
uint64_t etcd_history_last(const struct etcd_history *self);

/* A hole that was noted in the file. */
struct etcd_hole {
    const char *why;        /* a word of protocol/past.h */
    uint64_t count;         /* of transactions, each of which has an entry at least; 0: not known */
    int64_t from_ms, to_ms; /* what is missing ended between them */
};

/* Writes the last hole that was noted since the last call; false for none. */
bool etcd_history_hole(struct etcd_history *self, struct etcd_hole *hole);

/* The file, for its descriptor, progress, questions and answers: the caller's thread's. */
struct store *etcd_history_file(struct etcd_history *self);

#endif
