/* Of a replica: how etcd is, who stands by, and that this one does.
 * Must not decide who leads, nor hold up who does. */
#include "replica_watch.h"

#include <stdio.h>
#include <string.h>

#include "replica_base.h"

enum {
    GONE_AFTER = 3, /* times that it takes to take over, without a sign */
    STANDBY_NAME_SIZE = ETCD_ID_SIZE + 2,
};

enum replica_topic replica_watch_topic(const struct etcd_replica *self, int64_t now_ms)
{
    if (!self->watches || self->watch_topic != REPLICA_NOTHING)
        return self->watch_topic;
    return self->watch_at_ms <= now_ms ? REPLICA_STATUS : REPLICA_NOTHING;
}

enum etcd_method replica_watch_method(enum replica_topic topic)
{
    if (topic == REPLICA_STATUS)
        return ETCD_STATUS;
    return topic == REPLICA_STANDBYS ? ETCD_RANGE : ETCD_TXN;
}

int64_t replica_watch_timeout_ms(const struct etcd_replica *self)
{
    int64_t heartbeat_ms = etcd_heartbeat_ms(self->who.takeover_ms);

    return heartbeat_ms < REPLICA_CALL_MS ? heartbeat_ms : REPLICA_CALL_MS;
}

/* questions */

static struct etcd_bytes standby_key(const struct etcd_replica *self, char key[REPLICA_KEY_SIZE],
                                     const char *instance)
{
    char name[STANDBY_NAME_SIZE];

    snprintf(name, sizeof name, "c/%s", instance);
    return replica_key(self, key, name);
}

/* Without a guard, as nobody decides anything by it. */
static int ask_to_show(struct etcd_replica *self)
{
    struct etcd_leader shown = self->who;
    char key[REPLICA_KEY_SIZE];
    struct etcd_op op = {ETCD_PUT, standby_key(self, key, shown.instance), {NULL, 0}};
    const struct etcd_wire_txn txn = {.ops = &op, .op_count = 1};

    shown.layout = ETCD_LAYOUT;
    shown.cluster[0] = '\0';
    shown.since_ms = self->wall_ms != NULL ? self->wall_ms(self->context) : 0;
    etcd_leader_write(&shown, &self->text);
    if (self->text.failed)
        return -1;
    op.value = (struct etcd_bytes){self->text.data, self->text.len};
    return etcd_wire_txn(&self->request, &txn);
}

static int ask_for_standbys(struct etcd_replica *self)
{
    struct replica_range range;

    replica_range(self, &range, "c/", "c0");
    range.range.limit = ETCD_STANDBYS_MOST;
    return etcd_wire_range(&self->request, &range.range);
}

static int ask_to_tidy(struct etcd_replica *self)
{
    char keys[ETCD_STANDBYS_MOST][REPLICA_KEY_SIZE];
    struct etcd_op ops[ETCD_STANDBYS_MOST];
    size_t count = 0;

    for (size_t i = 0; i < self->watch.standby_count; i++) {
        const struct etcd_standby *standby = &self->watch.standbys[i];

        if (!standby->is_gone)
            continue;
        ops[count] = (struct etcd_op){
            ETCD_REMOVE, standby_key(self, keys[count], standby->who.instance), {NULL, 0}};
        count++;
    }
    return replica_pack(self, &self->request, self->epoch, -1, ops, count);
}

int replica_watch_ask(struct etcd_replica *self, enum replica_topic topic)
{
    switch (topic) {
    case REPLICA_STATUS:
        return etcd_wire_status(&self->request);
    case REPLICA_SHOW:
        return ask_to_show(self);
    case REPLICA_STANDBYS:
        return ask_for_standbys(self);
    default:
        return ask_to_tidy(self);
    }
}

/* answers */

static enum etcd_event end_watch(struct etcd_replica *self, int64_t now_ms)
{
    self->watch_topic = REPLICA_NOTHING;
    self->watch_at_ms = now_ms + self->who.takeover_ms;
    return ETCD_EVENT_WATCHED;
}

static enum etcd_event take_status(struct etcd_replica *self, int64_t now_ms,
                                   const struct buffer *response)
{
    struct etcd_watch *watch = &self->watch;

    watch->knows_status = response != NULL && etcd_wire_read_status(response, &watch->status) == 0;
    if (self->role == REPLICA_STANDS_BY && self->is_kept_out)
        return end_watch(self, now_ms); /* nobody is to count on it */
    self->watch_topic = self->role == REPLICA_LEADS ? REPLICA_STANDBYS : REPLICA_SHOW;
    return ETCD_EVENT_NONE;
}

struct standbys {
    const struct etcd_replica *self;
    int64_t now_ms;
    size_t count;
    struct etcd_standby seen[ETCD_STANDBYS_MOST];
};

static const struct etcd_standby *find_standby(const struct etcd_watch *watch, const char *instance)
{
    for (size_t i = 0; i < watch->standby_count; i++) {
        if (strcmp(watch->standbys[i].who.instance, instance) == 0)
            return &watch->standbys[i];
    }
    return NULL;
}

/* No clock of another machine is asked: it is there as long as there is something new of it. */
static void date(struct etcd_standby *standby, const struct standbys *all)
{
    const struct etcd_replica *self = all->self;
    const struct etcd_standby *before = find_standby(&self->watch, standby->who.instance);
    int64_t theirs_ms = standby->who.takeover_ms, ours_ms = self->who.takeover_ms;
    int64_t most_ms = GONE_AFTER * (theirs_ms > ours_ms ? theirs_ms : ours_ms);
    bool is_old = before != NULL && before->revision == standby->revision;

    standby->new_ms = is_old ? before->new_ms : all->now_ms;
    standby->is_gone = all->now_ms - standby->new_ms >= most_ms ||
                       strcmp(standby->who.instance, self->who.instance) == 0;
}

static int take_standby(void *context, const struct etcd_row *row)
{
    struct standbys *all = context;
    struct etcd_standby *standby = &all->seen[all->count];
    char key[REPLICA_KEY_SIZE];
    struct etcd_bytes name;

    if (all->count == ETCD_STANDBYS_MOST || etcd_leader_read(row->value, &standby->who) != 0)
        return 0;
    name = standby_key(all->self, key, standby->who.instance);
    if (row->key.len != name.len || memcmp(row->key.data, name.data, name.len) != 0)
        return 0; /* nobody's of ours */
    standby->revision = row->revision;
    date(standby, all);
    all->count++;
    return 0;
}

static bool are_some_gone(const struct etcd_watch *watch)
{
    for (size_t i = 0; i < watch->standby_count; i++) {
        if (watch->standbys[i].is_gone)
            return true;
    }
    return false;
}

static enum etcd_event take_standbys(struct etcd_replica *self, int64_t now_ms,
                                     const struct buffer *response)
{
    struct standbys all = {.self = self, .now_ms = now_ms};
    struct etcd_answer answer;

    if (etcd_wire_read_range(response, &answer, take_standby, &all) != 0)
        return end_watch(self, now_ms);
    memcpy(self->watch.standbys, all.seen, sizeof self->watch.standbys);
    self->watch.standby_count = all.count;
    if (!are_some_gone(&self->watch))
        return end_watch(self, now_ms);
    self->watch_topic = REPLICA_TIDY;
    return ETCD_EVENT_NONE;
}

enum etcd_event replica_watch_hear(struct etcd_replica *self, int64_t now_ms,
                                   enum replica_topic topic, enum etcd_outcome outcome,
                                   const struct buffer *response)
{
    if (outcome != ETCD_UNKNOWN)
        replica_pause(self, now_ms, 0); /* changes wait, and are not refused with this */
    if (topic == REPLICA_STATUS && outcome != ETCD_UNKNOWN)
        return take_status(self, now_ms, outcome == ETCD_ANSWERED ? response : NULL);
    if (topic == REPLICA_STANDBYS && outcome == ETCD_ANSWERED)
        return take_standbys(self, now_ms, response);
    end_watch(self, now_ms);
    /* Who may not write that may not lead either. */
    return topic == REPLICA_SHOW && outcome == ETCD_REFUSED ? ETCD_EVENT_TROUBLE
                                                            : ETCD_EVENT_WATCHED;
}
