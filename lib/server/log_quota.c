/* Quotas of log lines.
 * Must not log. */
#include "log_quota.h"

#include <stdlib.h>

#include "base/siphash.h"

enum { PLACES_TRIED = 16, CROWDS = 128 /* more than there are kinds */ };

struct log_quotas {
    log_quota_over_fn *on_over;
    void *context;
    struct siphash_key key;
    struct log_quota places[LOG_QUOTA_PLACES + CROWDS];
};

struct log_quotas *log_quotas_create(log_quota_over_fn *on_over, void *context)
{
    struct log_quotas *quotas = calloc(1, sizeof *quotas);

    if (quotas == NULL)
        return NULL;
    quotas->on_over = on_over;
    quotas->context = context;
    siphash_key_init(&quotas->key);
    return quotas;
}

static bool is_over(const struct log_quota *quota, time_t now_s)
{
    return quota->kind == NULL || now_s - quota->since_s >= LOG_QUOTA_S;
}

static bool is_same(const struct log_quota *a, const struct log_quota *b)
{
    return a->kind == b->kind && a->is_crowd == b->is_crowd && a->client.high == b->client.high &&
           a->client.low == b->client.low;
}

/* The place of a quota, or else one that is free; NULL where there is neither. */
static struct log_quota *find(struct log_quotas *quotas, const struct log_quota *wanted)
{
    uint64_t hash =
        siphash_word(&quotas->key, (uintptr_t)wanted->kind, &wanted->client, sizeof wanted->client);
    size_t first = wanted->is_crowd ? LOG_QUOTA_PLACES : 0;
    size_t count = wanted->is_crowd ? CROWDS : LOG_QUOTA_PLACES;
    size_t tried = wanted->is_crowd ? CROWDS : PLACES_TRIED;
    struct log_quota *unused = NULL;

    for (size_t i = 0; i < tried; i++) {
        struct log_quota *place = &quotas->places[first + (hash + i) % count];

        if (is_same(place, wanted))
            return place;
        if (unused == NULL && is_over(place, wanted->since_s))
            unused = place;
    }
    return unused;
}

static uint64_t lines_of(const struct log_quota *quota)
{
    return quota->is_crowd ? LOG_QUOTA_CROWD_LINES : LOG_QUOTA_LINES;
}

static void end(const struct log_quotas *quotas, struct log_quota *quota)
{
    if (quota->kind != NULL && quota->count > lines_of(quota))
        quotas->on_over(quotas->context, quota, quota->count - lines_of(quota));
    quota->kind = NULL;
}

bool log_quotas_take(struct log_quotas *quotas, const char *kind, struct account_key client,
                     time_t now_s)
{
    struct log_quota wanted = {.kind = kind, .client = client, .since_s = now_s};
    struct log_quota *quota = find(quotas, &wanted);

    if (quota == NULL) {
        wanted.client = (struct account_key){0};
        wanted.is_crowd = true;
        quota = find(quotas, &wanted);
    }
    if (quota == NULL)
        return false;
    if (is_over(quota, now_s)) {
        end(quotas, quota);
        *quota = wanted;
    }
    return ++quota->count <= lines_of(quota);
}

void log_quotas_sweep(struct log_quotas *quotas, time_t now_s)
{
    for (size_t i = 0; i < sizeof quotas->places / sizeof *quotas->places; i++) {
        if (is_over(&quotas->places[i], now_s))
            end(quotas, &quotas->places[i]);
    }
}
