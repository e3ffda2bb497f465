/* What the server is told of its state before it serves.
 * Must not open it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "context.h"
#include "replicated.h"

enum { DEFAULT_TAKEOVER_MS = 5000 };

void ipclocker_server_set_etcd(struct ipclocker_server *server,
                               const struct store_etcd_options *options)
{
    struct state *state = &server->state;

    state->etcd = *options;
    snprintf(state->instance, sizeof state->instance, "%016llx%016llx",
             (unsigned long long)random_u64(), (unsigned long long)random_u64());
}

void ipclocker_server_accept_no_older_state(struct ipclocker_server *server)
{
    server->state.etcd.accepts_older = false;
}

void ipclocker_server_store_options(const struct ipclocker_server *server,
                                    struct store_options *options)
{
    const struct state *state = &server->state;

    *options = (struct store_options){
        .path = state->path,
        .durability = state->durability,
        .history_ms = state->history_ms,
        .history_bytes = state->history_bytes,
        .etcd = state->etcd,
    };
    options->etcd.instance = state->instance;
    options->etcd.host = state->host_now;
}

int ipclocker_server_set_state(struct ipclocker_server *server, const char *path,
                               enum ipclocker_durability durability)
{
    char *copy = NULL;

    if (server->serving) {
        errno = EALREADY;
        return context_fail(server, "the server serves already");
    }
    if (path != NULL && strcmp(path, "none") != 0 && (copy = strdup(path)) == NULL)
        return context_fail(server, "out of memory");
    free(server->state.path);
    server->state.path = copy;
    if (store_is_shared(copy) && server->state.instance[0] == '\0')
        ipclocker_server_set_etcd(server,
                                  &(struct store_etcd_options){.takeover_ms = DEFAULT_TAKEOVER_MS});
    server->state.durability =
        durability == IPCLOCKER_DURABLE_PROCESS ? STORE_DURABLE_PROCESS : STORE_DURABLE_POWER;
    return 0;
}

void ipclocker_server_set_history(struct ipclocker_server *server, uint64_t seconds)
{
    const uint64_t most = INT64_MAX / 2000;

    server->state.history_ms = (int64_t)(seconds < most ? seconds : most) * 1000;
}

void ipclocker_server_set_history_size(struct ipclocker_server *server, uint64_t bytes)
{
    server->state.history_bytes = bytes < INT64_MAX ? (int64_t)bytes : INT64_MAX;
}

void ipclocker_server_set_requeue_grace(struct ipclocker_server *server, unsigned seconds)
{
    server->state.requeue_grace_s = seconds;
}

void ipclocker_server_set_move_corrupt_state(struct ipclocker_server *server, bool move)
{
    server->state.move_corrupt = move;
}
