/* When a lockerd may take over, and what the answers of etcd prove.
 * Must not ask for the time, and must not let a time decide what is true. */
#include "claim.h"

#include <string.h>

void etcd_claim_begin(struct etcd_claim *claim, uint64_t resigned_term)
{
    claim->leader_revision = claim->seq_revision = 0;
    claim->since_ms = claim->earlier_since_ms = -1;
    claim->resigned_term = resigned_term;
}

static bool was_accepted_since(const struct etcd_mark *mark, const struct etcd_sight *sight)
{
    return sight->leader.accepted > mark->accepted && sight->seq.next_token >= mark->next_token;
}

bool etcd_mark_is_above(const struct etcd_mark *mark, const struct etcd_sight *sight)
{
    if (mark->cluster_id == 0 || was_accepted_since(mark, sight))
        return false;
    return sight->cluster_id != mark->cluster_id || sight->revision < mark->revision ||
           sight->seq.next_token < mark->next_token;
}

void etcd_mark_begin(struct etcd_mark *mark, uint64_t cluster_id, uint64_t accepted)
{
    mark->cluster_id = cluster_id;
    mark->revision = 0; /* another etcd counts anew; tokens must not */
    mark->accepted = accepted;
}

void etcd_mark_raise(struct etcd_mark *mark, uint64_t cluster_id, int64_t revision,
                     uint64_t next_token)
{
    if (mark->cluster_id == 0)
        mark->cluster_id = cluster_id;
    if (mark->cluster_id != cluster_id)
        return;
    if (mark->revision < revision)
        mark->revision = revision;
    if (mark->next_token < next_token)
        mark->next_token = next_token;
}

void etcd_mark_see(struct etcd_mark *mark, const struct etcd_sight *sight)
{
    if (etcd_mark_is_above(mark, sight))
        return;
    if (was_accepted_since(mark, sight))
        etcd_mark_begin(mark, sight->cluster_id, sight->leader.accepted);
    etcd_mark_raise(mark, sight->cluster_id, sight->revision, sight->seq.next_token);
}

/* Whether nobody has to be waited for. */
static bool is_free(const struct etcd_claim *claim, const struct etcd_sight *sight)
{
    const char *instance = sight->leader.instance;

    if (claim->resigned_term != 0 && claim->resigned_term == sight->leader.term)
        return false;
    return sight->leader_revision == 0 || instance[0] == '\0' ||
           strcmp(instance, claim->instance) == 0;
}

/* Who leads says how long it is to be waited for, as it is that long silent before it knows. */
static int64_t patience_ms(const struct etcd_claim *claim, const struct etcd_sight *sight)
{
    int64_t theirs = sight->leader.takeover_ms, ours = claim->takeover_ms;

    return (theirs > ours ? theirs : ours) + claim->hesitation_ms;
}

/* Older versions of etcd may answer with what was, once, where a member was paused: while another
 * leads there is time to see whether it stays so. */
static bool is_certainly_earlier(struct etcd_claim *claim, const struct etcd_sight *sight,
                                 int64_t sent_ms, int64_t answered_ms)
{
    if (!etcd_mark_is_above(&claim->mark, sight)) {
        claim->earlier_since_ms = -1;
        return false;
    }
    if (claim->earlier_since_ms < 0)
        claim->earlier_since_ms = answered_ms;
    return sight->cluster_id != claim->mark.cluster_id ||
           sent_ms - claim->earlier_since_ms >= claim->takeover_ms;
}

int64_t etcd_claim_due_ms(const struct etcd_claim *claim, const struct etcd_sight *sight)
{
    return claim->since_ms + patience_ms(claim, sight);
}

static void take_change(struct etcd_claim *claim, const struct etcd_sight *sight,
                        int64_t answered_ms)
{
    claim->leader_revision = sight->leader_revision;
    claim->seq_revision = sight->seq_revision;
    claim->since_ms = answered_ms;
}

void etcd_claim_glance(struct etcd_claim *claim, const struct etcd_sight *sight,
                       int64_t answered_ms)
{
    if (claim->since_ms >= 0 && sight->leader_revision >= claim->leader_revision &&
        sight->seq_revision > claim->seq_revision)
        take_change(claim, sight, answered_ms);
}

enum etcd_verdict etcd_claim_see(struct etcd_claim *claim, const struct etcd_sight *sight,
                                 int64_t sent_ms, int64_t answered_ms)
{
    bool is_first = claim->since_ms < 0;
    bool is_new = is_first || sight->leader_revision != claim->leader_revision ||
                  sight->seq_revision != claim->seq_revision;
    bool is_certain = is_certainly_earlier(claim, sight, sent_ms, answered_ms);
    bool is_earlier = claim->earlier_since_ms >= 0;

    if (is_new && !is_first && !is_earlier)
        claim->accepts = false;
    if (is_new)
        take_change(claim, sight, answered_ms);
    if (sight->leader.layout > ETCD_LAYOUT || sight->seq.layout > ETCD_LAYOUT)
        return ETCD_LATER_LAYOUT;
    if (sight->is_damaged)
        return ETCD_DAMAGED;
    if (is_certain && !claim->accepts)
        return ETCD_EARLIER_STATE;
    if (!is_free(claim, sight) && (is_new || sent_ms - claim->since_ms < patience_ms(claim, sight)))
        return ETCD_WAIT;
    return is_earlier && !claim->accepts ? ETCD_EARLIER_STATE : ETCD_CLAIM;
}

bool etcd_claim_was_won(const struct etcd_claim *claim, const struct etcd_sight *sight,
                        uint64_t term)
{
    return sight->leader_revision > 0 && !sight->is_damaged && sight->leader.term == term &&
           sight->seq.term == term && sight->seq.n == 0 &&
           strcmp(sight->leader.instance, claim->instance) == 0;
}

bool etcd_claim_was_done(const struct etcd_sight *sight, int64_t epoch, uint64_t term, uint64_t n)
{
    return sight->leader_revision == epoch && !sight->is_damaged && sight->seq.term == term &&
           sight->seq.n == n;
}
