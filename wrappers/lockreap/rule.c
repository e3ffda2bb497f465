/* When a job has lost its claim to what it holds in lockerd.
 * Must not release on a guess: whatever is not certain is left alone. */
#include "rule.h"

static int64_t earlier_ms(int64_t seconds, int64_t by_ms)
{
    if (seconds <= 0 || seconds > INT64_MAX / 1000 || seconds * 1000 <= by_ms)
        return 0;
    return seconds * 1000 - by_ms;
}

/* Nothing younger than the list was looked at. */
static int64_t at_most(int64_t bound_ms, int64_t limit_ms)
{
    return bound_ms < limit_ms ? bound_ms : limit_ms;
}

int64_t rule_bound_ms(const struct job_standing *job, const struct reap_terms *terms)
{
    switch (job->phase) {
    case JOB_PHASE_OVER:
        return terms->listed_ms;
    case JOB_PHASE_WAITING:
        /* Nothing of a job that never ran can have asked: this is about another one. */
        return job->restarts > 0 ? terms->listed_ms : 0;
    case JOB_PHASE_LIVE:
        return at_most(earlier_ms(job->restarts > 0 ? job->start_s : job->submit_s, terms->skew_ms),
                       terms->listed_ms);
    case JOB_PHASE_FORGOTTEN:
        return terms->listed_ms > terms->memory_ms ? terms->listed_ms - terms->memory_ms : 0;
    }
    return 0;
}
