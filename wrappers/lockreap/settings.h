/* What lockreap was told. */
#ifndef FARMLOCK_LOCKREAP_SETTINGS_H
#define FARMLOCK_LOCKREAP_SETTINGS_H

#include "base/name_list.h"
#include "reap.h"

struct settings {
    struct reap_settings reap;
    const char *job, *ended_from, *host, *port;
    bool epilog, json;
    unsigned scheduler; /* of sources.h */
    bool has_before;
    struct name_list on; /* hosts; none: any */
    int64_t before_ms;   /* by this host's clock, since 1970 */
    int64_t interval_ms; /* 0: look once */
};

#endif
