/* Of a replica that leads: commits, heartbeats, compaction.
 * Must not take anything for confirmed that the guards did not confirm. */
#include "replica_lead.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replica_base.h"
#include "replica_read.h"

enum {
    COMPACT_CHANGES = 1000,
    COMPACT_MS = 5 * 60 * 1000,
    COMPACT_LEAVES = 1000, /* revisions, for a standby that loads what was just now */
    HISTORY_NAME_SIZE = 24,
    OWN_OPS = 3, /* that go with a change, at most */
};

static void note_confirmed(struct etcd_replica *self, int64_t first_ms)
{
    self->heartbeat_at_ms = first_ms + etcd_heartbeat_ms(self->who.takeover_ms);
    atomic_store(&self->confirmed_ms, first_ms);
    etcd_mark_raise(&self->claim.mark, self->sight.cluster_id, self->last, self->change.next_token);
}

enum etcd_event replica_lead(struct etcd_replica *self, int64_t epoch, int64_t last)
{
    self->role = REPLICA_LEADS;
    self->epoch = epoch;
    self->last = last;
    self->n = 0;
    self->sight.leader = self->claimed;
    self->sight.seq = self->claimed_seq;
    self->sight.leader_revision = epoch;
    self->sight.seq_revision = last;
    self->counters = (struct etcd_counters){
        self->claimed_seq.next_ticket,
        self->claimed_seq.next_token,
        self->claimed_seq.now_ms,
    };
    self->history = self->claimed_seq.history;
    memset(&self->outbox, 0, sizeof self->outbox);
    self->changes_to_compact = 0;
    self->compact_at_ms = self->change.first_ms + COMPACT_MS;
    self->is_to_compact = false;
    self->change.is_there = false;
    self->change.next_token = self->counters.next_token;
    if (self->claim.accepts)
        etcd_mark_begin(&self->claim.mark, self->sight.cluster_id, self->claimed.accepted);
    self->claim.accepts = false;
    note_confirmed(self, self->change.first_ms);
    replica_watch_anew(self, self->change.first_ms);
    replica_rows_begin(self);
    return ETCD_EVENT_LEADS;
}

/* The keys of what goes with a change. */
struct own_ops {
    char seq_key[REPLICA_KEY_SIZE], history_key[REPLICA_KEY_SIZE];
    struct replica_range old;
};

static struct etcd_op history_op(const struct etcd_replica *self, struct own_ops *own,
                                 struct etcd_bytes history)
{
    char name[HISTORY_NAME_SIZE];

    snprintf(name, sizeof name, "h/%016" PRIx64, self->change.history);
    return (struct etcd_op){ETCD_PUT, replica_key(self, own->history_key, name), history};
}

static struct etcd_op old_history_op(const struct etcd_replica *self, struct own_ops *own,
                                     uint64_t floor)
{
    char name[HISTORY_NAME_SIZE];

    snprintf(name, sizeof name, "h/%016" PRIx64, floor);
    replica_range(self, &own->old, "h/", name);
    return (struct etcd_op){ETCD_REMOVE_RANGE, own->old.range.first, own->old.range.end};
}

/* Returns how many there are. */
static size_t add_own_ops(struct etcd_replica *self, struct own_ops *own, struct etcd_op *ops,
                          struct etcd_bytes history)
{
    struct etcd_seq seq = {
        .layout = ETCD_LAYOUT,
        .term = self->claimed.term,
        .n = self->n,
        .next_ticket = self->counters.next_ticket,
        .next_token = self->counters.next_token,
        .now_ms = self->counters.now_ms,
        .history = self->change.history,
    };
    size_t count = 0;
    uint64_t floor = 0;

    etcd_seq_write(&seq, &self->text);
    ops[count++] = (struct etcd_op){
        ETCD_PUT, replica_key(self, own->seq_key, "0/seq"), {self->text.data, self->text.len}};
    if (history.len > 0) {
        ops[count++] = history_op(self, own, history);
        floor = etcd_outbox_floor(&self->outbox, self->change.history);
    }
    if (floor > 0)
        ops[count++] = old_history_op(self, own, floor);
    return count;
}

static int pack_change(struct etcd_replica *self, const struct etcd_txn *changes)
{
    size_t op_count = changes != NULL ? etcd_txn_count(changes) : 0, count;
    struct etcd_bytes history = {NULL, 0};
    struct etcd_op *ops = calloc(op_count + OWN_OPS, sizeof *ops);
    struct own_ops own;
    int result;

    if (ops == NULL)
        return -1;
    if (changes != NULL)
        history = etcd_txn_history(changes);
    self->change.history = self->history + (history.len > 0);
    self->change.history_bytes = history.len;
    self->change.next_token = self->counters.next_token;
    count = add_own_ops(self, &own, ops, history);
    if (changes != NULL)
        etcd_txn_list(changes, ops + count);
    result =
        replica_pack(self, &self->change.request, self->epoch, self->last, ops, count + op_count);
    free(ops);
    return result;
}

/* A number is never used again, also where etcd says that nothing was done. */
int replica_change_prepare(struct etcd_replica *self, const struct etcd_txn *changes,
                           bool is_commit)
{
    self->n++;
    if (pack_change(self, changes) != 0)
        return -1;
    self->change.is_there = true;
    self->change.is_commit = is_commit;
    self->change.is_unsure = false;
    self->change.first_ms = -1;
    return 0;
}

static enum etcd_event refuse_change(struct etcd_replica *self)
{
    /* Not this copy; but one before may be done yet. */
    if (self->change.is_unsure)
        return ETCD_EVENT_TROUBLE;
    self->change.is_there = false;
    return self->change.is_commit ? ETCD_EVENT_FAILED : ETCD_EVENT_TROUBLE;
}

static enum etcd_event confirm_change(struct etcd_replica *self, int64_t now_ms, int64_t revision)
{
    struct replica_change *change = &self->change;

    self->last = revision;
    change->is_there = false;
    if (change->history_bytes > 0)
        etcd_outbox_add(&self->outbox, change->history, change->history_bytes);
    self->history = change->history;
    self->history_waits = false;
    note_confirmed(self, change->first_ms);
    if (++self->changes_to_compact >= COMPACT_CHANGES || now_ms >= self->compact_at_ms)
        self->is_to_compact = self->compacts && self->last > COMPACT_LEAVES;
    return change->is_commit ? ETCD_EVENT_COMMITTED : ETCD_EVENT_NONE;
}

static enum etcd_event be_deposed(struct etcd_replica *self, int64_t now_ms)
{
    snprintf(self->error, sizeof self->error, "another lockerd leads, at %s",
             self->sight.leader.host[0] != '\0' ? self->sight.leader.host : "a host unknown");
    replica_stand_by(self, now_ms, 0);
    return ETCD_EVENT_DEPOSED;
}

/* What the guards say is judged by what was seen at the same revision. */
static enum etcd_event judge(struct etcd_replica *self, int64_t now_ms,
                             const struct etcd_answer *answer, struct etcd_sight *sight)
{
    bool is_ours = answer->cluster_id == self->sight.cluster_id;

    if (answer->succeeded && is_ours && answer->revision > self->last)
        return confirm_change(self, now_ms, answer->revision);
    if (!answer->succeeded && is_ours &&
        etcd_claim_was_done(sight, self->epoch, self->claimed.term, self->n))
        return confirm_change(self, now_ms, sight->seq_revision);
    sight->cluster_id = answer->cluster_id;
    sight->revision = answer->revision;
    self->sight = *sight;
    return be_deposed(self, now_ms);
}

enum etcd_event replica_change_hear(struct etcd_replica *self, int64_t now_ms,
                                    enum etcd_outcome outcome, const struct buffer *response)
{
    struct etcd_sight sight = {0};
    struct replica_view view = {self, &sight};
    struct etcd_answer answer;

    if (outcome == ETCD_REFUSED)
        return refuse_change(self);
    if (outcome == ETCD_UNKNOWN) {
        self->change.is_unsure = true;
        return ETCD_EVENT_TROUBLE;
    }
    if (etcd_wire_read_txn(response, &answer, replica_take_sight, &view) != 0) {
        self->change.is_unsure = true;
        return replica_not_understood(self, now_ms);
    }
    return judge(self, now_ms, &answer, &sight);
}

int replica_compact_ask(struct etcd_replica *self)
{
    return etcd_wire_compact(&self->request, self->last - COMPACT_LEAVES);
}

/* However it ended: the next one takes what this has left. */
void replica_compact_hear(struct etcd_replica *self, int64_t now_ms)
{
    self->is_to_compact = false;
    self->changes_to_compact = 0;
    self->compact_at_ms = now_ms + COMPACT_MS;
    replica_pause(self, now_ms, 0); /* changes wait */
}
