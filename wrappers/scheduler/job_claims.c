/* What jobs hold and wait for, out of lockerd's JSON list.
 * Must not trust the list: a stranger may have written its names. */
#include "job_claims.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "base/rfc3339.h"
#include "list/member.h"

/* Elapsed seconds are the server's own, so that no clock but its own counts. */
static bool read_since(struct json_object *entry, const char *key, int64_t listed_ms,
                       int64_t *since_ms)
{
    struct json_object *value;
    double seconds;

    if (!json_object_object_get_ex(entry, key, &value) ||
        (!json_object_is_type(value, json_type_double) &&
         !json_object_is_type(value, json_type_int)))
        return false;
    seconds = json_object_get_double(value);
    if (!(seconds >= 0 && seconds < 1e12))
        return false;
    *since_ms = listed_ms - (int64_t)(seconds * 1000 + 0.5);
    return true;
}

static bool read_entry(struct job_claim *claim, struct json_object *entry, bool held,
                       int64_t listed_ms)
{
    *claim = (struct job_claim){
        .job = member_text(entry, "job"),
        .lock = held ? member_text(entry, "name") : NULL,
        .owner = member_text(entry, "owner"),
        .host = member_text(entry, "host"),
    };
    return claim->owner != NULL && (!held || claim->lock != NULL) &&
           read_since(entry, held ? "held_seconds" : "waiting_seconds", listed_ms,
                      &claim->since_ms);
}

static int read_entries(struct job_claims *claims, struct json_object *array, bool held)
{
    size_t count = json_object_array_length(array);

    for (size_t i = 0; i < count; i++) {
        if (!read_entry(&claims->claims[claims->count], json_object_array_get_idx(array, i), held,
                        claims->listed_ms))
            return -1;
        claims->count++;
    }
    return 0;
}

static int read_document(struct job_claims *claims)
{
    const char *time = member_text(claims->document, "time");
    struct json_object *locks = member_array(claims->document, "locks");
    struct json_object *waiters = member_array(claims->document, "waiters");
    size_t count;

    if (time == NULL || rfc3339_parse(time, &claims->listed_ms) != 0 || locks == NULL ||
        waiters == NULL) {
        errno = EPROTO;
        return -1;
    }
    count = json_object_array_length(locks) + json_object_array_length(waiters);
    claims->claims = calloc(count + 1, sizeof *claims->claims);
    if (claims->claims == NULL)
        return -1;
    errno = EPROTO;
    return read_entries(claims, locks, true) != 0 ? -1 : read_entries(claims, waiters, false);
}

int job_claims_parse(struct job_claims *claims, const char *json)
{
    int saved_errno;

    *claims = (struct job_claims){.document = member_parse(json)};
    if (claims->document == NULL)
        return -1;
    if (read_document(claims) == 0)
        return 0;
    saved_errno = errno;
    job_claims_fini(claims);
    errno = saved_errno;
    return -1;
}

const char *job_claims_error(int number)
{
    if (number == E2BIG)
        return "the lock server's list is too long: no lock server has that many locks";
    if (number == ENOMEM)
        return "there is no memory for the lock server's list";
    return "the lock server tells of no jobs: it is a classic one, or of another version";
}

void job_claims_fini(struct job_claims *claims)
{
    free(claims->claims);
    json_object_put(claims->document);
    *claims = (struct job_claims){0};
}
