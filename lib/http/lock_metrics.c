/* The numbers of a lock server, family by family.
 * Must not look at each lock or each waiter. */
#include "lock_metrics.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "exposition.h"
#include "http_metrics.h"
#include "lock/pools.h"
#include "replication_metrics.h"
#include "server/figures.h"
#include "user_metrics.h"

enum { MS_PER_S = 1000, US_PER_MS = 1000 };

static const char others[] = "(others)";

static void add_pool(struct lock_metrics_pool *to, const struct pool_state *state, int64_t now_ms)
{
    int64_t oldest_wait_ms = state->oldest_ms != INT64_MAX ? now_ms - state->oldest_ms : 0;

    to->total += state->total;
    to->held += state->held;
    to->promised += state->promised;
    to->offline += state->offline;
    to->outside += state->outside;
    to->reserved += state->reserved;
    to->free += state->free;
    to->waiting += state->waiting;
    if (oldest_wait_ms > to->oldest_wait_ms)
        to->oldest_wait_ms = oldest_wait_ms;
}

bool lock_metrics_gather(struct lock_metrics *metrics, const struct ipclocker_server *server,
                         int64_t until_us)
{
    struct pool_state state;
    struct figures_now now;

    figures_now(server, &now);
    while (figures_next_pool(server, &metrics->next, &state)) {
        bool is_other = metrics->next > LOCK_METRICS_POOLS;
        struct lock_metrics_pool *pool =
            &metrics->pools[is_other ? LOCK_METRICS_POOLS : metrics->next - 1];

        if (pool->name == NULL)
            pool->name = strdup(is_other ? others : state.name);
        metrics->failed |= pool->name == NULL;
        metrics->count = (size_t)(pool - metrics->pools) + 1;
        add_pool(pool, &state, now.now_ms);
        if (clock_now_us() >= until_us)
            return false;
    }
    return true;
}

static void add_server(struct exposition *to, const struct figures_now *now)
{
    const struct exposition_label version = {"version", FARMLOCK_VERSION};

    exposition_begin(to, "lockerd_build", EXPOSITION_INFO, NULL, "Which lockerd this is.");
    exposition_add(to, &version, 1, 1);
    exposition_gauge_ms(to, "lockerd_start_time_seconds", "When it was started, since 1970.",
                        now->started_ms);
}

static void add_table(struct exposition *to, const struct figures_now *now)
{
    exposition_gauge(to, "lockerd_up",
                     "Whether locks can be granted and released now: 0 while the state "
                     "cannot be written.",
                     now->trouble == NULL);
    exposition_gauge(to, "lockerd_held", "Locks that are held, seats of pools included.",
                     now->held);
    exposition_gauge(to, "lockerd_waiting", "Requests that wait.", now->waiting);
    exposition_gauge(to, "lockerd_names", "Names of locks that are in use.", now->names);
    exposition_gauge_ms(to, "lockerd_oldest_wait_seconds",
                        "How long the request that came first has waited; 0: none waits.",
                        now->oldest_wait_ms);
    exposition_gauge(to, "lockerd_connections", "Clients that are connected.", now->connections);
    exposition_gauge(to, "lockerd_uncommitted", "Batches of changes that are being written.",
                     now->uncommitted);
}

/* A word and its number: a sample of a family whose label it is. */
static void add_word(struct exposition *to, const char *label, const char *word, uint64_t value)
{
    const struct exposition_label labels[] = {{label, word}};

    if (word != NULL)
        exposition_add(to, labels, 1, value);
}

static void add_commands(struct exposition *to, const struct figures_counts *counts)
{
    exposition_begin(to, "lockerd_requests", EXPOSITION_COUNTER, NULL,
                     "Lines of clients that were done, by their first word; settings are not "
                     "counted.");
    for (size_t i = 0; figures_command(i) != NULL; i++) {
        if (figures_command_counts(i))
            add_word(to, "kind", figures_command(i), counts->commands[i]);
    }
}

static void add_reasons(struct exposition *to, const uint64_t *counts)
{
    for (size_t i = 0; i < FIGURES_REASONS; i++)
        add_word(to, "reason", figures_reason(i), counts[i]);
}

static void add_ends(struct exposition *to, const struct figures_counts *counts)
{
    uint64_t kept = 0;

    for (size_t i = 0; i < FIGURES_REASONS; i++)
        kept += counts->ended[1][i];
    exposition_begin(to, "lockerd_ends", EXPOSITION_COUNTER, NULL,
                     "Locks that are held no more, by why: unlock is the owner's own act, break an "
                     "administrator's, all others are losses.");
    add_reasons(to, counts->ended[0]);
    exposition_begin(to, "lockerd_waits_left", EXPOSITION_COUNTER, NULL,
                     "Waits that ended without a grant, by why.");
    add_reasons(to, counts->left);
    exposition_counter(to, "lockerd_kept", "Locks that were kept for a while behind their owner.",
                       kept);
}

static void add_refusals(struct exposition *to, const struct figures_counts *counts)
{
    exposition_begin(to, "lockerd_refusals", EXPOSITION_COUNTER, NULL,
                     "Errors that clients were told, by their error-code.");
    for (size_t i = 0; i < FIGURES_CODES; i++)
        add_word(to, "code", figures_code(i), counts->refused[i]);
    exposition_begin(to, "lockerd_limits_reached", EXPOSITION_COUNTER, NULL,
                     "How often somebody was beyond a limit, by its option.");
    for (size_t i = 0; i < IPCLOCKER_LIMITS; i++)
        add_word(to, "option", figures_limit((enum ipclocker_limit)i), counts->limits[i]);
}

static void add_owners(struct exposition *to, const struct figures_counts *counts)
{
    exposition_counter(to, "lockerd_owner_questions",
                       "Questions to pidstatd of other hosts about owners of locks.",
                       counts->owners_asked);
    exposition_begin(to, "lockerd_owner_answers", EXPOSITION_COUNTER, NULL,
                     "What came of looking after owners: alive and unknown are answers, ended "
                     "processes were proven to have ended.");
    add_word(to, "state", "alive", counts->owners_alive);
    add_word(to, "state", "unknown", counts->owners_unknown);
    add_word(to, "state", "ended", counts->owners_ended);
}

static void add_times(struct exposition *to, const char *name, const char *help,
                      const struct figures_times *times, size_t first, size_t last)
{
    const struct exposition_times all = {.classes = times->classes,
                                         .class_count = FIGURES_TIME_CLASSES,
                                         .first = first,
                                         .last = last,
                                         .sum_us = times->sum_us};

    exposition_begin(to, name, EXPOSITION_HISTOGRAM, "seconds", help);
    exposition_add_times(to, &all);
}

/* Limits are powers of four of a microsecond: from 1 ms to 19 hours; from 64 us to 17 s. */
static void add_histograms(struct exposition *to, const struct figures_counts *counts)
{
    exposition_counter(to, "lockerd_grants", "Requests that were granted.",
                       figures_times_count(&counts->wait));
    exposition_counter(to, "lockerd_queued", "Requests that had to wait.", counts->queued);
    add_times(to, "lockerd_wait_seconds", "How long each granted request waited.", &counts->wait,
              10, 36);
    add_times(to, "lockerd_handover_seconds",
              "From the grant of a request that waited until its client is told, as it is safe.",
              &counts->handover, 6, 24);
    add_times(to, "lockerd_commit_seconds", "How long a batch of changes took to be safe.",
              &counts->commit, 6, 24);
    exposition_counter(to, "lockerd_commits", "Batches of changes that were written.",
                       counts->commits);
    exposition_counter(to, "lockerd_commit_failures", "How often the state could not be written.",
                       counts->commits_failed);
}

static void add_connections(struct exposition *to, const struct figures_counts *counts)
{
    exposition_counter(to, "lockerd_connections_accepted", "Clients that were served.",
                       counts->accepted);
    exposition_counter(to, "lockerd_connections_turned_away",
                       "Clients for whom there was no place, or that may not connect.",
                       counts->turned_away);
}

/* One family of the pools: what lies so many bytes into each. */
static void add_pools(struct exposition *to, const struct lock_metrics *metrics, const char *name,
                      const char *help, size_t at)
{
    exposition_begin(to, name, EXPOSITION_GAUGE, NULL, help);
    for (size_t i = 0; i < metrics->count; i++) {
        const char *pool = (const char *)&metrics->pools[i];

        add_word(to, "pool", metrics->pools[i].name, *(const uint64_t *)(const void *)(pool + at));
    }
}

static void add_all_pools(struct exposition *to, const struct lock_metrics *metrics)
{
    static const struct {
        const char *name, *help;
        size_t at;
    } families[] = {
#define FAMILY(name_, member_, help_) \
    {"lockerd_pool_" name_, help_, offsetof(struct lock_metrics_pool, member_)}
        FAMILY("seats", total, "Seats of a pool, by its configuration."),
        FAMILY("held", held, "Seats that are held."),
        FAMILY("promised", promised, "Seats that are set aside for a request that collects."),
        FAMILY("offline", offline, "Seats that are offline."),
        FAMILY("outside", outside, "Seats that are in use outside of the farm."),
        FAMILY("reserved", reserved, "Seats that are kept free for some."),
        FAMILY("free", free, "Seats that are free, reserved ones and those outside included."),
        FAMILY("waiting", waiting, "Requests that wait for the pool."),
#undef FAMILY
    };

    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        add_pools(to, metrics, families[i].name, families[i].help, families[i].at);
    exposition_begin(to, "lockerd_pool_oldest_wait_seconds", EXPOSITION_GAUGE, "seconds",
                     "How long the longest wait for the pool lasts; 0: none waits.");
    for (size_t i = 0; i < metrics->count; i++) {
        const struct exposition_label label = {"pool", metrics->pools[i].name};

        exposition_add_seconds(to, &label, 1, metrics->pools[i].oldest_wait_ms * US_PER_MS);
    }
}

void lock_metrics_write(const struct lock_metrics *metrics, const struct ipclocker_server *server,
                        const struct user_metrics *users, const struct http_stats *http,
                        bool is_open_metrics, struct buffer *out)
{
    const struct figures_counts *counts = figures_counts(server);
    struct exposition to = {.out = out, .is_open_metrics = is_open_metrics};
    struct figures_now now;

    figures_now(server, &now);
    add_server(&to, &now);
    add_table(&to, &now);
    add_commands(&to, counts);
    add_histograms(&to, counts);
    add_ends(&to, counts);
    add_refusals(&to, counts);
    add_owners(&to, counts);
    add_connections(&to, counts);
    add_all_pools(&to, metrics);
    replication_metrics_add(&to, server);
    if (users != NULL)
        out->failed |= user_metrics_write(users, &to) != 0;
    http_metrics_add(&to, "lockerd", http);
    exposition_end(&to);
    out->failed |= metrics->failed;
}

void lock_metrics_fini(struct lock_metrics *metrics)
{
    for (size_t i = 0; i < metrics->count; i++)
        free(metrics->pools[i].name);
    *metrics = (struct lock_metrics){0};
}
