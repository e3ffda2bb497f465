/* Lists of the whole table: who waits for which, and when it is written and said.
 * Must not know what is in a list, nor work at one for longer than a slice of a pass. */
#include "listing.h"

#include <stdlib.h>

#include "base/clock.h"
#include "listing_text.h"
#include "pass.h"
#include "reply.h"
#include "state_note.h"

enum {
    SLICE_US = 1000,
    PART_BYTES = 64 * 1024, /* of a list in the output of one connection */
    FRESH_MS = 100,         /* as long as nothing has changed */
    KINDS = LISTING_PAST + 1,
    ROWS_PAID_MOST = 10000000,
};

struct listing {
    struct ipclocker_server *server;
    struct listing_text text;
    TAILQ_HEAD(conn_listings, conn_listing) askers;
    TAILQ_HEAD(listing_onlookers, onlooker) onlookers;
    uint64_t changes; /* of the table when it was begun */
    int64_t begun_ms;
    TAILQ_ENTRY(listing) queue; /* while it is not whole, or when nobody takes it any more */
};

static bool is_whole(const struct listing *listing)
{
    return listing->text.at >= LISTING_WHOLE;
}

static struct listing *create(struct ipclocker_server *server,
                              const struct listing_question *question)
{
    struct listing *listing = calloc(1, sizeof *listing);

    if (listing == NULL)
        return NULL;
    listing->server = server;
    listing->text.question = *question;
    TAILQ_INIT(&listing->askers);
    TAILQ_INIT(&listing->onlookers);
    TAILQ_INSERT_TAIL(&server->listings, listing, queue);
    return listing;
}

/* Frees one that nobody takes any more. */
static void destroy(struct listing *listing)
{
    struct ipclocker_server *server = listing->server;

    TAILQ_REMOVE(&server->old_listings, listing, queue);
    server->listing_bytes -= listing->text.len;
    listing_text_fini(&listing->text);
    free(listing);
    /* There may be room for the next one. */
    if (!TAILQ_EMPTY(&server->listings))
        pass_queue_end(server);
}

/* The kernel needs as long to take a long text's memory back as for a part of it to be written. */
static void on_old(evutil_socket_t fd, short events, void *context)
{
    static const struct timeval at_once = {0};
    struct ipclocker_server *server = context;
    int64_t until_us = clock_now_us() + SLICE_US;
    struct listing *listing;

    (void)fd;
    (void)events;
    while ((listing = TAILQ_FIRST(&server->old_listings)) != NULL) {
        if (!listing_text_shrink(&listing->text, until_us)) {
            evtimer_add(&server->more_old_listings, &at_once);
            return;
        }
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): TAILQ_REMOVE moves the head on */
        destroy(listing);
    }
}

/* Nobody takes it any more. */
static void give_up(struct listing *listing)
{
    static const struct timeval at_once = {0};
    struct ipclocker_server *server = listing->server;

    if (!is_whole(listing)) {
        TAILQ_REMOVE(&server->listings, listing, queue);
        listing_text_break_off(&listing->text);
        server->listing_bytes += listing->text.len;
    }
    for (size_t i = 0; i < KINDS; i++) {
        if (server->fresh_listings[i] == listing)
            server->fresh_listings[i] = NULL;
    }
    TAILQ_INSERT_TAIL(&server->old_listings, listing, queue);
    evtimer_add(&server->more_old_listings, &at_once);
}

static bool is_for(const struct listing *listing, const struct listing_question *question)
{
    const struct listing_question *own = &listing->text.question;

    return own->kind == question->kind && own->view.is_limited == question->view.is_limited &&
           own->view.is_known == question->view.is_known && own->view.uid == question->view.uid;
}

/* One that says all that has changed before it was asked for. */
static struct listing *find(const struct ipclocker_server *server,
                            const struct listing_question *question)
{
    struct listing *fresh = server->fresh_listings[question->kind], *listing;

    if (fresh != NULL && is_for(fresh, question) && fresh->changes == server->table_changes &&
        clock_now_ms() - fresh->begun_ms < FRESH_MS)
        return fresh;
    TAILQ_FOREACH(listing, &server->listings, queue)
    {
        if (is_for(listing, question) && listing->text.at == LISTING_NEW)
            return listing;
    }
    return NULL;
}

/* Who has it written pays for all who take it. */
static uint32_t cost_of(const struct ipclocker_server *server,
                        const struct listing_question *question)
{
    size_t rows = lock_table_held_count(server->table);

    if (question->kind == LISTING_JSON || question->kind == LISTING_POOLS)
        rows += lock_table_waiter_count(server->table);
    return rows < ROWS_PAID_MOST ? (uint32_t)rows : ROWS_PAID_MOST;
}

void listing_ask(struct conn *conn, const struct listing_question *question)
{
    /* Hardly two ask for the same part of the history. */
    struct listing *listing = question->kind != LISTING_PAST ? find(conn->server, question) : NULL;
    struct conn_listing *list = calloc(1, sizeof *list);

    pass_mark_dirty(conn);
    if (listing == NULL && list != NULL) {
        listing = create(conn->server, question);
        conn->turn_cost_us += cost_of(conn->server, question);
    }
    if (listing == NULL || list == NULL) {
        free(list);
        /* A client that waits for a length must not wait for ever. */
        conn->out.bytes.failed = true;
        return;
    }
    list->conn = conn;
    list->listing = listing;
    conn->list = list;
    conn->state = CONN_READING;
    TAILQ_INSERT_TAIL(&listing->askers, list, of_listing);
}

static void give_up_if_unwanted(struct listing *listing)
{
    if (TAILQ_EMPTY(&listing->askers) && TAILQ_EMPTY(&listing->onlookers))
        give_up(listing);
}

/* It may look away meanwhile. */
static void show(struct listing *listing, struct onlooker *onlooker)
{
    bool failed = listing->text.at == LISTING_FAILED;

    onlooker->version = listing->changes;
    if (listing->server->state.confirms)
        state_note_confirm(listing->server);
    onlooker->mark = state_note_mark(listing->server);
    onlooker->on_list(onlooker, failed ? NULL : listing->text.bytes, listing->text.len);
}

void listing_forget(struct conn *conn)
{
    struct conn_listing *list = conn->list;

    if (list == NULL)
        return;
    conn->list = NULL;
    TAILQ_REMOVE(&list->listing->askers, list, of_listing);
    give_up_if_unwanted(list->listing);
    buffer_fini(&list->delayed);
    free(list);
}

int listing_look(struct ipclocker_server *server, struct onlooker *onlooker,
                 const struct listing_question *question)
{
    struct listing *listing = find(server, question);

    if (listing == NULL && (listing = create(server, question)) == NULL)
        return -1;
    onlooker->listing = listing;
    TAILQ_INSERT_TAIL(&listing->onlookers, onlooker, of_listing);
    if (is_whole(listing))
        show(listing, onlooker);
    else
        pass_queue_end(server);
    return 0;
}

void listing_look_away(struct onlooker *onlooker)
{
    struct listing *listing = onlooker->listing;

    if (listing == NULL)
        return;
    onlooker->listing = NULL;
    TAILQ_REMOVE(&listing->onlookers, onlooker, of_listing);
    give_up_if_unwanted(listing);
}

static void say_begin(struct conn *conn)
{
    const struct listing_text *text = &conn->list->listing->text;

    if (listing_text_is_json(text->question.kind))
        reply_number(conn, "json", text->len);
}

/* What others have put off meanwhile. */
static void say_put_off(struct conn *conn)
{
    struct claim_link *link;

    LIST_FOREACH(link, &conn->links, of_conn)
    {
        if (!link->put_off)
            break;
        link->put_off = false;
        reply_extended(conn, link->claim->request);
    }
}

static void say_end(struct conn *conn)
{
    static const char *const ends[] = {
        [LISTING_CLASSIC] = "\n\n",
        [LISTING_JSON] = "\n",
        [LISTING_POOLS] = "\n",
        [LISTING_PAST] = "history 0\n",
    };

    buffer_add_text(&conn->out.bytes, ends[conn->list->listing->text.question.kind]);
    if (conn->list->delayed.len > 0)
        buffer_add(&conn->out.bytes, conn->list->delayed.data, conn->list->delayed.len);
    listing_forget(conn);
    say_put_off(conn);
    if (conn->state == CONN_READING)
        conn->state = CONN_OPEN;
}

/* A long list is over when its client has read it: until then it could not have read what others
 * have to say to it. */
static bool is_unread(const struct conn *conn, size_t part)
{
    bool is_long = conn->list->listing->text.len > PART_BYTES;

    return is_long && (part > 0 || gated_output_sendable(&conn->out) > 0);
}

bool listing_say_more(struct conn *conn)
{
    struct conn_listing *list = conn->list;
    const struct listing *listing = list != NULL ? list->listing : NULL;
    size_t part;

    if (listing == NULL || !is_whole(listing) || conn->state != CONN_READING)
        return false;
    if (listing->text.at == LISTING_FAILED) {
        conn->out.bytes.failed = true;
        return false;
    }
    if (gated_output_len(&conn->out) >= PART_BYTES)
        return true;
    if (list->sent == 0)
        say_begin(conn);
    part = listing->text.len - list->sent;
    part = part < PART_BYTES ? part : PART_BYTES;
    if (part > 0)
        buffer_add(&conn->out.bytes, listing->text.bytes + list->sent, part);
    list->sent += part;
    if (list->sent < listing->text.len || is_unread(conn, part))
        return true;
    say_end(conn);
    return false;
}

static void note_whole(struct listing *listing)
{
    struct ipclocker_server *server = listing->server;
    struct onlooker *onlooker, *next;
    const struct conn_listing *list;

    TAILQ_REMOVE(&server->listings, listing, queue);
    server->listing_bytes += listing->text.len;
    server->fresh_listings[listing->text.question.kind] = listing;
    TAILQ_FOREACH(list, &listing->askers, of_listing)
    {
        pass_mark_dirty(list->conn);
    }
    for (onlooker = TAILQ_FIRST(&listing->onlookers); onlooker != NULL; onlooker = next) {
        next = TAILQ_NEXT(onlooker, of_listing);
        show(listing, onlooker);
    }
}

/* Texts that nobody takes must not add up: while there are many bytes of them, the next one waits
 * until some have gone. */
static bool has_room(const struct ipclocker_server *server)
{
    return server->listing_bytes == 0 ||
           server->listing_bytes < server->limits[IPCLOCKER_LIMIT_OUTPUT] / 2;
}

static bool may_write(const struct ipclocker_server *server)
{
    const struct listing *first = TAILQ_FIRST(&server->listings);

    return first != NULL && (first->text.at != LISTING_NEW || has_room(server));
}

void listing_write_some(struct ipclocker_server *server)
{
    static const struct timeval at_once = {0};
    int64_t until_us;

    until_us = clock_now_us() + SLICE_US;
    while (may_write(server)) {
        struct listing *listing = TAILQ_FIRST(&server->listings);

        if (listing->text.at == LISTING_NEW) {
            listing->changes = server->table_changes;
            listing->begun_ms = clock_now_ms();
        }
        listing_text_write(&listing->text, server, until_us);
        if (is_whole(listing))
            note_whole(listing);
        if (clock_now_us() >= until_us)
            break;
    }
    /* Others have their turn in between: the loop looks for what has come before it calls. */
    if (may_write(server))
        evtimer_add(&server->more_listing, &at_once);
}

static void on_more(evutil_socket_t fd, short events, void *context)
{
    (void)fd;
    (void)events;
    pass_queue_end(context);
}

void listing_start(struct ipclocker_server *server)
{
    evtimer_assign(&server->more_listing, server->base, on_more, server);
    evtimer_assign(&server->more_old_listings, server->base, on_old, server);
}

void listing_stop(struct ipclocker_server *server)
{
    evtimer_del(&server->more_listing);
    evtimer_del(&server->more_old_listings);
    while (!TAILQ_EMPTY(&server->old_listings))
        destroy(TAILQ_FIRST(&server->old_listings)); /* NOLINT(clang-analyzer-unix.Malloc) */
}
