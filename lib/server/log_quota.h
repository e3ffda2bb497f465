/* How many lines of one kind the log has of one client.
 *
 * A kind is a format, by its address.  Each client has a quota of each kind, as far as there are
 * places.  Those that find none have one of each kind together: who comes from many addresses fills
 * no more than that, and takes nothing from those that have a place.
 *
 * Pure: it knows no clock and no log.
 */
#ifndef FARMLOCK_SERVER_LOG_QUOTA_H
#define FARMLOCK_SERVER_LOG_QUOTA_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "account.h"

enum {
    LOG_QUOTA_S = 60,
    LOG_QUOTA_LINES = 10,        /* in so many seconds, of one client */
    LOG_QUOTA_CROWD_LINES = 100, /* and of all together that have no place */
    LOG_QUOTA_PLACES = 1024,
};

struct log_quota {
    const char *kind; /* NULL: it is free */
    struct account_key client;
    bool is_crowd; /* of clients that have no place, in place of that one */
    time_t since_s;
    uint64_t count; /* of lines, and of those that were left out */
};

struct log_quotas;

/* Hears of a quota whose time is over, and of how many lines were left out. */
typedef void log_quota_over_fn(void *context, const struct log_quota *quota, uint64_t left_out);

/* Returns NULL with errno ENOMEM.  To be freed with free(3). */
struct log_quotas *log_quotas_create(log_quota_over_fn *on_over, void *context);

/* Counts a line of this kind that a client has caused at `now_s`.  Returns whether it is to be
 * logged. */
bool log_quotas_take(struct log_quotas *quotas, const char *kind, struct account_key client,
                     time_t now_s);

/* Frees the quotas whose time is over. */
void log_quotas_sweep(struct log_quotas *quotas, time_t now_s);

#endif
