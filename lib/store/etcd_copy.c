/* When the history is copied from etcd.
 * Must not read it. */
#include "etcd_copy.h"

#include <inttypes.h>
#include <string.h>

#include "base/rfc3339.h"
#include "etcd_say.h"
#include "protocol/past.h"
#include "store/etcd/replica_step.h"

/* A little behind what it tells of. */
enum { COPY_LEADER_MS = 200, COPY_STANDBY_MS = 1000 };

/* Its last number, as far as that is seen from here. */
static uint64_t last_number(const struct etcd_engine *self)
{
    return self->leads ? etcd_replica_history_number(self->replica)
                       : etcd_replica_sight(self->replica)->seq.history;
}

/* One that stands by looks and copies by turns: a page has more than the look before it, and a look
 * may have had an old answer, where the number just seems to go back.  Etcd was put back only where
 * that stays so, and a look says so behind the time: that passes without one where nobody answers,
 * or this process is stopped. */
static bool stays_behind(struct etcd_engine *self, int64_t revision, int64_t now_ms)
{
    bool is_first = self->history_behind_ms == 0;

    if (is_first)
        self->history_behind_ms = now_ms;
    if (is_first || now_ms - self->history_behind_ms < self->takeover_ms)
        self->history_behind_revision = revision;
    return revision != self->history_behind_revision;
}

/* Looks whose history it is.  Returns whether it is to be copied. */
static bool meet(struct etcd_engine *self, int64_t now_ms)
{
    const struct etcd_sight *sight = etcd_replica_sight(self->replica);
    uint64_t number = last_number(self);

    if (sight->leader.cluster[0] == '\0')
        return false; /* nobody has led */
    if (!self->leads && etcd_mark_is_above(&self->mark, sight))
        return false; /* it may be another farm's, as long as nobody has accepted it */
    if (self->leads || number >= etcd_history_last(self->history))
        self->history_behind_ms = 0;
    else if (!stays_behind(self, sight->revision, now_ms))
        return false;
    etcd_history_meet(self->history, sight->leader.cluster, sight->leader.accepted, number);
    return number > etcd_history_last(self->history);
}

void etcd_copy_begin(struct etcd_engine *self)
{
    int64_t now_ms = etcd_replica_now_ms();

    if (self->history == NULL || self->history_is_under_way || self->closing ||
        now_ms < self->history_at_ms)
        return;
    self->history_at_ms = now_ms + (self->leads ? COPY_LEADER_MS : COPY_STANDBY_MS);
    if (!meet(self, now_ms))
        return;
    self->history_is_under_way = true;
    self->history_seen = etcd_history_last(self->history);
    etcd_replica_read_history(self->replica, self->history_seen);
}

static void say_hole(struct etcd_engine *self, const struct etcd_hole *hole)
{
    char from[RFC3339_SIZE], to[RFC3339_SIZE];

    rfc3339_format(from, hole->from_ms);
    rfc3339_format(to, hole->to_ms);
    if (strcmp(hole->why, PAST_HOLE_AWAY) == 0)
        etcd_say_beside(self, true,
                        "the history has a hole, from %s to %s: %" PRIu64 " steps of it were not "
                        "in etcd any more, as this lockerd was away for too long",
                        from, to, hole->count);
    else
        etcd_say_beside(self, true,
                        "the history may have a hole, from %s to %s: etcd was %s, and it goes on "
                        "with what is there",
                        from, to,
                        strcmp(hole->why, PAST_HOLE_NEW_ETCD) == 0 ? "set up anew"
                                                                   : "put back to an earlier time");
}

/* There is a next page as long as there was one. */
void etcd_copy_end(struct etcd_engine *self)
{
    struct etcd_hole hole;

    self->history_is_under_way = false;
    if (etcd_history_last(self->history) > self->history_seen)
        self->history_at_ms = 0;
    if (etcd_history_hole(self->history, &hole))
        say_hole(self, &hole);
}
