/* Lists and history for who is no client.
 * Must not know what they are wanted for. */
#include "onlooker.h"

#include "context.h"
#include "history.h"
#include "listing.h"
#include "server.h"
#include "state_note.h"

uint64_t onlooker_version(const struct ipclocker_server *server)
{
    return server->table_changes;
}

int64_t onlooker_now_ms(const struct ipclocker_server *server)
{
    return context_now_ms(server);
}

int64_t onlooker_started_ms(const struct ipclocker_server *server)
{
    return server->started_ms;
}

bool onlooker_sees_nobody(const struct ipclocker_server *server)
{
    return server->is_private;
}

uint64_t onlooker_mark(const struct ipclocker_server *server)
{
    return state_note_mark(server);
}

bool onlooker_is_safe(const struct ipclocker_server *server, uint64_t mark)
{
    return mark <= state_note_committed(server);
}

void onlooker_set_safe(struct ipclocker_server *server, void (*on_safe)(void *context, bool lost),
                       void *context)
{
    server->on_safe = on_safe;
    server->on_safe_context = context;
}

const char *onlooker_stands_by(const struct ipclocker_server *server)
{
    enum state_phase phase = server->state.phase;
    bool is_elsewhere = phase == STATE_STANDS_BY || (phase == STATE_LOST && server->state.confirms);

    return is_elsewhere ? server->state.reason : NULL;
}

int onlooker_ask_list(struct ipclocker_server *server, struct onlooker *onlooker)
{
    const struct listing_question question = {.kind = LISTING_JSON,
                                              .view = {.is_limited = server->is_private}};

    return listing_look(server, onlooker, &question);
}

void onlooker_let_go(struct onlooker *onlooker)
{
    listing_look_away(onlooker);
}

int onlooker_ask_past(struct ipclocker_server *server, struct onlooker_of_past *onlooker,
                      struct store_query *query)
{
    query->view = (struct store_view){.is_limited = server->is_private};
    return history_look(server, onlooker, query);
}

void onlooker_forget_past(struct onlooker_of_past *onlooker)
{
    history_look_away(onlooker);
}
