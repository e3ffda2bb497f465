/* The two keys that all lockerd of a farm share: who leads, and how far it is.
 *
 * `0/leader` is written when one takes over and when it resigns, and its revision is the leader's
 * right to write.  `0/seq` is in every transaction of a leader: it is what the next one is guarded
 * by, the heartbeat, the counters and the clock in one.  Both are text that begins with the number
 * of the layout, for etcdctl(1) at night; a word that is not known is passed over.
 */
#ifndef FARMLOCK_STORE_ETCD_RECORD_H
#define FARMLOCK_STORE_ETCD_RECORD_H

#include <stdint.h>

#include "wire.h"

enum {
    ETCD_LAYOUT = 1,
    ETCD_ID_SIZE = 33, /* 128 random bits in hexadecimal */
    ETCD_NAME_SIZE = 256,
    ETCD_LISTENS_SIZE = 512,
};

struct etcd_leader {
    uint64_t layout;
    uint64_t term;                   /* how many have led, this one included */
    char instance[ETCD_ID_SIZE];     /* of a lockerd and its restarts; "": nobody leads */
    char cluster[ETCD_ID_SIZE];      /* of the farm: what clients know it by */
    char host[ETCD_NAME_SIZE];       /* where it runs */
    char listens[ETCD_LISTENS_SIZE]; /* where it is to be found, for people */
    char version[ETCD_NAME_SIZE];    /* lockerd's */
    int64_t since_ms;                /* when it took over, by its wall clock */
    int64_t takeover_ms;             /* how long others wait for a heartbeat of it */
    uint64_t accepted; /* when somebody had it go on with an earlier state for the last time: a
                        * number that only grows; 0: never */
};

struct etcd_seq {
    uint64_t layout;
    uint64_t term, n; /* transactions of a term are counted from 0, which is the claim */
    uint64_t next_ticket, next_token;
    int64_t now_ms;   /* the lock table's time */
    uint64_t history; /* the number of the last entry that was put into the history */
};

/* Empty *out first; a failure is kept in out->failed. */
void etcd_leader_write(const struct etcd_leader *leader, struct buffer *out);
void etcd_seq_write(const struct etcd_seq *seq, struct buffer *out);

/* Return -1 with errno EPROTO for what is no such value, or where there is no memory.  Of a later
 * layout the number is read, and of the rest what is there. */
int etcd_leader_read(struct etcd_bytes value, struct etcd_leader *leader);
int etcd_seq_read(struct etcd_bytes value, struct etcd_seq *seq);

#endif
