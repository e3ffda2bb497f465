/* How much of the history is left in etcd for others to copy: so many entries, and so many bytes.
 */
#ifndef FARMLOCK_STORE_ETCD_OUTBOX_H
#define FARMLOCK_STORE_ETCD_OUTBOX_H

#include <stddef.h>
#include <stdint.h>

enum {
    ETCD_OUTBOX_ENTRIES = 10000,
    ETCD_OUTBOX_BYTES = 64 * 1024 * 1024,
    ETCD_OUTBOX_EVERY = 100, /* entries behind which old ones are taken away */
};

/* All zero knows nothing, and takes what was there before for empty. */
struct etcd_outbox {
    uint32_t sizes[ETCD_OUTBOX_ENTRIES]; /* of number % ETCD_OUTBOX_ENTRIES */
    uint64_t first, last;                /* numbers that it knows; both 0: none */
    size_t bytes;
    uint64_t cut; /* the first that stays for its bytes, and those before it; 0: all do */
};

/* An entry of that number, one more than the last one, and size was put into the history. */
void etcd_outbox_add(struct etcd_outbox *outbox, uint64_t number, size_t size);

/* The number of the first entry that is to stay, where the next number is `number`; 0 where nothing
 * is to be taken away with it. */
uint64_t etcd_outbox_floor(const struct etcd_outbox *outbox, uint64_t number);

#endif
