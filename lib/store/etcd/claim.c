/* When a lockerd may take over, and what the answers of etcd prove.
 * Must not ask for the time, and must not let a time decide what is true. */
#include "claim.h"

#include <string.h>

void etcd_claim_begin(struct etcd_claim *claim, uint64_t resigned_term)
{
    claim->leader_revision = claim->seq_revision = 0;
    claim->since_ms = -1;
    claim->resigned_term = resigned_term;
}

void etcd_mark_raise(struct etcd_mark *mark, uint64_t cluster_id, int64_t revision,
                     uint64_t next_token)
{
    if (mark->cluster_id != cluster_id) {
        mark->cluster_id = cluster_id;
        mark->revision = 0; /* another etcd counts anew; tokens must not */
    }
    if (mark->revision < revision)
        mark->revision = revision;
    if (mark->next_token < next_token)
        mark->next_token = next_token;
}

static bool is_earlier(const struct etcd_mark *mark, const struct etcd_sight *sight)
{
    return sight->seq.next_token < mark->next_token ||
           (sight->cluster_id == mark->cluster_id && sight->revision < mark->revision);
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
    bool is_new = claim->since_ms < 0 || sight->leader_revision != claim->leader_revision ||
                  sight->seq_revision != claim->seq_revision;

    if (is_new)
        take_change(claim, sight, answered_ms);
    if (sight->leader.layout > ETCD_LAYOUT || sight->seq.layout > ETCD_LAYOUT)
        return ETCD_LATER_LAYOUT;
    if (sight->is_damaged)
        return ETCD_DAMAGED;
    if (!is_free(claim, sight) && (is_new || sent_ms - claim->since_ms < patience_ms(claim, sight)))
        return ETCD_WAIT;
    return is_earlier(&claim->mark, sight) ? ETCD_EARLIER_STATE : ETCD_CLAIM;
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
