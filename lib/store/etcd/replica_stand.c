/* Of a replica that stands by: looks, claims, resignations.
 * Must not claim with other revisions than those of the look that allowed it. */
#include "replica_stand.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replica_base.h"
#include "replica_glance.h"
#include "replica_lead.h"

int replica_look_ask(struct etcd_replica *self)
{
    struct replica_range range;

    replica_look_range(self, &range);
    return etcd_wire_range(&self->request, &range.range);
}

/* Reads what a look, or the failed guards of a transaction, have seen.  Returns -1 with errno where
 * that cannot be read. */
static int read_sight(struct etcd_replica *self, const struct buffer *response, bool is_txn,
                      bool *succeeded)
{
    struct etcd_sight sight = {0};
    struct replica_view view = {self, &sight};
    struct etcd_answer answer;
    int result = is_txn ? etcd_wire_read_txn(response, &answer, replica_take_sight, &view)
                        : etcd_wire_read_range(response, &answer, replica_take_sight, &view);

    if (result != 0)
        return -1;
    sight.cluster_id = answer.cluster_id;
    sight.revision = answer.revision;
    *succeeded = answer.succeeded;
    if (answer.succeeded) {
        self->sight.cluster_id = answer.cluster_id;
        self->sight.revision = answer.revision;
    } else {
        self->sight = sight;
    }
    return 0;
}

static enum etcd_event keep_out(struct etcd_replica *self, const char *why)
{
    snprintf(self->error, sizeof self->error, "%s", why);
    return ETCD_EVENT_KEPT_OUT;
}

static enum etcd_event keep_out_of_earlier(struct etcd_replica *self)
{
    const struct etcd_mark *mark = &self->claim.mark;
    const struct etcd_sight *sight = &self->sight;

    snprintf(self->error, sizeof self->error,
             "etcd has %s than this lockerd has seen (cluster %" PRIx64 ", revision %" PRId64
             ", tokens below %" PRIu64 "; seen: cluster %" PRIx64 ", revision %" PRId64
             ", tokens below %" PRIu64 "); if it was restored from a copy, or is to begin anew, "
             "start one lockerd with --accept-older-state, once",
             sight->cluster_id == mark->cluster_id ? "an earlier state" : "another state",
             sight->cluster_id, sight->revision, sight->seq.next_token, mark->cluster_id,
             mark->revision, mark->next_token);
    return ETCD_EVENT_KEPT_OUT;
}

/* Takes what was seen by a question that was sent then. */
static enum etcd_event consider(struct etcd_replica *self, int64_t now_ms)
{
    enum etcd_verdict verdict = etcd_claim_see(&self->claim, &self->sight, self->sent_ms, now_ms);

    self->look_at_ms = self->sent_ms + etcd_look_every_ms(self->who.takeover_ms);
    if (verdict == ETCD_WAIT && etcd_claim_due_ms(&self->claim, &self->sight) < self->look_at_ms)
        self->look_at_ms = etcd_claim_due_ms(&self->claim, &self->sight);
    self->is_kept_out = verdict != ETCD_WAIT && verdict != ETCD_CLAIM;
    /* What is to be accepted is the mark when it is led, with tokens above the past; not before. */
    if (!self->is_kept_out && !self->claim.accepts)
        etcd_mark_see(&self->claim.mark, &self->sight);
    switch (verdict) {
    case ETCD_CLAIM:
        self->is_to_claim = true;
        break;
    case ETCD_LATER_LAYOUT:
        return keep_out(self, "a later version has led, whose state this one does not know: "
                              "install that version here");
    case ETCD_EARLIER_STATE:
        return keep_out_of_earlier(self);
    case ETCD_DAMAGED:
        return keep_out(self, "the keys 0/leader and 0/seq in etcd are not lockerd's: give this "
                              "farm a prefix of its own, or restore them");
    case ETCD_WAIT:
        break;
    }
    return ETCD_EVENT_NONE;
}

/* Of a claim whose end was not known. */
static enum etcd_event find_out(struct etcd_replica *self, int64_t now_ms)
{
    if (self->sight.cluster_id == self->claimed_cluster_id &&
        etcd_claim_was_won(&self->claim, &self->sight, self->claimed.term))
        return replica_lead(self, self->sight.leader_revision, self->sight.seq_revision);
    self->role = REPLICA_STANDS_BY;
    return consider(self, now_ms);
}

/* Of one that is to give up what it does not lead, as a dead one has left it. */
static enum etcd_event look_to_resign(struct etcd_replica *self, int64_t now_ms)
{
    if (self->sight.leader_revision != 0 && !self->sight.is_damaged &&
        strcmp(self->sight.leader.instance, self->who.instance) == 0) {
        self->resigned_epoch = self->sight.leader_revision;
        return ETCD_EVENT_NONE;
    }
    self->resigns = false;
    replica_stand_by(self, now_ms, self->sight.leader.term);
    return ETCD_EVENT_RESIGNED;
}

enum etcd_event replica_look_hear(struct etcd_replica *self, int64_t now_ms,
                                  enum etcd_outcome outcome, const struct buffer *response)
{
    bool succeeded;

    self->look_at_ms = now_ms;
    if (outcome != ETCD_ANSWERED)
        return replica_glance_next(self, outcome);
    replica_glance_not(self, now_ms);
    if (read_sight(self, response, false, &succeeded) != 0)
        return replica_not_understood(self, now_ms);
    if (self->resigns)
        return look_to_resign(self, now_ms);
    return self->role == REPLICA_CLAIMS ? find_out(self, now_ms) : consider(self, now_ms);
}

/* claims */

/* What was granted behind the copy nobody knows any more: numbers that were given since then are
 * not given again, as they are a count, or began at an earlier time in the same way. */
static void begin_above_the_past(struct etcd_replica *self)
{
    const struct etcd_mark *mark = &self->claim.mark;
    uint64_t wall_ms = (uint64_t)self->claimed.since_ms;

    self->claimed.accepted = replica_greater(self->claimed.accepted + 1, wall_ms);
    self->claimed_seq.next_ticket = replica_greater(self->claimed_seq.next_ticket, wall_ms);
    self->claimed_seq.next_token =
        replica_greater(replica_greater(self->claimed_seq.next_token, mark->next_token), wall_ms);
}

static void compose_claim(struct etcd_replica *self)
{
    const struct etcd_sight *sight = &self->sight;
    uint64_t term = sight->leader.term > sight->seq.term ? sight->leader.term : sight->seq.term;

    if (self->claimed.term != term + 1)
        self->change.first_ms = -1;
    self->claimed = self->who;
    self->claimed_cluster_id = sight->cluster_id;
    self->claimed.layout = ETCD_LAYOUT;
    self->claimed.term = term + 1;
    if (sight->leader.cluster[0] != '\0')
        memcpy(self->claimed.cluster, sight->leader.cluster, sizeof self->claimed.cluster);
    self->claimed.since_ms = self->wall_ms != NULL ? self->wall_ms(self->context) : 0;
    self->claimed_seq = sight->seq;
    self->claimed_seq.layout = ETCD_LAYOUT;
    self->claimed_seq.term = term + 1;
    self->claimed_seq.n = 0;
    /* A new farm counts from 1: 0 is none. */
    self->claimed_seq.next_ticket += self->claimed_seq.next_ticket == 0;
    self->claimed_seq.next_token += self->claimed_seq.next_token == 0;
    /* A lockerd of an earlier version that has led since does not know of it. */
    self->claimed.accepted = replica_greater(sight->leader.accepted, self->claim.mark.accepted);
    if (self->claim.accepts)
        begin_above_the_past(self);
}

/* The counters are as they were: whoever leads goes on counting, but behind an earlier state. */
int replica_claim_ask(struct etcd_replica *self)
{
    char leader_key[REPLICA_KEY_SIZE], seq_key[REPLICA_KEY_SIZE], boot_key[REPLICA_KEY_SIZE];
    char machine[ETCD_NAME_SIZE + 2];
    struct buffer seq = {0};
    int result = -1;

    compose_claim(self);
    snprintf(machine, sizeof machine, "m/%s", self->machine);
    etcd_leader_write(&self->claimed, &self->text);
    etcd_seq_write(&self->claimed_seq, &seq);
    if (!self->text.failed && !seq.failed) {
        const struct etcd_op ops[] = {
            {ETCD_PUT,
             replica_key(self, leader_key, "0/leader"),
             {self->text.data, self->text.len}},
            {ETCD_PUT, replica_key(self, seq_key, "0/seq"), {seq.data, seq.len}},
            {ETCD_PUT, replica_key(self, boot_key, machine), {self->boot.data, self->boot.len}},
        };

        result = replica_pack(self, &self->request, self->sight.leader_revision,
                              self->sight.seq_revision, ops, sizeof ops / sizeof ops[0]);
    }
    buffer_fini(&seq);
    return result;
}

enum etcd_event replica_claim_hear(struct etcd_replica *self, int64_t now_ms,
                                   enum etcd_outcome outcome, const struct buffer *response)
{
    bool succeeded = false;

    self->is_to_claim = false;
    self->look_at_ms = now_ms;
    if (self->change.first_ms < 0)
        self->change.first_ms = self->sent_ms;
    if (outcome == ETCD_REFUSED)
        return ETCD_EVENT_TROUBLE;
    if (outcome == ETCD_UNKNOWN) {
        self->role = REPLICA_CLAIMS;
        return ETCD_EVENT_TROUBLE;
    }
    if (read_sight(self, response, true, &succeeded) != 0) {
        self->role = REPLICA_CLAIMS;
        return replica_not_understood(self, now_ms);
    }
    /* The same revisions may be those of another etcd, which was restored from a copy. */
    if (succeeded && self->sight.cluster_id == self->claimed_cluster_id)
        return replica_lead(self, self->sight.revision, self->sight.revision);
    return find_out(self, now_ms);
}

/* resignation */

int replica_resign_ask(struct etcd_replica *self)
{
    struct etcd_leader vacant = self->sight.leader;
    char leader_key[REPLICA_KEY_SIZE];
    struct etcd_op op = {ETCD_PUT, replica_key(self, leader_key, "0/leader"), {NULL, 0}};

    vacant.instance[0] = '\0';
    etcd_leader_write(&vacant, &self->text);
    if (self->text.failed)
        return -1;
    op.value = (struct etcd_bytes){self->text.data, self->text.len};
    return replica_pack(self, &self->request, self->resigned_epoch, -1, &op, 1);
}

/* Where the guard did not hold, an earlier copy has done it, or another leads. */
static enum etcd_event judge_resignation(struct etcd_replica *self, int64_t now_ms, bool succeeded,
                                         uint64_t term)
{
    bool led = self->role == REPLICA_LEADS;
    bool is_vacant =
        succeeded || (self->sight.leader.instance[0] == '\0' && self->sight.leader.term == term);

    self->resigns = false;
    replica_stand_by(self, now_ms, term);
    return is_vacant || !led ? ETCD_EVENT_RESIGNED : ETCD_EVENT_DEPOSED;
}

enum etcd_event replica_resign_hear(struct etcd_replica *self, int64_t now_ms,
                                    enum etcd_outcome outcome, const struct buffer *response)
{
    uint64_t term = self->sight.leader.term;
    struct etcd_leader ours = self->sight.leader;
    bool succeeded = false;

    if (outcome != ETCD_ANSWERED)
        return ETCD_EVENT_TROUBLE;
    if (read_sight(self, response, true, &succeeded) != 0)
        return replica_not_understood(self, now_ms);
    if (succeeded) {
        self->sight.leader = ours;
        self->sight.leader.instance[0] = '\0';
        self->sight.leader_revision = self->sight.revision;
    }
    return judge_resignation(self, now_ms, succeeded, term);
}
