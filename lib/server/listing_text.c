/* What is in a list: the table's entries, one after the other.
 * Must not change the table, nor keep a pointer into it from one call to the next. */
#include "listing_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "history_text.h"
#include "reply_json.h"

enum {
    ENTRIES_A_LOOK = 16, /* a look at the clock costs as much as a line */
    BYTES_AT_ONCE = 1 << 18,
};

_Static_assert(sizeof((struct listing_text *)0)->name > OWNER_MAX_BYTES, "it takes any name");

void listing_text_fini(struct listing_text *text)
{
    if (listing_text_is_json(text->question.kind))
        free(text->bytes);
    text->bytes = NULL;
    list_json_destroy(text->json);
    text->json = NULL;
    buffer_fini(&text->lines);
}

/* More than most are long; what is not used of it is never touched.  Not 0. */
static size_t expected_bytes(const struct listing_text *text, const struct ipclocker_server *server)
{
    enum { A_LINE = 64, AN_ENTRY = 512, BYTES_MOST = 1 << 26 };
    size_t entries = lock_table_held_count(server->table) + 1;

    if (!listing_text_is_json(text->question.kind))
        return entries < BYTES_MOST / A_LINE ? entries * A_LINE : BYTES_MOST;
    entries += lock_table_waiter_count(server->table);
    return entries < BYTES_MOST / AN_ENTRY ? entries * AN_ENTRY : BYTES_MOST;
}

static void begin(struct listing_text *text, const struct ipclocker_server *server)
{
    bool only_pools = text->question.kind == LISTING_POOLS;

    text->at = only_pools ? LISTING_AT_POOLS : LISTING_HELD;
    if (!listing_text_is_json(text->question.kind)) {
        buffer_grow(&text->lines, expected_bytes(text, server));
        return;
    }
    text->json = reply_json_begin(server, only_pools);
    if (text->json == NULL)
        text->at = LISTING_FAILED;
    else if (!only_pools)
        list_json_expect(text->json, expected_bytes(text, server));
}

static void end(struct listing_text *text, const struct ipclocker_server *server)
{
    if (listing_text_is_json(text->question.kind)) {
        if (server != NULL)
            reply_json_add_offline(text->json, server);
        text->bytes = list_json_end(text->json, &text->len);
        text->json = NULL;
        text->at = text->bytes != NULL ? LISTING_WHOLE : LISTING_FAILED;
        return;
    }
    text->bytes = text->lines.data;
    text->len = text->lines.len;
    text->at = text->lines.failed ? LISTING_FAILED : LISTING_WHOLE;
}

static void add_line(struct buffer *lines, const struct lock_seat *seat,
                     const struct store_view *view)
{
    bool shows = history_text_shows(view, &seat->request->asker);

    buffer_add_text(lines, "lock ");
    buffer_add_text(lines, lock_seat_name(seat));
    buffer_add(lines, " ", 1);
    buffer_add_text(lines, shows ? seat->request->owner : "-");
    buffer_add(lines, "\n", 1);
}

static void add_held(struct listing_text *text, struct ipclocker_server *server,
                     const struct lock_seat *seat)
{
    switch (text->question.kind) {
    case LISTING_CLASSIC:
        add_line(&text->lines, seat, &text->question.view);
        break;
    case LISTING_JSON:
        reply_json_add_held(text->json, server, &text->question.view, seat);
        break;
    case LISTING_POOLS:
        break;
    case LISTING_PAST:
        if (seat->request->asked_ms < text->question.until_ms)
            history_text_add_held(&text->lines, seat, &text->question.view,
                                  text->question.tells_who);
        break;
    }
}

/* Each returns whether it has come to the end of its time, and not of what there is. */
static bool write_held(struct listing_text *text, struct ipclocker_server *server, int64_t until_us)
{
    const struct lock_table *table = server->table;
    const struct lock_seat *seat = lock_table_held_behind(table, text->name, text->held_ticket);

    for (size_t count = 1; seat != NULL; count++) {
        add_held(text, server, seat);
        if (count % ENTRIES_A_LOOK == 0 && clock_now_us() >= until_us) {
            snprintf(text->name, sizeof text->name, "%s", lock_seat_name(seat));
            text->held_ticket = seat->request->ticket;
            return true;
        }
        seat = lock_table_next_held(table, seat);
    }
    text->at = LISTING_WAITERS;
    return false;
}

/* One may want a thousand locks, and its place in each queue is to be found. */
static bool write_waiters(struct listing_text *text, struct ipclocker_server *server,
                          int64_t until_us)
{
    const struct lock_table *table = server->table;
    const struct lock_request *waiter = lock_table_waiter_behind(table, text->ticket);

    while (waiter != NULL) {
        if (!reply_json_add_waiter(text->json, server, &text->question.view, waiter)) {
            text->at = LISTING_FAILED;
            return false;
        }
        if (clock_now_us() >= until_us) {
            text->ticket = waiter->ticket;
            return true;
        }
        waiter = lock_table_next_waiter(table, waiter);
    }
    text->at = LISTING_AT_POOLS;
    return false;
}

static bool write_pools(struct listing_text *text, struct ipclocker_server *server,
                        int64_t until_us)
{
    while (reply_json_add_pool(text->json, server, &text->question.view, &text->pool)) {
        if (clock_now_us() >= until_us)
            return true;
    }
    return false;
}

void listing_text_write(struct listing_text *text, struct ipclocker_server *server,
                        int64_t until_us)
{
    bool more = false;

    if (text->at == LISTING_NEW)
        begin(text, server);
    if (text->at == LISTING_HELD)
        more = write_held(text, server, until_us);
    if (text->at == LISTING_WAITERS && text->question.kind == LISTING_JSON)
        more = write_waiters(text, server, until_us);
    if (text->at == LISTING_AT_POOLS)
        more = write_pools(text, server, until_us);
    if ((text->at == LISTING_WAITERS || text->at == LISTING_AT_POOLS) && !more)
        end(text, server);
}

void listing_text_break_off(struct listing_text *text)
{
    if (text->at != LISTING_NEW && text->at < LISTING_WHOLE)
        end(text, NULL);
}

bool listing_text_shrink(struct listing_text *text, int64_t until_us)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

    /* As much as lies in whole pages goes; what was there is zero then, and still ours. */
    while (text->bytes != NULL && text->len - text->dropped > 2 * (size_t)BYTES_AT_ONCE) {
        uintptr_t begin = (uintptr_t)(text->bytes + text->dropped + page - 1) / page * page;

        if (madvise((void *)begin, BYTES_AT_ONCE, MADV_DONTNEED) != 0)
            break;
        text->dropped += BYTES_AT_ONCE;
        if (clock_now_us() >= until_us)
            return false;
    }
    return true;
}
