/* The numbers of a lock server whose state others share.
 * Must not count. */
#include "replication_metrics.h"

#include "server/figures.h"
#include "store/store.h"

static void add_leader(struct exposition *to, const struct store_outlook *outlook)
{
    const struct exposition_label labels[] = {
        {"host", outlook->leader.host},
        {"listens", outlook->leader.listens},
        {"version", outlook->leader.version},
    };

    if (!outlook->has_leader)
        return;
    exposition_begin(to, "lockerd_leader", EXPOSITION_INFO, NULL,
                     "Who leads, as this one sees it.");
    exposition_add(to, labels, sizeof labels / sizeof *labels, 1);
    exposition_gauge_ms(to, "lockerd_leader_since_seconds",
                        "When it took over, by its clock, since 1970.", outlook->leader.at_ms);
}

static void add_bytes(struct exposition *to, const char *name, const char *help, int64_t bytes)
{
    exposition_begin(to, name, EXPOSITION_GAUGE, "bytes", help);
    exposition_add(to, NULL, 0, (uint64_t)bytes);
}

static void add_etcd(struct exposition *to, const struct store_outlook *outlook)
{
    const struct exposition_label labels[] = {
        {"member", outlook->etcd.member},
        {"version", outlook->etcd.version},
        {"errors", outlook->etcd.errors},
    };

    if (!outlook->etcd.is_known)
        return;
    exposition_begin(to, "lockerd_etcd", EXPOSITION_INFO, NULL,
                     "The member of etcd that is asked, its version and alarms.");
    exposition_add(to, labels, sizeof labels / sizeof *labels, 1);
    exposition_gauge(to, "lockerd_etcd_healthy", "Whether that member tells of no error or alarm.",
                     outlook->etcd.errors[0] == '\0');
    add_bytes(to, "lockerd_etcd_database_bytes", "Its database, free pages included.",
              outlook->etcd.bytes);
    add_bytes(to, "lockerd_etcd_used_bytes", "What of that is in use.", outlook->etcd.bytes_in_use);
    add_bytes(to, "lockerd_etcd_quota_bytes", "What the database may have, as far as is known.",
              outlook->etcd.quota_bytes);
}

void replication_metrics_add(struct exposition *to, const struct ipclocker_server *server)
{
    struct store_outlook outlook;

    if (!figures_outlook(server, &outlook))
        return;
    exposition_gauge(to, "lockerd_leads", "Whether this one leads, confirmed by etcd.",
                     outlook.leads);
    exposition_gauge(to, "lockerd_term", "How many have led, the one that leads included.",
                     outlook.term);
    add_leader(to, &outlook);
    if (outlook.leads)
        exposition_gauge(to, "lockerd_standbys",
                         "Others that stand by, as this one sees them in etcd.",
                         outlook.standby_count);
    if (outlook.confirmed_ago_ms >= 0)
        exposition_gauge_ms(to, "lockerd_confirmed_seconds",
                            "How long ago it was that etcd has confirmed that this one leads.",
                            outlook.confirmed_ago_ms);
    add_etcd(to, &outlook);
}
