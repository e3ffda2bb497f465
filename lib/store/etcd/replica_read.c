/* Of a replica: rows and history, page by page.
 * Must not keep what it has read. */
#include "replica_read.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replica_base.h"

enum {
    PAGE_FIRST = 100,
    PAGE_LEAST = 10,
    PAGE_MOST = 5000,
    PAGE_BYTES = 1024 * 1024, /* that a page is to have, about */
    HISTORY_PAGE = 16,
    NUMBER_DIGITS = 16,
};

void replica_rows_begin(struct etcd_replica *self)
{
    struct replica_rows *rows = &self->rows;

    rows->is_wanted = true;
    rows->revision = self->last;
    rows->stage = 0;
    rows->limit = PAGE_FIRST;
    buffer_drop(&rows->from, rows->from.len);
}

int replica_rows_ask(struct etcd_replica *self)
{
    const struct replica_rows *rows = &self->rows;
    struct replica_range range;

    /* All letters behind that of the history, which has a reader of its own. */
    replica_range(self, &range, "i", "");
    range.end[range.range.end.len - 1]++;
    if (rows->from.len > 0)
        range.range.first = (struct etcd_bytes){rows->from.data, rows->from.len};
    range.range.limit = rows->limit;
    range.range.revision = rows->stage < 2 ? rows->revision : 0;
    range.range.serializable = rows->stage == 0;
    return etcd_wire_range(&self->request, &range.range);
}

struct telling {
    struct etcd_replica *self;
    size_t prefix_len, count;
    bool gave_up; /* else the answer could not be read, and nothing of it was told */
};

static int tell_row(void *context, const struct etcd_row *row)
{
    struct telling *telling = context;
    struct etcd_replica *self = telling->self;
    size_t prefix_len = telling->prefix_len;
    struct etcd_row told = *row;

    telling->gave_up = true;
    if (row->key.len <= prefix_len || memcmp(row->key.data, self->prefix, prefix_len) != 0) {
        errno = EPROTO;
        return -1;
    }
    buffer_drop(&self->rows.from, self->rows.from.len);
    buffer_add(&self->rows.from, row->key.data, row->key.len);
    buffer_add(&self->rows.from, "", 1); /* the least key behind it */
    if (self->rows.from.failed) {
        errno = ENOMEM;
        return -1;
    }
    telling->count++;
    told.key.data = (const char *)row->key.data + prefix_len;
    told.key.len -= prefix_len;
    if (self->on_row(self->context, &told) != 0)
        return -1;
    telling->gave_up = false;
    return 0;
}

/* As many rows as may come to a page of the usual size. */
static int64_t next_limit(int64_t limit, size_t page_bytes)
{
    int64_t next = limit * PAGE_BYTES / (int64_t)(page_bytes > 0 ? page_bytes : 1);

    if (next > PAGE_MOST)
        return PAGE_MOST;
    return next < PAGE_LEAST ? PAGE_LEAST : next;
}

/* A member may be behind even where it should not: what is read as it is now must not be older than
 * what was asked for first. */
static bool is_behind(const struct etcd_replica *self, const struct buffer *response)
{
    struct etcd_answer answer;

    return self->rows.stage == 2 && etcd_wire_read_range(response, &answer, NULL, NULL) == 0 &&
           answer.revision < self->rows.revision;
}

static enum etcd_event take_page(struct etcd_replica *self, int64_t now_ms,
                                 const struct buffer *response)
{
    struct telling telling = {.self = self, .prefix_len = strlen(self->prefix)};
    struct etcd_answer answer;

    if (is_behind(self, response)) {
        snprintf(self->error, sizeof self->error, "a member of etcd is behind the others");
        replica_pause(self, now_ms, REPLICA_UNKNOWN_PAUSE_MS);
        return ETCD_EVENT_TROUBLE;
    }
    if (etcd_wire_read_range(response, &answer, tell_row, &telling) != 0) {
        if (!telling.gave_up)
            return replica_not_understood(self, now_ms);
        self->rows.is_wanted = false;
        return ETCD_EVENT_UNREADABLE;
    }
    self->rows.limit = next_limit(self->rows.limit, response->len);
    if (answer.more && telling.count > 0)
        return ETCD_EVENT_NONE;
    self->rows.is_wanted = false;
    return ETCD_EVENT_LOADED;
}

/* Nobody but this one has changed a row since the revision: where that cannot be had, as it is now
 * is as good. */
enum etcd_event replica_rows_hear(struct etcd_replica *self, int64_t now_ms,
                                  enum etcd_outcome outcome, const struct buffer *response,
                                  int code)
{
    if (outcome == ETCD_ANSWERED)
        return take_page(self, now_ms, response);
    if (outcome == ETCD_REFUSED && code == ETCD_CODE_OUT_OF_RANGE && self->rows.stage < 2) {
        self->rows.stage++;
        replica_pause(self, now_ms, 0);
        return ETCD_EVENT_NONE;
    }
    return ETCD_EVENT_TROUBLE;
}

/* history */

int replica_history_ask(struct etcd_replica *self)
{
    char first[NUMBER_DIGITS + 3];
    struct replica_range range;

    snprintf(first, sizeof first, "h/%016" PRIx64, self->history_after + 1);
    replica_range(self, &range, first, "h0");
    range.range.limit = HISTORY_PAGE;
    return etcd_wire_range(&self->request, &range.range);
}

static int tell_history(void *context, const struct etcd_row *row)
{
    struct telling *telling = context;
    struct etcd_replica *self = telling->self;
    size_t name_len = strlen(self->prefix) + strlen("h/");
    char digits[NUMBER_DIGITS + 1] = "", *end;
    uint64_t number;

    if (row->key.len == name_len + NUMBER_DIGITS)
        memcpy(digits, (const char *)row->key.data + name_len, NUMBER_DIGITS);
    number = strtoull(digits, &end, 16);
    if (end != digits + NUMBER_DIGITS)
        return 0; /* nobody's of ours */
    telling->gave_up =
        self->on_history != NULL && self->on_history(self->context, number, row->value) != 0;
    return telling->gave_up ? -1 : 0;
}

enum etcd_event replica_history_hear(struct etcd_replica *self, int64_t now_ms,
                                     enum etcd_outcome outcome, const struct buffer *response)
{
    struct telling telling = {.self = self};
    struct etcd_answer answer;

    /* A page for each change at most: neither those nor the heartbeat wait for a long history. */
    self->history_waits = true;
    if (outcome != ETCD_ANSWERED) {
        self->history_at_ms = now_ms + self->who.takeover_ms;
        if (outcome == ETCD_REFUSED)
            replica_pause(self, now_ms, 0); /* nothing else is refused with it */
        return ETCD_EVENT_TROUBLE;
    }
    if (etcd_wire_read_range(response, &answer, tell_history, &telling) != 0 && !telling.gave_up)
        return replica_not_understood(self, now_ms);
    self->wants_history = false;
    return ETCD_EVENT_HISTORY;
}
