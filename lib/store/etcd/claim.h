/* When a lockerd may take over, and what the answers of etcd prove: pure, without clock and bytes.
 *
 * Who leads owns the revision of one key, and each of its transactions is guarded by that and by
 * the revision of the sequence key, so that one that was deposed can change nothing, nor can a late
 * copy of something that was repeated.  What is here decides how soon somebody claims, and never
 * what is true: a claim that comes too early, a clock that is wrong, a look that was stale cost a
 * change of leaders and no more.  There is no lease: one was seen to be kept and given to another
 * at the same time (M. Kleppmann, "How to do distributed locking", 2016, says why that must be).
 *
 * Times are milliseconds of one clock that goes on while a machine sleeps (CLOCK_BOOTTIME).
 */
#ifndef FARMLOCK_STORE_ETCD_CLAIM_H
#define FARMLOCK_STORE_ETCD_CLAIM_H

#include <stdbool.h>
#include <stdint.h>

#include "record.h"

/* What a look saw of the two keys, at one revision. */
struct etcd_sight {
    uint64_t cluster_id;                   /* etcd's */
    int64_t revision;                      /* of all of etcd */
    int64_t leader_revision, seq_revision; /* 0: the key is not there */
    bool is_damaged;                       /* a value that is none of ours */
    struct etcd_leader leader;
    struct etcd_seq seq;
};

/* The most that was ever seen: what has less was put back to an earlier time. */
struct etcd_mark {
    uint64_t cluster_id; /* etcd's; 0: nothing was seen */
    int64_t revision;
    uint64_t next_token;
};

/* How long a leader says nothing when nothing of its own is confirmed any more: less than it takes
 * another to claim. */
static inline int64_t etcd_mute_after_ms(int64_t takeover_ms)
{
    return takeover_ms * 7 / 10;
}

/* How often a standby looks. */
static inline int64_t etcd_look_every_ms(int64_t takeover_ms)
{
    return takeover_ms / 10 < 250 ? takeover_ms / 10 : 250;
}

/* How long a leader may send nothing. */
static inline int64_t etcd_heartbeat_ms(int64_t takeover_ms)
{
    return takeover_ms / 5;
}

enum etcd_verdict {
    ETCD_WAIT,          /* another leads, or may */
    ETCD_CLAIM,         /* with the revisions of this look */
    ETCD_LATER_LAYOUT,  /* a later version has led, which knows more than this one */
    ETCD_EARLIER_STATE, /* etcd was put back to an earlier time, or is another */
    ETCD_DAMAGED,       /* something else stands in the place of the keys */
};

struct etcd_claim {
    /* The caller's. */
    const char *instance;
    int64_t takeover_ms;
    int64_t hesitation_ms; /* is added, so that not all claim at once; 0 to takeover_ms / 10 */
    struct etcd_mark mark; /* all zero: nothing is known */

    /* What was seen first at this time: both 0 and since_ms below 0: nothing. */
    int64_t leader_revision, seq_revision, since_ms;
    uint64_t resigned_term; /* its own, whose vacancy is for others first; 0: none */
};

/* Begins to stand by, with nothing seen; 0, or the term in which it has resigned. */
void etcd_claim_begin(struct etcd_claim *claim, uint64_t resigned_term);

/* Takes a look that was sent, and answered, at these times. */
enum etcd_verdict etcd_claim_see(struct etcd_claim *claim, const struct etcd_sight *sight,
                                 int64_t sent_ms, int64_t answered_ms);

/* Takes what a member had by itself, which may be old: a change that is later than what was seen is
 * one, and proves nothing else. */
void etcd_claim_glance(struct etcd_claim *claim, const struct etcd_sight *sight,
                       int64_t answered_ms);

/* When a look is to be sent that may claim, where the last one, which saw that, had to wait. */
int64_t etcd_claim_due_ms(const struct etcd_claim *claim, const struct etcd_sight *sight);

/* Whether a claim of that term, of which nobody knows how it ended, was successful. */
bool etcd_claim_was_won(const struct etcd_claim *claim, const struct etcd_sight *sight,
                        uint64_t term);

/* Of a leader's transaction n whose guards did not hold: it was done before, by an earlier copy;
 * or else another leads, or did. */
bool etcd_claim_was_done(const struct etcd_sight *sight, int64_t epoch, uint64_t term, uint64_t n);

/* Keeps what is more than what was ever seen. */
void etcd_mark_raise(struct etcd_mark *mark, uint64_t cluster_id, int64_t revision,
                     uint64_t next_token);

#endif
