/* A group of a report in the making.  Pure. */
#ifndef FARMLOCK_LOCKREPORT_BUCKET_H
#define FARMLOCK_LOCKREPORT_BUCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/tree.h"
#include "occupancy.h"
#include "parts.h"
#include "report.h"
#include "tally.h"

/* What a group is about. */
struct group_key {
    const char *name;
    bool is_proven; /* it is the user `uid`, whatever the name */
    uint32_t uid;
};

/* What a report is about. */
struct frame {
    struct span time;
    struct parts parts; /* none: nobody asked */
};

/* A group in the making. */
struct bucket {
    struct tree_node node; /* by key */
    struct group_key key;
    char *name;
    const struct frame *frame;
    size_t capacity;
    struct occupancy occupancy;
    struct tally holds, waits;
    int64_t busy_ms;
    double slots[REPORT_SLOTS];
    double *held_ms, *waiting_ms; /* in each part of the time; NULL where it has none */
    bool is_used;                 /* something of it is within the time */
    size_t granted, granted_late; /* within the time: all, and those that had to wait */
    size_t refused, left;
    uint64_t last_entry; /* the last entry that was counted, for entries of several locks */
    int64_t last_granted_ms;
    uint64_t last_token; /* the last grant whose wait was counted, for grants of several locks */
};

/* In the order of their keys. */
int bucket_compare(const struct tree_node *a, const struct tree_node *b);

/* A hash of the key, and whether it is the bucket's. */
size_t bucket_hash(const struct group_key *key);
bool bucket_is_of(const struct bucket *bucket, const struct group_key *key);

/* Copies the key; the frame must outlive it.  NULL with errno ENOMEM. */
struct bucket *bucket_create(const struct group_key *key, const struct frame *frame,
                             size_t capacity);
void bucket_destroy(struct bucket *bucket);

/* Counts an entry, which is the `number`th of all, from 1 on: in the order of their ends, the last
 * one first.  A request that names several locks of the group counts once.  Returns -1 with errno
 * ENOMEM. */
int bucket_count(struct bucket *bucket, const struct store_history *entry, uint64_t number);

/* The memory that it takes, but for its name. */
size_t bucket_bytes(const struct bucket *bucket);

/* Writes all of a group's figures, but for its name and its share, once all is counted.  The
 * group gets the bucket's parts.  Returns -1 with errno ENOMEM. */
int bucket_work_out(struct bucket *bucket, struct report_group *group);

#endif
