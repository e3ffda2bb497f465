/* How much of the history is left in etcd for others to copy.
 * Must not talk to anybody. */
#include "outbox.h"

static void drop_first(struct etcd_outbox *outbox)
{
    outbox->bytes -= outbox->sizes[outbox->first % ETCD_OUTBOX_ENTRIES];
    outbox->first++;
}

void etcd_outbox_add(struct etcd_outbox *outbox, uint64_t number, size_t size)
{
    if (outbox->last == 0)
        outbox->first = number;
    if (outbox->last != 0 && number - outbox->first >= ETCD_OUTBOX_ENTRIES)
        drop_first(outbox);
    outbox->sizes[number % ETCD_OUTBOX_ENTRIES] = (uint32_t)size;
    outbox->bytes += size;
    outbox->last = number;
    while (outbox->bytes > ETCD_OUTBOX_BYTES && outbox->first < number) {
        drop_first(outbox);
        outbox->cut = outbox->first;
    }
}

uint64_t etcd_outbox_floor(const struct etcd_outbox *outbox, uint64_t number)
{
    uint64_t by_count = number > ETCD_OUTBOX_ENTRIES ? number - ETCD_OUTBOX_ENTRIES : 0;
    uint64_t floor = by_count > outbox->cut ? by_count : outbox->cut;

    return number % ETCD_OUTBOX_EVERY == 0 && floor > 1 ? floor : 0;
}
