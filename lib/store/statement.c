/* The statements of the SQLite engine: batches in, history out.
 * Must not know of threads: whoever calls has the database to itself. */
#include "statement.h"

#include <errno.h>

#include "base/clock.h"
#include "error.h"
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
    [STATEMENT_PUT] = "INSERT OR REPLACE INTO requests(" STORE_REQUEST_COLUMNS
                      ") VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [STATEMENT_DROP] = "DELETE FROM requests WHERE ticket = ?",
    [STATEMENT_COUNTERS] = "UPDATE state SET next_ticket = max(next_ticket, ?),"
                           " next_token = max(next_token, ?) WHERE id = 1",
    [STATEMENT_HOST] = "UPDATE state SET host = ?",
    [STATEMENT_CLOCK] = "UPDATE state SET boot = ?, base_ms = ?, seen_ms = ?, keep_until_ms = ?",
    [STATEMENT_PROBE] = "INSERT OR REPLACE INTO probe VALUES(1, randomblob(?))",
    [STATEMENT_HISTORY] = "INSERT INTO history(past, reason, lock, owner, login, host, job, pid,"
                          " ticket, token, asked_ms, granted_ms, ended_ms)"
                          " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    /* Rows come in the order of their ends, but for a clock that was set back meanwhile: what it
     * put into the future must not stand before the others for years. */
    [STATEMENT_TRIM] = "DELETE FROM history WHERE ended_ms < ?1 AND id IN"
                       " (SELECT id FROM history WHERE ended_ms <= ?2 ORDER BY id LIMIT ?3)",
    [STATEMENT_QUERY] = "SELECT id, " STORE_HISTORY_COLUMNS " FROM history"
                        " WHERE id > ? AND ended_ms >= ? AND asked_ms < ? ORDER BY id LIMIT ?",
    [STATEMENT_CHECKPOINT] = "PRAGMA wal_checkpoint(PASSIVE)",
    [STATEMENT_EMPTY_LOG] = "PRAGMA wal_checkpoint(TRUNCATE)",
};

/* Runs a statement whose parameters are bound, to its end. */
static int run(struct store_statements *self, enum store_statement which)
{
    sqlite3_stmt *statement = self->prepared[which];
    int result;

    do {
        result = sqlite3_step(statement);
    } while (result == SQLITE_ROW);
    sqlite3_reset(statement);
    return result == SQLITE_DONE ? SQLITE_OK : result;
}

static void bind_number(sqlite3_stmt *statement, int at, uint64_t number)
{
    sqlite3_bind_int64(statement, at, (sqlite3_int64)number);
}

static void bind_text(sqlite3_stmt *statement, int at, const char *text)
{
    sqlite3_bind_text(statement, at, text, -1, SQLITE_STATIC);
}

static int put(struct store_statements *self, const struct store_request *request)
{
    sqlite3_stmt *statement = self->prepared[STATEMENT_PUT];

    bind_number(statement, 1, request->ticket);
    bind_number(statement, 2, request->token);
    bind_text(statement, 3, request->owner);
    bind_text(statement, 4, request->host);
    bind_text(statement, 5, request->boot);
    bind_text(statement, 6, request->job);
    bind_number(statement, 7, request->pid);
    bind_number(statement, 8, request->start);
    bind_number(statement, 9, request->pid_namespace);
    bind_number(statement, 10, request->autounlock);
    sqlite3_bind_int64(statement, 11, request->asked_ms);
    sqlite3_bind_int64(statement, 12, request->granted_ms);
    sqlite3_bind_int64(statement, 13, request->hold_ms);
    sqlite3_bind_int64(statement, 14, request->deadline_ms);
    bind_text(statement, 15, request->demand);
    bind_number(statement, 16, request->away);
    return run(self, STATEMENT_PUT);
}

static int add_history(struct store_statements *self, const struct store_history *entry)
{
    sqlite3_stmt *statement = self->prepared[STATEMENT_HISTORY];

    if (self->history_ms == 0)
        return SQLITE_OK;
    bind_number(statement, 1, entry->past);
    bind_number(statement, 2, entry->reason);
    bind_text(statement, 3, entry->lock);
    bind_text(statement, 4, entry->owner);
    bind_text(statement, 5, owner_name_user(entry->owner));
    bind_text(statement, 6, entry->host);
    bind_text(statement, 7, entry->job);
    bind_number(statement, 8, entry->pid);
    bind_number(statement, 9, entry->ticket);
    bind_number(statement, 10, entry->token);
    sqlite3_bind_int64(statement, 11, entry->asked_ms);
    sqlite3_bind_int64(statement, 12, entry->granted_ms);
    sqlite3_bind_int64(statement, 13, entry->ended_ms);
    return run(self, STATEMENT_HISTORY);
}

static int note_clock(struct store_statements *self, const struct store_clock *clock)
{
    sqlite3_stmt *statement = self->prepared[STATEMENT_CLOCK];

    self->line_ms = clock->seen_ms;
    self->keep_until_ms = clock->keep_until_ms;
    self->told_ms = clock_ms(CLOCK_BOOTTIME);
    bind_text(statement, 1, clock->boot);
    sqlite3_bind_int64(statement, 2, clock->base_ms);
    sqlite3_bind_int64(statement, 3, clock->seen_ms);
    sqlite3_bind_int64(statement, 4, clock->keep_until_ms);
    return run(self, STATEMENT_CLOCK);
}

static int apply(struct store_statements *self, const struct store_op *op)
{
    switch (op->kind) {
    case STORE_OP_PUT:
        return put(self, &op->request);
    case STORE_OP_DROP:
        bind_number(self->prepared[STATEMENT_DROP], 1, op->ticket);
        return run(self, STATEMENT_DROP);
    case STORE_OP_HOST:
        bind_text(self->prepared[STATEMENT_HOST], 1, op->host);
        return run(self, STATEMENT_HOST);
    case STORE_OP_PROBE:
        sqlite3_bind_int(self->prepared[STATEMENT_PROBE], 1, PROBE_BYTES);
        return run(self, STATEMENT_PROBE);
    case STORE_OP_HISTORY:
        return add_history(self, &op->history);
    case STORE_OP_CLOCK:
        return note_clock(self, &op->clock);
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
    sqlite3_stmt *statement = self->prepared[STATEMENT_COUNTERS];
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
    bind_number(statement, 1, reserved->ticket);
    bind_number(statement, 2, reserved->token);
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

    store_schema_read_history(row, 1, &entry);
    query->next = (uint64_t)sqlite3_column_int64(row, 0);
    if (entry.lock != NULL && entry.owner != NULL)
        query->on_entry(query, &entry);
}

void store_statement_query(struct store_statements *self, struct store_query *query)
{
    sqlite3_stmt *row = self->prepared[STATEMENT_QUERY];
    size_t count = 0;
    int result;

    bind_number(row, 1, query->after);
    sqlite3_bind_int64(row, 2, query->since_ms);
    sqlite3_bind_int64(row, 3, query->until_ms);
    bind_number(row, 4, query->limit);
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

bool store_statement_trim(struct store_statements *self)
{
    sqlite3_stmt *trim = self->prepared[STATEMENT_TRIM];
    int64_t now_ms = time_of_line(self);

    if (now_ms < self->keep_until_ms)
        return false;
    sqlite3_bind_int64(trim, 1, now_ms - self->history_ms);
    sqlite3_bind_int64(trim, 2, now_ms);
    sqlite3_bind_int(trim, 3, TRIM_ROWS);
    /* A disk that does not let us trim will not let us commit either, and is reported then. */
    return run(self, STATEMENT_TRIM) == SQLITE_OK && sqlite3_changes(self->db) >= TRIM_ROWS / 2;
}

int store_statement_prepare(struct store_statements *self, sqlite3 *db,
                            const struct store_options *options, char error[STORE_ERROR_SIZE])
{
    char reason[256];

    self->db = db;
    self->history_ms = options->history_ms;
    self->reserved = (struct store_counters){0};
    for (size_t i = 0; i < STATEMENTS; i++) {
        int result = sqlite3_prepare_v3(db, statement_text[i], -1, SQLITE_PREPARE_PERSISTENT,
                                        &self->prepared[i], NULL);

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
        sqlite3_finalize(self->prepared[i]);
        self->prepared[i] = NULL;
    }
    self->db = NULL;
}
