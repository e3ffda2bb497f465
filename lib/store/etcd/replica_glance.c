/* Of a replica that stands by: how long it waits for a look, and what it does where one has failed.
 * Must not take what one member has by itself for what is so now. */
#include "replica_glance.h"

#include "replica_base.h"

enum {
    LOOK_LEAST_MS = 250, /* a machine that is busy for a moment is no dead one */
    LOOK_PATIENCE = 8,   /* times what the last one took */
    DOUBLED_MOST = 2,
};

/* It has seen who leads, and waits for the end of that. */
static bool is_watching(const struct etcd_replica *self)
{
    return self->role == REPLICA_STANDS_BY && !self->resigns && self->sight.revision != 0;
}

/* A look that waits is time in which no other member is asked: short at first, and longer where
 * that was too short. */
int64_t replica_look_timeout_ms(const struct etcd_replica *self)
{
    int64_t ms = self->who.takeover_ms / 20;

    if (!is_watching(self))
        return REPLICA_CALL_MS;
    if (ms < LOOK_PATIENCE * self->look_took_ms)
        ms = LOOK_PATIENCE * self->look_took_ms;
    if (ms < LOOK_LEAST_MS)
        ms = LOOK_LEAST_MS;
    ms <<= self->failed_looks < DOUBLED_MOST ? self->failed_looks : DOUBLED_MOST;
    return ms < REPLICA_CALL_MS ? ms : REPLICA_CALL_MS;
}

enum etcd_event replica_glance_next(struct etcd_replica *self, enum etcd_outcome outcome)
{
    bool is_first = self->failed_looks == 0;

    if (outcome != ETCD_UNKNOWN || !is_watching(self))
        return ETCD_EVENT_TROUBLE;
    if (self->failed_looks < DOUBLED_MOST)
        self->failed_looks++;
    self->is_to_glance = true;
    return is_first ? ETCD_EVENT_IDLE : ETCD_EVENT_TROUBLE;
}

void replica_glance_not(struct etcd_replica *self, int64_t now_ms)
{
    self->failed_looks = 0;
    self->is_to_glance = false;
    self->look_took_ms = now_ms - self->sent_ms;
}

int replica_glance_ask(struct etcd_replica *self)
{
    struct replica_range range;

    replica_look_range(self, &range);
    range.range.serializable = true;
    return etcd_wire_range(&self->request, &range.range);
}

enum etcd_event replica_glance_hear(struct etcd_replica *self, int64_t now_ms,
                                    enum etcd_outcome outcome, const struct buffer *response)
{
    struct etcd_sight sight = {0};
    struct replica_view view = {self, &sight};
    struct etcd_answer answer;

    self->is_to_glance = false;
    if (outcome != ETCD_ANSWERED)
        return ETCD_EVENT_TROUBLE;
    if (etcd_wire_read_range(response, &answer, replica_take_sight, &view) != 0)
        return replica_not_understood(self, now_ms);
    self->look_at_ms = self->sent_ms + etcd_look_every_ms(self->who.takeover_ms);
    if (answer.cluster_id == self->sight.cluster_id)
        etcd_claim_glance(&self->claim, &sight, now_ms);
    return ETCD_EVENT_IDLE;
}
