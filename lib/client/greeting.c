/* What a server says of itself: its version, and of which cluster it is.
 * Must not judge whether it is the right one. */
#include "greeting.h"

#include <string.h>

#include "base/text.h"
#include "engine.h"
#include "home.h"
#include "race.h"
#include "request.h"

static void note_version(struct ipclocker *lock, const struct answer *answer)
{
    text_clean(lock->server.version, sizeof lock->server.version, answer->text,
               strlen(answer->text));
    lock->server.started = answer->number;
    lock->server.clock_ms = answer->clock_ms;
}

/* What is none is as if it had said nothing. */
static void note_cluster(struct ipclocker *lock, const char *id)
{
    if (lock->connection.dialect == DIALECT_2 && cluster_id_is_valid(id))
        memcpy(lock->connection.cluster, id, strlen(id) + 1);
}

bool client_greeting_take(struct ipclocker *lock, const struct answer *answer)
{
    if (answer->kind == ANSWER_VERSION)
        note_version(lock, answer);
    if (answer->kind == ANSWER_CLUSTER)
        note_cluster(lock, answer->text);
    return answer->kind == ANSWER_CLUSTER;
}

bool client_greeting_may_hold(const struct ipclocker *lock)
{
    return lock->call.operation->waits && !client_home_is_cluster(lock) &&
           client_race_has_earlier(lock);
}

bool client_greeting_needs_all(const struct ipclocker *lock)
{
    return client_home_is_cluster(lock) || client_greeting_may_hold(lock) ||
           lock->race.has_runner_up;
}

bool client_greeting_is_needed(const struct ipclocker *lock)
{
    return lock->call.operation->is_ours ||
           (lock->call.operation->has_demand && !client_request_is_plain(lock)) ||
           client_greeting_needs_all(lock);
}
