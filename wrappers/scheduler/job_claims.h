/* What jobs hold and wait for, out of lockerd's JSON list. */
#ifndef FARMLOCK_SCHEDULER_JOB_CLAIMS_H
#define FARMLOCK_SCHEDULER_JOB_CLAIMS_H

#include <stddef.h>
#include <stdint.h>

struct json_object;

/* One lock that is held, or one request that waits.  Its strings live as long as the claims. */
struct job_claim {
    const char *job;  /* as the lock carries it; NULL where it carries none */
    const char *lock; /* the name; NULL for a request that waits */
    const char *owner;
    const char *host; /* of the owner's process; NULL where that is not known */
    int64_t since_ms; /* when it was granted, or asked for, by lockerd's clock */
};

/* All zero is empty. */
struct job_claims {
    struct job_claim *claims; /* held locks first */
    size_t count;
    int64_t listed_ms; /* when lockerd made the list, in milliseconds since 1970 by its clock */
    struct json_object *document;
};

/* Reads the list that ipclocker_lock_list_json() fetches.
 * Returns 0, for the caller to end with job_claims_fini(); or -1 with errno
 *   EPROTO  it is not the list of a farmlock server
 *   E2BIG   it is longer than any list is
 *   ENOMEM
 */
int job_claims_parse(struct job_claims *claims, const char *json);

/* Why there is no list, for people. */
const char *job_claims_error(int number);
void job_claims_fini(struct job_claims *claims);

#endif
