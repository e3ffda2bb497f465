/* Is srun dead?  What the connection to it and pidstatd on its host say, taken together. */
#ifndef FARMLOCK_SPANK_WITNESS_H
#define FARMLOCK_SPANK_WITNESS_H

#include <stdbool.h>
#include <stdint.h>

#include "peer_watch.h"

enum witness_pidstatd {
    PIDSTATD_PENDING, /* not asked, or the answer may still come */
    PIDSTATD_SILENT,  /* none answers */
    PIDSTATD_ALIVE,   /* srun runs, or a process that may be srun */
    PIDSTATD_GONE,
};

struct witness {
    enum peer_watch_state line;
    bool was_up; /* the connection, at least once */
    enum witness_pidstatd pidstatd;
    bool vouched;           /* pidstatd has said that srun runs, since the connection was lost */
    int64_t silent_ms;      /* since either has shown a sign of life from srun's host */
    int64_t unreachable_ms; /* that long a silence counts as death; below 0: none does */
};

enum witness_verdict {
    WITNESS_ALIVE, /* or it is not certain that it does not */
    WITNESS_DEAD,
    WITNESS_UNREACHABLE,
};

/* A witness is heard about srun's death only after it has been heard about its life: a port that a
 * firewall refuses, or a pid that means another process to pidstatd than to an srun in a container,
 * is no death.
 */
enum witness_verdict witness_judge(const struct witness *witness);

#endif
