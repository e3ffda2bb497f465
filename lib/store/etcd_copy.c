/* When the history is copied from etcd.
 * Must not read it. */
#include "etcd_copy.h"

#include "etcd_say.h"
#include "store/etcd/replica_step.h"

/* A little behind what it tells of. */
enum { COPY_LEADER_MS = 200, COPY_STANDBY_MS = 1000 };

/* Its last number, as far as that is seen from here. */
static uint64_t last_number(const struct etcd_engine *self)
{
    return self->leads ? etcd_replica_history_number(self->replica)
                       : etcd_replica_sight(self->replica)->seq.history;
}

void etcd_copy_begin(struct etcd_engine *self)
{
    int64_t now_ms = etcd_replica_now_ms();

    if (self->history == NULL || self->history_is_under_way || self->closing ||
        now_ms < self->history_at_ms)
        return;
    self->history_at_ms = now_ms + (self->leads ? COPY_LEADER_MS : COPY_STANDBY_MS);
    if (last_number(self) <= etcd_history_last(self->history))
        return;
    self->history_is_under_way = true;
    self->history_seen = etcd_history_last(self->history);
    etcd_replica_read_history(self->replica, self->history_seen);
}

/* There is a next page as long as there was one. */
void etcd_copy_end(struct etcd_engine *self)
{
    uint64_t first, last;

    self->history_is_under_way = false;
    if (etcd_history_last(self->history) > self->history_seen)
        self->history_at_ms = 0;
    if (etcd_history_hole(self->history, &first, &last))
        etcd_say_beside(self, true,
                        "the history has a hole: %llu steps of it were not in etcd any more, as "
                        "this lockerd was away for too long",
                        (unsigned long long)last - first + 1);
}
