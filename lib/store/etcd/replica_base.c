/* Of a replica: keys, sights, pauses and errors.
 * Must not decide what is asked next. */
#include "replica_base.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct etcd_bytes replica_key(const struct etcd_replica *self, char key[REPLICA_KEY_SIZE],
                              const char *name)
{
    int len = snprintf(key, REPLICA_KEY_SIZE, "%s%s", self->prefix, name);

    return (struct etcd_bytes){key, (size_t)len};
}

void replica_range(const struct etcd_replica *self, struct replica_range *range, const char *first,
                   const char *end)
{
    range->range = (struct etcd_range){
        .first = replica_key(self, range->first, first),
        .end = replica_key(self, range->end, end),
    };
}

/* '0' is behind '/'. */
void replica_look_range(const struct etcd_replica *self, struct replica_range *range)
{
    replica_range(self, range, "0/", "00");
}

int replica_pack(const struct etcd_replica *self, struct buffer *out, int64_t leader_revision,
                 int64_t seq_revision, const struct etcd_op *ops, size_t op_count)
{
    char leader_key[REPLICA_KEY_SIZE], seq_key[REPLICA_KEY_SIZE];
    const struct etcd_guard guards[] = {
        {replica_key(self, leader_key, "0/leader"), leader_revision},
        {replica_key(self, seq_key, "0/seq"), seq_revision},
    };
    struct replica_range look;
    const struct etcd_wire_txn txn = {
        .guards = guards,
        .guard_count = seq_revision < 0 ? 1 : 2,
        .ops = ops,
        .op_count = op_count,
        .look = &look.range,
    };

    replica_look_range(self, &look);
    return etcd_wire_txn(out, &txn);
}

static bool is_named(const struct etcd_replica *self, struct etcd_bytes key, const char *name)
{
    size_t prefix_len = strlen(self->prefix), len = strlen(name);

    return key.len == prefix_len + len && memcmp(key.data, self->prefix, prefix_len) == 0 &&
           memcmp((const char *)key.data + prefix_len, name, len) == 0;
}

int replica_take_sight(void *context, const struct etcd_row *row)
{
    const struct replica_view *view = context;
    struct etcd_sight *sight = view->sight;

    if (is_named(view->replica, row->key, "0/leader")) {
        sight->leader_revision = row->revision;
        sight->is_damaged |= etcd_leader_read(row->value, &sight->leader) != 0;
    } else if (is_named(view->replica, row->key, "0/seq")) {
        sight->seq_revision = row->revision;
        sight->is_damaged |= etcd_seq_read(row->value, &sight->seq) != 0;
    }
    return 0;
}

void replica_pause(struct etcd_replica *self, int64_t now_ms, int64_t pause_ms)
{
    self->not_before_ms = now_ms + pause_ms;
}

enum etcd_event replica_not_understood(struct etcd_replica *self, int64_t now_ms)
{
    snprintf(self->error, sizeof self->error, "etcd's answer cannot be read (%s)", strerror(errno));
    replica_pause(self, now_ms, REPLICA_REFUSED_PAUSE_MS);
    return ETCD_EVENT_TROUBLE;
}

int64_t replica_patience_ms(const struct etcd_replica *self)
{
    int64_t half = self->who.takeover_ms / 2;

    return half < REPLICA_LONG_CALL_MS ? half : REPLICA_LONG_CALL_MS;
}

void replica_watch_anew(struct etcd_replica *self, int64_t now_ms)
{
    self->watch_topic = REPLICA_NOTHING;
    self->watch_at_ms = now_ms;
    self->watch.standby_count = 0;
}

void replica_stand_by(struct etcd_replica *self, int64_t now_ms, uint64_t resigned_term)
{
    self->role = REPLICA_STANDS_BY;
    self->is_to_claim = self->is_to_glance = false;
    self->failed_looks = 0;
    self->look_at_ms = now_ms;
    self->change.is_there = false;
    self->rows.is_wanted = false;
    replica_watch_anew(self, now_ms);
    atomic_store(&self->confirmed_ms, INT64_MIN);
    etcd_claim_begin(&self->claim, resigned_term);
}
