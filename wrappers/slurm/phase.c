/* Reads the bits of a job's state.
 * Must not take one for over of which something may be left on a node. */
#include "phase.h"

#include "compat.h"

static uint32_t base_of(uint32_t state)
{
    return state & JOB_STATE_BASE;
}

static bool has(uint32_t state, uint32_t flags)
{
    return (state & JOB_STATE_FLAGS & flags) != 0;
}

bool phase_is_strange(uint32_t state)
{
    return base_of(state) >= JOB_END ||
           (base_of(state) == JOB_PENDING &&
            has(state, ~(uint32_t)(COMPAT_JOB_BUSY | COMPAT_JOB_HARMLESS)));
}

enum job_phase phase_of(uint32_t state)
{
    if (has(state, COMPAT_JOB_BUSY) || phase_is_strange(state))
        return JOB_PHASE_LIVE;
    if (base_of(state) == JOB_PENDING)
        return JOB_PHASE_WAITING;
    return base_of(state) >= JOB_COMPLETE ? JOB_PHASE_OVER : JOB_PHASE_LIVE;
}
