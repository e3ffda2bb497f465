/* One look at the license servers and at lockerd, and what comes of it. */
#ifndef FARMLOCK_LOCKFLEX_LOOK_H
#define FARMLOCK_LOCKFLEX_LOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "settings.h"
#include "tally.h"

enum { LOOK_TROUBLE_SIZE = 1000 };

struct look_pool {
    struct tally tally;
    bool is_told;    /* lockerd was told, or would be */
    uint64_t counts; /* seats that it goes by then */
};

struct look {
    struct look_pool *pools;         /* as settings->map has them */
    int status;                      /* 0; or what to exit with, and why is in `trouble` */
    char trouble[LOOK_TROUBLE_SIZE]; /* all that is amiss, harmless; "" for nothing */
};

/* Looks, and tells lockerd, unless it is a dry run.  Returns 0, also where not all went well, for
 * the caller to end with look_fini(); or -1 with errno ENOMEM or EINTR (stop_wanted()).
 */
int look_take(struct look *look, const struct settings *settings);
void look_fini(struct look *look);

#endif
