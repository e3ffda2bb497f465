/* What a server has done and has now, in numbers.
 * Must not count: that is done where things happen. */
#include "figures.h"

#include "command.h"
#include "context.h"
#include "limit.h"
#include "protocol/error_code.h"
#include "protocol/reason.h"
#include "server.h"

_Static_assert((int)ERROR_CODE_REFUSED < FIGURES_CODES, "each has its number");
_Static_assert((int)REASON_SILENT < FIGURES_REASONS, "each has its number");

const struct figures_counts *figures_counts(const struct ipclocker_server *server)
{
    return &server->counts;
}

void figures_now(const struct ipclocker_server *server, struct figures_now *now)
{
    const struct lock_request *first = lock_table_next_waiter(server->table, NULL);
    const struct state *state = &server->state;

    *now = (struct figures_now){
        .held = lock_table_held_count(server->table),
        .waiting = lock_table_waiter_count(server->table),
        .names = lock_table_name_count(server->table),
        .connections = server->conn_count,
        .started_ms = server->started_ms,
        .now_ms = context_now_ms(server),
        .trouble = figures_trouble(server),
        .keeps_state = state->path != NULL,
        .uncommitted = (size_t)(state->submitted - state->committed),
    };
    if (first != NULL)
        now->oldest_wait_ms = now->now_ms - first->asked_ms;
}

bool figures_outlook(const struct ipclocker_server *server, struct store_outlook *outlook)
{
    return store_outlook(server->state.store, outlook);
}

const char *figures_command(size_t place)
{
    return place < FIGURES_COMMANDS_MAX ? command_word(place) : NULL;
}

bool figures_command_counts(size_t place)
{
    return !command_is_setting(place);
}

const char *figures_limit(enum ipclocker_limit limit)
{
    return limit_option(limit);
}

const char *figures_code(size_t code)
{
    return code > ERROR_CODE_NONE && code <= ERROR_CODE_REFUSED
               ? error_code_word((enum error_code)code)
               : NULL;
}

const char *figures_reason(size_t reason)
{
    return reason > REASON_NONE && reason <= REASON_SILENT ? reason_word(reason) : NULL;
}

const struct lock_table *figures_table(const struct ipclocker_server *server)
{
    return server->table;
}

bool figures_next_pool(const struct ipclocker_server *server, size_t *index,
                       struct pool_state *state)
{
    return lock_table_next_pool(server->table, index, state);
}

const char *figures_trouble(const struct ipclocker_server *server)
{
    const struct leading *leading = &server->leading;

    if (server->state.phase != STATE_SERVING)
        return server->state.reason;
    if (leading->resigns)
        return "this lockerd gives up leading";
    if (leading->serves && !leading->listens)
        return leading->has_failed ? "this lockerd leads, but cannot listen: its log has the reason"
                                   : "nothing was confirmed by etcd of late: nobody can connect";
    return NULL;
}
