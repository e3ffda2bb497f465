/* What lockflex was told to do. */
#ifndef FARMLOCK_LOCKFLEX_SETTINGS_H
#define FARMLOCK_LOCKFLEX_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/name_list.h"
#include "feature_map.h"
#include "ipclocker.h"
#include "source.h"

enum { SETTINGS_SOURCES_MAX = 64 };

struct settings {
    struct ipclocker *lock;
    struct feature_map map;
    struct name_list ours; /* for whom reservations are the farm's own */
    struct source sources[SETTINGS_SOURCES_MAX];
    size_t source_count;
    const char *lmutil;
    unsigned match;      /* enum settings_match */
    int64_t interval_ms; /* 0: once */
    int64_t deadline_ms; /* of each source */
    int64_t lease_ms;    /* how long lockerd is to believe it; 0: what settings_lease_s() says */
    bool dry_run, json;
    const char *host, *port;
};

/* By what a check-out is known to be a holder's. */
enum settings_match { SETTINGS_MATCH_USER_HOST, SETTINGS_MATCH_USER };
#define SETTINGS_MATCH_WORDS "user-host|user"

/* For how many seconds what is told holds good. */
unsigned settings_lease_s(const struct settings *settings);

#endif
