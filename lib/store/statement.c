/* The statements of the SQLite engine: batches in, history out.
 * Must not know of threads: whoever calls has the database to itself. */
#include "statement.h"

#include <endian.h>
#include <errno.h>

#include "base/clock.h"
#include "error.h"
#include "load.h"
#include "protocol/owner_name.h"
#include "schema.h"

enum {
    TRIM_ROWS = 500, /* of the history in one transaction, so that nobody waits for it long */
    PROBE_BYTES = 32768,
    COUNTERS_AHEAD = 1000,
};

static const char *const statement_text[STATEMENTS] = {
    [STATEMENT_BEGIN] = "BEGIN IMMEDIATE",
    [STATEMENT_COMMIT] = "COMMIT",
    [STATEMENT_ROLLBACK] = "ROLLBACK",
    [STATEMENT_PUT] =
        "INSERT OR REPLACE INTO requests(" STORE_REQUEST_COLUMNS
        ") VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [STATEMENT_DROP] = "DELETE FROM requests WHERE ticket = ?",
    [STATEMENT_COUNTERS] = "UPDATE state SET next_ticket = max(next_ticket, ?),"
                           " next_token = max(next_token, ?) WHERE id = 1",
    [STATEMENT_HOST] = "UPDATE state SET host = ?",
    [STATEMENT_CLOCK] = "UPDATE state SET boot = ?, base_ms = ?, seen_ms = ?, keep_until_ms = ?",
    [STATEMENT_UNUSABLE] = "INSERT OR REPLACE INTO unusable(kind, name, seats, until_ms, reason)"
                           " VALUES(?, ?, ?, ?, ?)",
    [STATEMENT_USABLE] = "DELETE FROM unusable WHERE kind = ? AND name = ?",
    [STATEMENT_PROBE] = "INSERT OR REPLACE INTO probe VALUES(1, randomblob(?))",
    [STATEMENT_HISTORY] =
        "INSERT INTO history(past, reason, lock, owner, login, host, job, pid,"
        " ticket, token, asked_ms, granted_ms, ended_ms, uid, how, by_uid, by_how,"
        " by_name, by_peer, pool, project, shared)"
        " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [STATEMENT_BLOCK] = "INSERT OR REPLACE INTO history_blocks VALUES(?, ?, ?)",
    /* Numbers of rows begin anew where all have been removed. */
    [STATEMENT_FORGET_BLOCKS] = "DELETE FROM history_blocks WHERE block >= ?1 OR block <"
                                " ((SELECT min(id) FROM history) - 1) / 1024",
    /* Rows come in the order of their ends, but for a clock that was set back meanwhile: what it
     * put into the future must not stand before the others for years. */
    [STATEMENT_TRIM] = "DELETE FROM history WHERE ended_ms < ?1 AND id IN"
                       " (SELECT id FROM history WHERE ended_ms <= ?2 ORDER BY id LIMIT ?3)",
    [STATEMENT_SIZE] = "SELECT (page_count - freelist_count) * page_size FROM"
                       " pragma_page_count(), pragma_freelist_count(), pragma_page_size()",
    [STATEMENT_TRIM_OLDEST] = "DELETE FROM history WHERE id IN"
                              " (SELECT id FROM history ORDER BY id LIMIT ?)",
    [STATEMENT_QUERY] = "SELECT id, " STORE_HISTORY_COLUMNS " FROM history"
                        " WHERE id > ? AND ended_ms >= ? AND asked_ms < ? ORDER BY id LIMIT ?",
    [STATEMENT_CHECKPOINT] = "PRAGMA wal_checkpoint(PASSIVE)",
    [STATEMENT_EMPTY_LOG] = "PRAGMA wal_checkpoint(TRUNCATE)",
};

/* Runs a statement whose parameters are bound, to its end. */
static int run(struct store_statements *self, enum store_statement which)
{
    return store_bound_run(&self->prepared[which]);
}

static void bind_number(struct store_bound *bound, int at, uint64_t number)
{
    store_bound_number(bound, at, (int64_t)number);
}

/* Binds a uid, -1 where it is not proven, and how it is known. */
static void bind_asker(struct store_bound *bound, int at, const struct lock_asker *asker)
{
    store_bound_number(bound, at, asker->proof != LOCK_CLAIMED ? (int64_t)asker->uid : -1);
    bind_number(bound, at + 1, asker->proof);
}

/* Bytes of `key` are bound where there are any. */
static void bind_key(struct store_bound *bound, int at, const struct lock_asker *asker,
                     uint64_t key[2])
{
    bool is_there = (asker->key[0] | asker->key[1]) != 0 && !asker->is_fresh;

    key[0] = htole64(asker->key[0]);
    key[1] = htole64(asker->key[1]);
    store_bound_bytes(bound, at, is_there ? key : NULL, 2 * sizeof *key);
}

static int put(struct store_statements *self, const struct store_request *request)
{
    struct store_bound *bound = &self->prepared[STATEMENT_PUT];
    uint64_t key[2];

    bind_number(bound, 1, request->ticket);
    bind_number(bound, 2, request->token);
    store_bound_text(bound, 3, request->owner);
    store_bound_text(bound, 4, request->host);
    store_bound_text(bound, 5, request->boot);
    store_bound_text(bound, 6, request->job);
    bind_number(bound, 7, request->pid);
    bind_number(bound, 8, request->start);
    bind_number(bound, 9, request->pid_namespace);
    bind_number(bound, 10, request->autounlock);
    store_bound_number(bound, 11, request->asked_ms);
    store_bound_number(bound, 12, request->granted_ms);
    store_bound_number(bound, 13, request->hold_ms);
    store_bound_number(bound, 14, request->deadline_ms);
    store_bound_text(bound, 15, request->demand);
    bind_number(bound, 16, request->away);
    bind_asker(bound, 17, &request->asker);
    bind_key(bound, 19, &request->asker, key);
    store_bound_text(bound, 20, store_address_text(&self->peer, request->asker.peer));
    store_bound_text(bound, 21, request->login);
    store_bound_text(bound, 22, request->project);
    store_bound_number(bound, 23, request->priority);
    store_bound_number(bound, 24, request->keep.keep_ms);
    store_bound_number(bound, 25, request->keep.until_ms > 0 ? request->keep.until_ms : 0);
    bind_number(bound, 26, request->keep.until_boot);
    store_bound_number(bound, 27, request->lost_after_s);
    return run(self, STATEMENT_PUT);
}

/* Keeps the description of its block complete, behind a row that was just added. */
static int note_in_block(struct store_statements *self, const struct store_history *entry)
{
    int64_t id = sqlite3_last_insert_rowid(self->db), number = history_block_of(id);
    bool is_other = self->block.next_id == 0 || number != history_block_of(self->block.next_id - 1);
    struct store_bound *bound = &self->prepared[STATEMENT_BLOCK];

    if (is_other) {
        store_bound_number(&self->prepared[STATEMENT_FORGET_BLOCKS], 1, number);
        if (run(self, STATEMENT_FORGET_BLOCKS) != SQLITE_OK)
            return sqlite3_errcode(self->db);
    }
    if (!history_block_add(&self->block, id, entry->ended_ms, entry->asked_ms))
        return SQLITE_OK;
    store_bound_number(bound, 1, number);
    store_bound_number(bound, 2, self->block.ended_ms);
    store_bound_number(bound, 3, self->block.asked_ms);
    return run(self, STATEMENT_BLOCK);
}

static int add_history(struct store_statements *self, const struct store_history *entry)
{
    struct store_bound *bound = &self->prepared[STATEMENT_HISTORY];
    int result;

    if (self->history_ms == 0)
        return SQLITE_OK;
    bind_number(bound, 1, entry->past);
    bind_number(bound, 2, entry->reason);
    store_bound_text(bound, 3, entry->lock);
    store_bound_text(bound, 4, entry->owner);
    store_bound_text(bound, 5, owner_name_user(entry->owner));
    store_bound_text(bound, 6, entry->host);
    store_bound_text(bound, 7, entry->job);
    bind_number(bound, 8, entry->pid);
    bind_number(bound, 9, entry->ticket);
    bind_number(bound, 10, entry->token);
    store_bound_number(bound, 11, entry->asked_ms);
    store_bound_number(bound, 12, entry->granted_ms);
    store_bound_number(bound, 13, entry->ended_ms);
    bind_asker(bound, 14, &entry->asker);
    bind_asker(bound, 16, &entry->by);
    store_bound_text(bound, 18, entry->by_name);
    store_bound_text(bound, 19, store_address_text(&self->peer, entry->by.peer));
    store_bound_text(bound, 20, entry->pool);
    store_bound_text(bound, 21, entry->project);
    bind_number(bound, 22, entry->shared);
    result = run(self, STATEMENT_HISTORY);
    return result == SQLITE_OK ? note_in_block(self, entry) : result;
}

static int note_clock(struct store_statements *self, const struct store_clock *clock)
{
    struct store_bound *bound = &self->prepared[STATEMENT_CLOCK];

    self->line_ms = clock->seen_ms;
    self->keep_until_ms = clock->keep_until_ms;
    self->told_ms = clock_ms(CLOCK_BOOTTIME);
    store_bound_text(bound, 1, clock->boot);
    store_bound_number(bound, 2, clock->base_ms);
    store_bound_number(bound, 3, clock->seen_ms);
    store_bound_number(bound, 4, clock->keep_until_ms);
    return run(self, STATEMENT_CLOCK);
}

static int note_unusable(struct store_statements *self, const struct store_unusable *unusable)
{
    enum store_statement which = unusable->seats > 0 ? STATEMENT_UNUSABLE : STATEMENT_USABLE;
    struct store_bound *bound = &self->prepared[which];

    bind_number(bound, 1, unusable->kind);
    store_bound_text(bound, 2, unusable->name);
    if (unusable->seats > 0) {
        bind_number(bound, 3, unusable->seats);
        store_bound_number(bound, 4, unusable->until_ms);
        store_bound_text(bound, 5, unusable->reason);
    }
    return run(self, which);
}

static int apply(struct store_statements *self, const struct store_op *op)
{
    switch (op->kind) {
    case STORE_OP_PUT:
        return put(self, &op->request);
    case STORE_OP_DROP:
        bind_number(&self->prepared[STATEMENT_DROP], 1, op->ticket);
        return run(self, STATEMENT_DROP);
    case STORE_OP_HOST:
        store_bound_text(&self->prepared[STATEMENT_HOST], 1, op->host);
        return run(self, STATEMENT_HOST);
    case STORE_OP_PROBE:
        store_bound_number(&self->prepared[STATEMENT_PROBE], 1, PROBE_BYTES);
        return run(self, STATEMENT_PROBE);
    case STORE_OP_HISTORY:
        return add_history(self, &op->history);
    case STORE_OP_CLOCK:
        return note_clock(self, &op->clock);
    case STORE_OP_UNUSABLE:
        return note_unusable(self, &op->unusable);
    }
    return SQLITE_MISUSE;
}

static int apply_batch(struct store_statements *self, const struct store_batch *batch, bool *probes)
{
    const struct store_op *op;
    int result = batch->failed ? SQLITE_NOMEM : SQLITE_OK;

    STAILQ_FOREACH(op, &batch->ops, next)
    {
        if (result == SQLITE_OK)
            result = apply(self, op);
        *probes |= op->kind == STORE_OP_PROBE;
    }
    return result;
}

/* The counters are kept ahead of what is used, so that few commits have to write them: a restart
 * then leaves some numbers out, which nobody minds.
 */
static int reserve_counters(struct store_statements *self, const struct store_batch_queue *work,
                            struct store_counters *reserved)
{
    struct store_bound *bound = &self->prepared[STATEMENT_COUNTERS];
    const struct store_batch *batch;
    struct store_counters used = {0};

    STAILQ_FOREACH(batch, work, next)
    {
        used.ticket = batch->next_ticket > used.ticket ? batch->next_ticket : used.ticket;
        used.token = batch->next_token > used.token ? batch->next_token : used.token;
    }
    if (used.ticket <= reserved->ticket && used.token <= reserved->token)
        return SQLITE_OK;
    reserved->ticket = used.ticket + COUNTERS_AHEAD;
    reserved->token = used.token + COUNTERS_AHEAD;
    bind_number(bound, 1, reserved->ticket);
    bind_number(bound, 2, reserved->token);
    return run(self, STATEMENT_COUNTERS);
}

static int commit_transaction(struct store_statements *self)
{
    int64_t took_us = -clock_now_us();
    int result = run(self, STATEMENT_COMMIT);

    took_us += clock_now_us();
    /* One of the two may have taken longer as the thread had to wait for a processor. */
    self->sync_us = took_us < self->last_sync_us ? took_us : self->last_sync_us;
    self->last_sync_us = took_us;
    return result;
}

int store_statement_write(struct store_statements *self, const struct store_batch_queue *work)
{
    struct store_counters reserved = self->reserved;
    const struct store_batch *batch;
    bool probes = false;
    int result;

    errno = 0; /* so that it is the disk's when this fails */
    result = run(self, STATEMENT_BEGIN);

    STAILQ_FOREACH(batch, work, next)
    {
        if (result == SQLITE_OK)
            result = apply_batch(self, batch, &probes);
    }
    if (result == SQLITE_OK)
        result = reserve_counters(self, work, &reserved);
    if (result == SQLITE_OK)
        result = commit_transaction(self);
    if (result == SQLITE_OK)
        self->reserved = reserved;
    /* After a sync that failed, the pages of the log may be lost though they can be read: copying
     * them to the file has them written once more. */
    if (result == SQLITE_OK && probes)
        result = run(self, STATEMENT_EMPTY_LOG);
    return result;
}

void store_statement_checkpoint(struct store_statements *self)
{
    run(self, STATEMENT_CHECKPOINT);
}

static void read_entry(struct store_query *query, sqlite3_stmt *row)
{
    struct store_history entry;

    store_load_history(row, 1, &entry);
    query->next = (uint64_t)sqlite3_column_int64(row, 0);
    if (entry.lock != NULL && entry.owner != NULL)
        query->on_entry(query, &entry);
}

void store_statement_query(struct store_statements *self, struct store_query *query)
{
    struct store_bound *bound = &self->prepared[STATEMENT_QUERY];
    sqlite3_stmt *row = bound->statement;
    size_t count = 0;
    int result;

    bind_number(bound, 1, query->after);
    store_bound_number(bound, 2, query->since_ms);
    store_bound_number(bound, 3, query->until_ms);
    bind_number(bound, 4, query->limit);
    while ((result = sqlite3_step(row)) == SQLITE_ROW) {
        read_entry(query, row);
        count++;
    }
    sqlite3_reset(row);
    query->failed = result != SQLITE_DONE;
    if (count < query->limit)
        query->next = 0;
}

void store_statement_roll_back(struct store_statements *self)
{
    if (!sqlite3_get_autocommit(self->db))
        run(self, STATEMENT_ROLLBACK);
}

/* Not the wall clock, once that is known: it may be set, and take the history with it. */
static int64_t time_of_line(const struct store_statements *self)
{
    if (self->line_ms == 0)
        return clock_wall_ms();
    return self->line_ms + clock_ms(CLOCK_BOOTTIME) - self->told_ms;
}

/* Rows that were removed leave room in the file for others; it does not become smaller. */
static bool is_too_large(struct store_statements *self)
{
    sqlite3_stmt *size = self->prepared[STATEMENT_SIZE].statement;
    bool result = self->history_bytes > 0 && sqlite3_step(size) == SQLITE_ROW &&
                  sqlite3_column_int64(size, 0) > self->history_bytes;

    sqlite3_reset(size);
    return result;
}

static bool trim_oldest(struct store_statements *self)
{
    store_bound_number(&self->prepared[STATEMENT_TRIM_OLDEST], 1, TRIM_ROWS);
    return run(self, STATEMENT_TRIM_OLDEST) == SQLITE_OK && sqlite3_changes(self->db) >= TRIM_ROWS;
}

bool store_statement_trim(struct store_statements *self)
{
    struct store_bound *trim = &self->prepared[STATEMENT_TRIM];
    int64_t now_ms = time_of_line(self);

    if (is_too_large(self))
        return trim_oldest(self);
    if (now_ms < self->keep_until_ms)
        return false;
    store_bound_number(trim, 1, now_ms - self->history_ms);
    store_bound_number(trim, 2, now_ms);
    store_bound_number(trim, 3, TRIM_ROWS);
    /* A disk that does not let us trim will not let us commit either, and is reported then. */
    return run(self, STATEMENT_TRIM) == SQLITE_OK && sqlite3_changes(self->db) >= TRIM_ROWS / 2;
}

int store_statement_prepare(struct store_statements *self, sqlite3 *db,
                            const struct store_options *options, char error[STORE_ERROR_SIZE])
{
    char reason[256];

    self->db = db;
    self->history_ms = options->history_ms;
    self->history_bytes = options->history_bytes;
    self->reserved = (struct store_counters){0};
    self->block = (struct history_block){0};
    for (size_t i = 0; i < STATEMENTS; i++) {
        int result = sqlite3_prepare_v3(db, statement_text[i], -1, SQLITE_PREPARE_PERSISTENT,
                                        &self->prepared[i].statement, NULL);

        if (result != SQLITE_OK) {
            result = store_error_describe(db, result, reason, sizeof reason);
            return store_error_set(error, result, "cannot use the state file %s: %s", options->path,
                                   reason);
        }
    }
    return 0;
}

void store_statement_finalize(struct store_statements *self)
{
    for (size_t i = 0; i < STATEMENTS; i++) {
        sqlite3_finalize(self->prepared[i].statement);
        self->prepared[i] = (struct store_bound){0};
    }
    self->db = NULL;
}
