/* What happens to locks, as events.
 * Must not tell what a crash could undo, nor keys and tokens. */
#include "lock_events.h"

#include <stdlib.h>

#include "list/json_line.h"
#include "lock/pools.h"
#include "protocol/owner_name.h"
#include "protocol/reason.h"
#include "server/onlooker.h"
#include "server/tidings.h"

enum { UNSAFE_MOST = 20000, NAMES_MOST = 32 };

struct lock_event_text {
    const char *kind;
    struct buffer data;
    uint64_t mark;
    STAILQ_ENTRY(lock_event_text) line;
};

static const char *const kinds[] = {
    [TIDINGS_ASKED] = "asked",       [TIDINGS_GRANTED] = "granted",
    [TIDINGS_RELEASED] = "released", [TIDINGS_BROKEN] = "broken",
    [TIDINGS_LOST] = "lost",         [TIDINGS_LEFT] = "left",
    [TIDINGS_OFFLINE] = "offline",   [TIDINGS_ONLINE] = "online",
    [TIDINGS_OUTSIDE] = "outside",   [TIDINGS_CONFIGURATION] = "configuration",
};

static void add_names(struct json_line *line, const struct tidings *tidings)
{
    const struct lock_request *request = tidings->request;
    size_t added = 0;

    json_line_begin_texts(line, "locks");
    if (tidings->name != NULL)
        json_line_one_text(line, true, tidings->name);
    for (size_t i = 0; request != NULL && tidings->name == NULL && i < request->seat_count; i++) {
        const char *name = lock_seat_name(&request->seats[i]);
        bool counts = request->state != LOCK_HELD || request->seats[i].state == LOCK_SEAT_HELD;

        if (name != NULL && counts && added < NAMES_MOST)
            json_line_one_text(line, added++ == 0, name);
    }
    json_line_end_texts(line);
}

static void add_owner(struct json_line *line, const struct lock_request *request, bool is_hidden)
{
    const struct lock_claimant *process = request->process;
    const struct pool_config *pool = lock_request_pool(request);
    const char *user = process->user != NULL ? process->user : owner_name_user(request->owner);

    json_line_text(line, "pool", pool != NULL ? pool->name : NULL);
    json_line_text(line, "owner", is_hidden ? "-" : request->owner);
    json_line_text(line, "user", is_hidden ? NULL : user);
    json_line_text(line, "host", is_hidden ? NULL : process->host);
    json_line_known(line, "pid", is_hidden ? 0 : process->pid);
    json_line_text(line, "job", is_hidden ? NULL : process->job);
    json_line_text(line, "project", is_hidden ? NULL : pool_project(pool, process->project));
}

static void write_data(const struct lock_events *events, const struct tidings *tidings,
                       struct buffer *data)
{
    const struct lock_request *request = tidings->request;
    struct json_line line = json_line_begin(data);

    json_line_time(&line, "time", tidings->at_ms);
    if (tidings->kind != TIDINGS_CONFIGURATION)
        add_names(&line, tidings);
    if (tidings->kind == TIDINGS_OUTSIDE)
        json_line_number(&line, "seats", tidings->seats);
    if (request != NULL)
        add_owner(&line, request, onlooker_sees_nobody(events->server));
    if (tidings->reason != LOCK_REASON_NONE)
        json_line_text(&line, "reason", reason_word(tidings->reason));
    if (request != NULL && request->granted_ms != 0)
        json_line_seconds(&line, "waited", request->granted_ms - request->asked_ms);
    json_line_end(&line);
}

static void wake(struct lock_events *events, bool is_due)
{
    if (is_due)
        http_has_events(events->service);
}

static void free_first(struct lock_events *events)
{
    struct lock_event_text *text = STAILQ_FIRST(&events->unsafe);

    STAILQ_REMOVE_HEAD(&events->unsafe, line);
    events->unsafe_count--;
    buffer_fini(&text->data);
    free(text);
}

/* Whoever follows is told that something is missing. */
static void lose_all(struct lock_events *events)
{
    while (!STAILQ_EMPTY(&events->unsafe))
        free_first(events);
    wake(events, event_ring_break(&events->ring));
}

static void tell_safe_ones(struct lock_events *events)
{
    struct lock_event_text *text;

    while ((text = STAILQ_FIRST(&events->unsafe)) != NULL &&
           onlooker_is_safe(events->server, text->mark)) {
        wake(events, event_ring_add(&events->ring, text->kind, &text->data));
        free_first(events);
    }
}

static void on_tidings(void *context, const struct tidings *tidings)
{
    struct lock_events *events = context;
    struct lock_event_text *text = calloc(1, sizeof *text);

    if (text != NULL)
        write_data(events, tidings, &text->data);
    if (text == NULL || text->data.failed || events->unsafe_count == UNSAFE_MOST) {
        free(text);
        lose_all(events);
        return;
    }
    text->kind = kinds[tidings->kind];
    text->mark = onlooker_mark(events->server);
    STAILQ_INSERT_TAIL(&events->unsafe, text, line);
    events->unsafe_count++;
    tell_safe_ones(events);
}

void lock_events_init(struct lock_events *events, struct ipclocker_server *server)
{
    events->server = server;
    STAILQ_INIT(&events->unsafe);
    event_ring_init(&events->ring, (uint64_t)onlooker_now_ms(server));
}

void lock_events_start(struct lock_events *events, struct http_service *service)
{
    events->service = service;
    tidings_set(events->server, on_tidings, events);
}

void lock_events_on_safe(struct lock_events *events, bool lost)
{
    if (lost)
        lose_all(events);
    else
        tell_safe_ones(events);
}

void lock_events_fini(struct lock_events *events)
{
    tidings_set(events->server, NULL, NULL);
    while (!STAILQ_EMPTY(&events->unsafe))
        free_first(events);
    event_ring_fini(&events->ring);
}
