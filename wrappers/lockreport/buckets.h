/* The groups of a report in the making, and all together, and the memory that they take.  Pure. */
#ifndef FARMLOCK_LOCKREPORT_BUCKETS_H
#define FARMLOCK_LOCKREPORT_BUCKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/tree.h"
#include "bucket.h"

enum { BUCKETS_KNOWN = 8192 };

struct buckets {
    const struct frame *frame;
    struct tree tree;
    struct bucket *known[BUCKETS_KNOWN]; /* some of them, by bucket_hash() */
    struct bucket *all;                  /* all entries together; NULL before the first one */
    size_t bytes;
};

/* The frame must outlive them; it need not be complete before the first entry. */
void buckets_init(struct buckets *buckets, const struct frame *frame);

/* Forgets them all. */
void buckets_empty(struct buckets *buckets);

/* Finds one, or makes it with that capacity.  NULL with errno: ENOMEM; EFBIG, they take too much.
 */
struct bucket *buckets_find(struct buckets *buckets, const struct group_key *key, size_t capacity);

/* The one of all entries.  NULL as buckets_find(). */
struct bucket *buckets_all(struct buckets *buckets);

/* Counts an entry in one of them, as bucket_count().  Returns -1 with errno as buckets_find(). */
int buckets_count(struct buckets *buckets, struct bucket *bucket, const struct store_history *entry,
                  uint64_t number);

/* A report is worked out in memory, which a server that makes it up must not fill: takes that of
 * something else, too.  Returns -1 with errno EFBIG. */
int buckets_take_room(struct buckets *buckets, size_t bytes);
bool buckets_have_room(const struct buckets *buckets);

#endif
