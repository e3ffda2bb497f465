#!/usr/bin/env python3
"""Breaks what makes several lockerd over etcd one, in one place after the other, and sees a unit test fail.

Those that let an etcd that keeps its word be wrong about locks are found by the simulation alone, too;
the others cost a change of leaders, or time, or need an etcd that lies, and have a test of their own.
`make check-mutants`, and part of check-long.  Numbers as arguments choose some.
"""

import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from support import mutants

# What is broken, file, text, its replacement.
MUTANTS = (
    ("silence counts from the question that saw the last change", "claim.c", "        take_change(claim, sight, answered_ms);\n    if (sight->leader.layout",
     "        take_change(claim, sight, sent_ms);\n    if (sight->leader.layout"),
    ("silence counts to the answer", "claim.c", "sent_ms - claim->since_ms", "answered_ms - claim->since_ms"),
    ("what one member has is later, whatever it is", "claim.c", "sight->seq_revision > claim->seq_revision)", "true)"),
    ("what one member has is passed over", "replica_glance.c", "        etcd_claim_glance(&self->claim, &sight, now_ms);", "        (void)0;"),
    ("a look that fails takes all the time it could", "replica_glance.c", "ms < REPLICA_CALL_MS ? ms : REPLICA_CALL_MS", "REPLICA_CALL_MS"),
    ("looks that fail are given up as early the next time", "replica_glance.c", "        self->failed_looks++;\n", ""),
    ("heartbeats do not count", "claim.c", "                  sight->seq_revision != claim->seq_revision;",
     "                  sight->leader.term == UINT64_MAX;"),
    ("a leader that is silent later is not waited for longer", "claim.c", "(theirs > ours ? theirs : ours)", "ours"),
    ("all claim at once", "claim.c", " + claim->hesitation_ms;", ";"),
    ("who has resigned waits at later vacancies, too", "claim.c", " && claim->resigned_term == sight->leader.term", ""),
    ("who has resigned claims at once", "claim.c",
     "    if (claim->resigned_term != 0 && claim->resigned_term == sight->leader.term)\n        return false;\n", ""),
    ("tokens that were seen do not count", "claim.c", "           sight->seq.next_token < mark->next_token;", "           false;"),
    ("revisions that were seen do not count", "claim.c", "sight->revision < mark->revision ||", "false ||"),
    ("another etcd is gone on with", "claim.c", "    return sight->cluster_id != mark->cluster_id || sight->revision", "    return sight->revision"),
    ("another etcd that is accepted must have as many revisions", "claim.c", "    mark->revision = 0;", "    (void)0;"),
    ("another etcd takes the place of the mark", "claim.c", "    if (mark->cluster_id != cluster_id)\n        return;\n",
     "    mark->cluster_id = cluster_id;\n"),
    ("what is earlier is a mark", "claim.c", "    if (etcd_mark_is_above(mark, sight))\n        return;\n", ""),
    ("what others have accepted is none of ours", "claim.c", "    return sight->leader.accepted > mark->accepted &&", "    return false &&"),
    ("what others have accepted may have fewer tokens", "claim.c", " && sight->seq.next_token >= mark->next_token;", ";"),
    ("one look that sees what was is told of while another leads", "claim.c", "    return sight->cluster_id != claim->mark.cluster_id ||\n",
     "    return true ||\n"),
    ("an earlier state that another leads is never told of", "claim.c", "sent_ms - claim->earlier_since_ms >= claim->takeover_ms;", "false;"),
    ("who accepts does so for ever", "claim.c", "    if (is_new && !is_first && !is_earlier)\n        claim->accepts = false;\n", ""),
    ("who accepts has led what it sees first", "claim.c", "is_new && !is_first && !is_earlier", "is_new && !is_earlier"),
    ("the claim of another is taken for ours", "claim.c", "           strcmp(sight->leader.instance, claim->instance) == 0;",
     "           true;"),
    ("an older claim is taken for this one", "claim.c", "sight->leader.term == term &&\n           sight->seq.term == term &&", "true &&"),
    ("another transaction is taken for this one", "claim.c", "           sight->seq.n == n;", "           true;"),
    ("later layouts are gone on with", "claim.c", "sight->leader.layout > ETCD_LAYOUT ||", "false ||"),

    ("changes are not guarded by seq", "replica_lead.c", "self->epoch, self->last, ops,", "self->epoch, -1, ops,"),
    ("what is refused behind a lost copy is lost", "replica_lead.c",
     "    if (self->change.is_unsure)\n        return ETCD_EVENT_TROUBLE;\n", ""),
    ("a copy that was lost is forgotten", "replica_lead.c",
     "    if (outcome == ETCD_UNKNOWN) {\n        self->change.is_unsure = true;\n", "    if (outcome == ETCD_UNKNOWN) {\n"),
    ("numbers are used again", "replica_lead.c", "    self->change.is_there = false;\n    return self->change.is_commit ? ETCD_EVENT_FAILED",
     "    self->change.is_there = false;\n    self->n--;\n    return self->change.is_commit ? ETCD_EVENT_FAILED"),
    ("guards that did not hold confirm", "replica_lead.c", "    if (!answer->succeeded && is_ours &&\n", "    if (!answer->succeeded && is_ours ||\n"),
    ("another etcd confirms", "replica_lead.c", "bool is_ours = answer->cluster_id == self->sight.cluster_id;", "bool is_ours = true;"),
    ("what is confirmed is as young as its last copy", "replica.c",
     "if (topic == REPLICA_CHANGE && self->change.first_ms < 0)", "if (topic == REPLICA_CHANGE)"),
    ("counters begin anew", "replica_lead.c", "        self->claimed_seq.next_token,\n", "        0,\n"),
    ("what was counted and is not kept is a mark", "replica_lead.c", "self->last, self->change.next_token);",
     "self->last, self->counters.next_token);"),
    ("an earlier state is accepted again", "replica_lead.c", "    self->claim.accepts = false;\n", ""),
    ("what was accepted is not remembered", "replica_lead.c", "    if (self->claim.accepts)\n", "    if (false)\n"),
    ("a leader does not remember what it did", "replica_lead.c",
     "    etcd_mark_raise(&self->claim.mark, self->sight.cluster_id, self->last, self->change.next_token);\n", ""),
    ("heartbeats come late", "replica_lead.c", "first_ms + etcd_heartbeat_ms(self->who.takeover_ms)", "first_ms + self->who.takeover_ms"),
    ("heartbeats wait for rows", "replica.c", "if (self->change.is_there || is_before(self->heartbeat_at_ms, now_ms))",
     "if (self->change.is_there || (!self->rows.is_wanted && is_before(self->heartbeat_at_ms, now_ms)))"),
    ("the history's number stays", "replica_lead.c", "    self->history = change->history;\n", ""),
    ("the history begins anew with each leader", "replica_lead.c", "    self->history = self->claimed_seq.history;\n", "    self->history = 0;\n"),
    ("old history stays", "replica_lead.c", "    if (floor > 0)\n", "    if (false)\n"),
    ("nothing is compacted", "replica_lead.c", "self->is_to_compact = self->compacts &&", "self->is_to_compact = false &&"),
    ("what is others' is compacted", "replica_lead.c", "self->is_to_compact = self->compacts &&", "self->is_to_compact ="),
    ("counters go back", "replica.c", "own->next_token = replica_greater(own->next_token, counters->next_token);",
     "own->next_token = counters->next_token;"),

    ("what an earlier life has seen is not known", "replica.c", "    self->claim.mark = options->mark;\n", ""),
    ("a standby does not remember what it sees", "replica_stand.c", "        etcd_mark_see(&self->claim.mark, &self->sight);\n", "        (void)0;\n"),
    ("what is accepted is remembered before it is led", "replica_stand.c", "!self->is_kept_out && !self->claim.accepts", "!self->is_kept_out"),
    ("tokens go on where the copy has them", "replica_stand.c", "    if (self->claim.accepts)\n        begin_above_the_past(self);\n", ""),
    ("tokens go on below those that were seen", "replica_stand.c",
     "replica_greater(replica_greater(self->claimed_seq.next_token, mark->next_token), wall_ms)", "replica_greater(self->claimed_seq.next_token, wall_ms)"),
    ("what is accepted twice is accepted once", "replica_stand.c", "replica_greater(self->claimed.accepted + 1, wall_ms)", "wall_ms"),
    ("a claim that another etcd took is one", "replica_stand.c",
     "    if (succeeded && self->sight.cluster_id == self->claimed_cluster_id)\n", "    if (succeeded)\n"),
    ("a lost claim that another etcd has is one", "replica_stand.c",
     "    if (self->sight.cluster_id == self->claimed_cluster_id &&\n        etcd_claim_was_won", "    if (etcd_claim_was_won"),

    ("claims are not guarded by seq", "replica_stand.c",
     "self->sight.leader_revision,\n                              self->sight.seq_revision,", "self->sight.leader_revision, -1,"),
    ("a claim forgets the counters", "replica_stand.c", "    self->claimed_seq = sight->seq;\n", ""),
    ("a claim whose answer was lost is forgotten", "replica_stand.c",
     "    if (outcome == ETCD_UNKNOWN) {\n        self->role = REPLICA_CLAIMS;\n", "    if (outcome == ETCD_UNKNOWN) {\n"),
    ("every claim is won", "replica_stand.c", "    if (succeeded && self->sight.cluster_id == self->claimed_cluster_id)\n", "    if (true)\n"),
    ("each leader has a farm of its own", "replica_stand.c", "    if (sight->leader.cluster[0] != '\\0')\n", "    if (false)\n"),
    ("a claim is as young as its last copy", "replica_stand.c", "    if (self->change.first_ms < 0)\n        self->change.first_ms = self->sent_ms;",
     "    self->change.first_ms = self->sent_ms;"),
    ("looks are rare", "replica_stand.c", "self->sent_ms + etcd_look_every_ms(self->who.takeover_ms)", "self->sent_ms + self->who.takeover_ms"),
    ("one resigns for others", "replica_stand.c", "        strcmp(self->sight.leader.instance, self->who.instance) == 0) {", "        true) {"),
    ("a resignation whose answer was lost looks like a deposal", "replica_stand.c", "        succeeded || (self->sight", "        succeeded || false && (self->sight"),
    ("who has resigned forgets it", "replica_stand.c",
     "    replica_stand_by(self, now_ms, term);\n    return is_vacant", "    replica_stand_by(self, now_ms, 0);\n    return is_vacant"),

    ("pages overlap", "replica_read.c", "    buffer_add(&self->rows.from, \"\", 1); /* the least key behind it */\n", ""),
    ("there is one page", "replica_read.c", "    if (answer.more && telling.count > 0)\n", "    if (false)\n"),
    ("rows are read as any member has them", "replica_read.c", "rows->stage < 2 ? rows->revision : 0", "0"),
    ("rows of a member that is behind are taken", "replica_read.c", "           answer.revision < self->rows.revision;", "           false;"),
    ("a revision that is compacted is asked for for ever", "replica_read.c", "        self->rows.stage++;\n", ""),

    ("joined sets may be twice as large", "txn.c", "etcd_txn_count(from) > ETCD_TXN_OPS_MOST ||", "etcd_txn_count(from) > 2 * ETCD_TXN_OPS_MOST ||"),
    ("history has no size", "txn.c", "    return txn->bytes + txn->history.len;", "    return txn->bytes;"),
    ("joined history is lost", "txn.c", "    buffer_add(&into->history, from->history.data, from->history.len);\n", ""),
    ("too many operations stand side by side", "wire.c", "DIRECT_MOST = 100,", "DIRECT_MOST = 200,"),
    ("what must not be there is not compared", "wire.c",
     "        guard->than_case = ETCD__COMPARE__THAN_MOD_REVISION;\n",
     "        if (txn->guards[i].revision != 0)\n            guard->than_case = ETCD__COMPARE__THAN_MOD_REVISION;\n"),
    ("bytes do not limit the outbox", "outbox.c", "        outbox->cut = outbox->first;\n", ""),
    ("the outbox takes away what it does not know", "outbox.c", "number - ETCD_OUTBOX_ENTRIES : 0;", "number - ETCD_OUTBOX_ENTRIES : outbox->first;"),
)

# Tried one after the other until one fails: program, its environment.
TESTS = tuple((f"test_etcd_{name}", {}) for name in ("claim", "mark", "glance", "replica", "resign", "outbox", "txn", "wire")) + tuple(
    ("test_etcd_simulation", {"FARMLOCK_SEED": seed, "FARMLOCK_OPS": "999999"}) for seed in ("1", "2"))

OURS = ("claim", "outbox", "record", "replica", "replica_base", "replica_glance", "replica_lead", "replica_read",
        "replica_stand", "replica_watch", "txn", "wire")


def is_wanted(path):
    """What speaks to a network is not: nothing here needs one."""
    name = pathlib.PurePath(path)
    if path.startswith("lib/store/etcd/"):
        return name.stem in OURS
    return not path.startswith("tests/") or name.stem.startswith(("etcd_fixture", "etcd_keys", "etcd_model", "etcd_world"))


def generate(folder):
    """What protoc-c makes."""
    (folder / "generated").mkdir()
    subprocess.run(["protoc-c", f"--proto_path={folder}/lib", f"--c_out={folder}/generated",
                    f"{folder}/lib/store/etcd/etcd.proto"], check=True)


ROOM = mutants.Room("lib/store/etcd", "tests/unit/store_etcd", MUTANTS, TESTS, ("lib/base",), is_wanted,
                    ("-lprotobuf-c",), generate)

if __name__ == "__main__":
    sys.exit(mutants.main(ROOM))
