/* Batches as changes of keys in etcd, and what is read from there as what a lock table had.
 *
 *   r/TICKET        a live request, 16 hexadecimal digits
 *   k/clock         the time line, see struct store_clock
 *   o/MACHINE       which boot of a machine has led last, see store_batch_host()
 *   u/KIND/NAME     seats that nobody is given
 *
 * The counters of tickets and tokens are the replica's.  Must be used by one thread at a time.
 */
#ifndef FARMLOCK_STORE_ETCD_BATCH_H
#define FARMLOCK_STORE_ETCD_BATCH_H

#include "base/buffer.h"
#include "batch.h"
#include "store/etcd/txn.h"
#include "store/etcd/wire.h"

/* Adds all that a batch says to a transaction; `scratch` is memory for values. */
void etcd_batch_add(struct etcd_txn *txn, const struct store_batch *batch, struct buffer *scratch);

/* Rows that were read, in the order of their keys.  All 0 is none. */
struct etcd_rows {
    struct etcd_kept_row {
        char *key;   /* without the prefix */
        char *value; /* ends with a NUL, behind the key in one piece of memory */
    } * items;
    size_t count, size;
};

/* Copies a row.  Returns -1 with errno ENOMEM. */
int etcd_rows_add(struct etcd_rows *rows, const struct etcd_row *row);
void etcd_rows_forget(struct etcd_rows *rows);

/* What else store_load() tells. */
struct etcd_rows_said {
    uint64_t next_ticket, next_token;
    int64_t now_ms;   /* of the time line, when a server did something last; 0: not known */
    const char *host; /* as store_batch_host() says it, of this machine */
};

/* Tells all rows, which are changed by that, as store_load() does. */
int etcd_rows_tell(struct etcd_rows *rows, const struct etcd_rows_said *said,
                   struct store_loader *loader, char error[STORE_ERROR_SIZE]);

/* Writes the name of the machine that a host is, which begins with it or is "-". */
void etcd_batch_machine(char *machine, size_t size, const char *host);

#endif
