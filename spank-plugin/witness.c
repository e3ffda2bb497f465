/* The rules of evidence, pure.
 * Must not take silence for an end unless the administrator did. */
#include "witness.h"

/* Nobody listens any more where srun did; that is enough where no pidstatd knows better. */
static bool is_refused(const struct witness *witness)
{
    return witness->line == PEER_WATCH_REFUSED && witness->was_up &&
           witness->pidstatd == PIDSTATD_SILENT && !witness->vouched;
}

static bool is_gone(const struct witness *witness)
{
    return witness->pidstatd == PIDSTATD_GONE && (witness->was_up || witness->vouched) &&
           (witness->line == PEER_WATCH_REFUSED || witness->line == PEER_WATCH_SILENT);
}

static bool is_unreachable(const struct witness *witness)
{
    return witness->unreachable_ms >= 0 && witness->line == PEER_WATCH_SILENT &&
           witness->pidstatd == PIDSTATD_SILENT && (witness->was_up || witness->vouched) &&
           witness->silent_ms >= witness->unreachable_ms;
}

enum witness_verdict witness_judge(const struct witness *witness)
{
    if (is_gone(witness) || is_refused(witness))
        return WITNESS_DEAD;
    return is_unreachable(witness) ? WITNESS_UNREACHABLE : WITNESS_ALIVE;
}
