/* What people are told of a state in etcd beside what is in it.
 * Must not ask etcd. */
#include "etcd_outlook.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "etcd_say.h"
#include "store/etcd/health.h"
#include "store/etcd/replica_step.h"

static struct store_lockerd lockerd_of(const struct etcd_leader *who, int64_t at_ms)
{
    struct store_lockerd one = {.at_ms = at_ms};

    snprintf(one.host, sizeof one.host, "%s", who->host);
    snprintf(one.listens, sizeof one.listens, "%s", who->listens);
    snprintf(one.version, sizeof one.version, "%s", who->version);
    return one;
}

static void take_standbys(struct store_outlook *outlook, const struct etcd_watch *watch)
{
    int64_t now_ms = etcd_replica_now_ms();

    outlook->standby_count = 0;
    for (size_t i = 0; i < watch->standby_count && outlook->standby_count < STORE_STANDBYS_MOST;
         i++) {
        const struct etcd_standby *standby = &watch->standbys[i];

        if (!standby->is_gone)
            outlook->standbys[outlook->standby_count++] =
                lockerd_of(&standby->who, clock_wall_ms() - (now_ms - standby->new_ms));
    }
}

static void take_leader(struct store_outlook *outlook, const struct etcd_sight *sight)
{
    const struct etcd_leader *leader = &sight->leader;

    outlook->has_leader = leader->instance[0] != '\0';
    outlook->term = leader->term;
    outlook->takeover_ms = leader->takeover_ms;
    outlook->leader = lockerd_of(leader, leader->since_ms);
}

static void take_etcd(struct store_outlook *outlook, const struct etcd_engine *self,
                      const struct etcd_watch *watch)
{
    outlook->etcd.is_known = watch->knows_status;
    snprintf(outlook->etcd.member, sizeof outlook->etcd.member, "%s", members_url(self->members));
    if (!watch->knows_status)
        return;
    snprintf(outlook->etcd.version, sizeof outlook->etcd.version, "%s", watch->status.version);
    snprintf(outlook->etcd.errors, sizeof outlook->etcd.errors, "%s", watch->status.errors);
    outlook->etcd.bytes = watch->status.bytes;
    outlook->etcd.bytes_in_use = watch->status.bytes_in_use;
    outlook->etcd.quota_bytes = etcd_health_quota(&watch->status, self->quota_bytes);
}

void etcd_outlook_take(struct etcd_engine *self)
{
    const struct etcd_watch *watch = etcd_replica_watch(self->replica);
    struct store_outlook *outlook = &self->outlook;

    outlook->leads = self->leads;
    take_leader(outlook, etcd_replica_sight(self->replica));
    take_standbys(outlook, watch);
    take_etcd(outlook, self, watch);
}

/* what is wrong with etcd */

static void warn_of_version(struct etcd_engine *self, const struct etcd_status *status,
                            const char *url)
{
    char faults[STORE_LINE_SIZE];

    if (strcmp(status->version, self->told_version) == 0)
        return;
    snprintf(self->told_version, sizeof self->told_version, "%s", status->version);
    if (etcd_health_faults(status->version, faults, sizeof faults))
        etcd_say_beside(self, true, "etcd %s at %s has known faults: %s", status->version, url,
                        faults);
}

static void warn_of_size(struct etcd_engine *self, const struct etcd_status *status,
                         const char *url)
{
    int64_t quota = etcd_health_quota(status, self->quota_bytes);
    bool is_large = status->bytes > quota / 2;

    if (is_large && !self->told_large)
        etcd_say_beside(self, true,
                        "etcd at %s has a database of %lld MiB, above half of its quota of %lld "
                        "MiB%s: compact it, and defragment each member",
                        url, (long long)(status->bytes >> 20), (long long)(quota >> 20),
                        status->quota_bytes == 0 && self->quota_bytes == 0
                            ? ", if it has the usual one (--etcd-quota)"
                            : "");
    else if (!is_large && self->told_large)
        etcd_say_beside(self, false, "etcd at %s has room again", url);
    self->told_large = is_large;
}

static void warn_of_errors(struct etcd_engine *self, const struct etcd_status *status,
                           const char *url)
{
    if (strcmp(status->errors, self->told_errors) == 0)
        return;
    snprintf(self->told_errors, sizeof self->told_errors, "%s", status->errors);
    if (status->errors[0] != '\0')
        etcd_say_beside(self, true, "etcd at %s says of itself: %s%s", url, status->errors,
                        etcd_health_advice(status->errors));
    else
        etcd_say_beside(self, false, "etcd at %s has no alarm any more", url);
}

void etcd_outlook_warn(struct etcd_engine *self)
{
    const struct etcd_watch *watch = etcd_replica_watch(self->replica);
    const char *url = members_url(self->members);

    if (!watch->knows_status)
        return;
    warn_of_version(self, &watch->status, url);
    warn_of_size(self, &watch->status, url);
    warn_of_errors(self, &watch->status, url);
}
