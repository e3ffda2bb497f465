/* Rows of the history about a time.
 * Must not read what a block says is of another time. */
#include "history_scan.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "history_blocks.h"
#include "load.h"
#include "reader.h"
#include "row.h"
#include "schema.h"

enum { SQL_SIZE = 1024 };

/* The columns that are always read; those that may be left out come behind them. */
enum { ID, ENDED_MS, ASKED_MS, PAST, REASON, LOCK, TOKEN, GRANTED_MS, COLUMNS };

static const struct {
    unsigned int bit;
    const char *column;
    size_t offset; /* of its text in an entry */
} wanted[] = {
    {STORE_ONLY_HOST, "host", offsetof(struct store_history, host)},
    {STORE_ONLY_JOB, "job", offsetof(struct store_history, job)},
    {STORE_ONLY_POOL, "pool", offsetof(struct store_history, pool)},
    {STORE_ONLY_PROJECT, "project", offsetof(struct store_history, project)},
};
enum { WANTED = sizeof wanted / sizeof *wanted };

static const char *const ends[] = {
    [HISTORY_AS_WRITTEN] = " FROM history WHERE id > ?1 ORDER BY id",
    [HISTORY_BACKWARDS] = " FROM history WHERE id < ?1 ORDER BY id DESC",
    /* Of the blocks that history_block_of() tells, those which are not to be skipped. */
    [HISTORY_LAST_FIRST] =
        " FROM (WITH RECURSIVE numbers(block, last) AS ("
        "   SELECT ((SELECT min(id) FROM history) - 1) / 1024,"
        "          ((SELECT max(id) FROM history) - 1) / 1024"
        "   UNION ALL SELECT block + 1, last FROM numbers WHERE block < last LIMIT 10000000)"
        "  SELECT block FROM numbers EXCEPT SELECT block FROM history_blocks"
        "   WHERE ended_ms < ?1 OR asked_ms >= ?2) AS needed"
        " CROSS JOIN history ON id > needed.block * 1024 AND id <= needed.block * 1024 + 1024"
        " WHERE ended_ms >= ?1 AND asked_ms < ?2 ORDER BY ended_ms DESC",
};
_Static_assert(HISTORY_BLOCK_ROWS == 1024, "a block has as many rows as the statement says");

static void add_text(char *sql, const char *text)
{
    size_t len = strlen(sql);

    snprintf(sql + len, SQL_SIZE - len, "%s", text);
}

/* SQLite decodes no column that a statement does not name. */
static void write_sql(const struct history_scan *scan, char sql[SQL_SIZE])
{
    sql[0] = '\0';
    add_text(sql, "SELECT id, ended_ms, asked_ms, past, reason, lock, token, granted_ms");
    if (scan->only == 0)
        add_text(sql, ", " STORE_HISTORY_COLUMNS);
    for (size_t i = 0; i < WANTED; i++) {
        if ((scan->only & wanted[i].bit) != 0) {
            add_text(sql, ", ");
            add_text(sql, wanted[i].column);
        }
    }
    if ((scan->only & STORE_ONLY_OWNER) != 0)
        add_text(sql, ", owner, uid, how");
    add_text(sql, ends[scan->order]);
}

int history_scan_open(struct history_scan *scan, sqlite3 *db, int64_t after)
{
    static const char of_block[] = "SELECT ended_ms, asked_ms FROM history_blocks WHERE block = ?";
    static const char of_whole[] = "SELECT " STORE_HISTORY_COLUMNS " FROM history WHERE id = ?";
    char rows[SQL_SIZE];
    int result;

    if (after == 0 && scan->order != HISTORY_AS_WRITTEN)
        after = INT64_MAX;
    scan->row = scan->block = scan->whole = NULL;
    scan->number = -1;
    write_sql(scan, rows);
    result = sqlite3_prepare_v2(db, rows, -1, &scan->row, NULL);
    if (result == SQLITE_OK)
        result = sqlite3_prepare_v2(db, of_block, -1, &scan->block, NULL);
    if (result == SQLITE_OK)
        result = sqlite3_prepare_v2(db, of_whole, -1, &scan->whole, NULL);
    if (result != SQLITE_OK)
        return result;
    if (scan->order != HISTORY_LAST_FIRST)
        return sqlite3_bind_int64(scan->row, 1, after);
    sqlite3_bind_int64(scan->row, 1, scan->since_ms);
    return sqlite3_bind_int64(scan->row, 2, scan->until_ms);
}

void history_scan_close(struct history_scan *scan)
{
    sqlite3_finalize(scan->row);
    sqlite3_finalize(scan->block);
    sqlite3_finalize(scan->whole);
}

/* Whether no row of a block is meant. */
static bool can_be_skipped(const struct history_scan *scan, int64_t number)
{
    bool result;

    sqlite3_bind_int64(scan->block, 1, number);
    result = sqlite3_step(scan->block) == SQLITE_ROW &&
             (sqlite3_column_int64(scan->block, 0) < scan->since_ms ||
              sqlite3_column_int64(scan->block, 1) >= scan->until_ms);
    sqlite3_reset(scan->block);
    return result;
}

int history_scan_step(struct history_scan *scan)
{
    int result;

    while ((result = sqlite3_step(scan->row)) == SQLITE_ROW) {
        int64_t next = history_block_of(history_scan_id(scan));

        if (next == scan->number || scan->order == HISTORY_LAST_FIRST)
            break;
        scan->number = next;
        if (!can_be_skipped(scan, next))
            break;
        sqlite3_reset(scan->row);
        sqlite3_bind_int64(scan->row, 1,
                           scan->order == HISTORY_BACKWARDS ? history_block_end(next - 1) + 1
                                                            : history_block_end(next));
    }
    return result;
}

int64_t history_scan_id(const struct history_scan *scan)
{
    return sqlite3_column_int64(scan->row, ID);
}

bool history_scan_is_meant(const struct history_scan *scan)
{
    return sqlite3_column_int64(scan->row, ENDED_MS) >= scan->since_ms &&
           sqlite3_column_int64(scan->row, ASKED_MS) < scan->until_ms;
}

/* Reads all of the row that the other statement is at. */
static void load_whole(struct history_scan *scan, struct store_history *entry)
{
    *entry = (struct store_history){0};
    sqlite3_reset(scan->whole);
    sqlite3_bind_int64(scan->whole, 1, history_scan_id(scan));
    if (sqlite3_step(scan->whole) == SQLITE_ROW)
        store_load_history(scan->whole, 0, entry);
}

static void load_wanted(const struct history_scan *scan, struct store_history *entry)
{
    int column = COLUMNS;

    for (size_t i = 0; i < WANTED; i++) {
        const char **text = (const char **)((char *)entry + wanted[i].offset);

        if ((scan->only & wanted[i].bit) != 0)
            *text = (const char *)sqlite3_column_text(scan->row, column++);
    }
    if ((scan->only & STORE_ONLY_OWNER) == 0)
        return;
    entry->owner = (const char *)sqlite3_column_text(scan->row, column);
    entry->asker = store_load_asker(scan->row, column + 1);
}

void history_scan_load(struct history_scan *scan, struct store_history *entry)
{
    enum lock_reason reason = (enum lock_reason)sqlite3_column_int(scan->row, REASON);

    if (scan->only == 0) {
        store_load_history(scan->row, COLUMNS, entry);
    } else if (reason == LOCK_REASON_BREAK) {
        load_whole(scan, entry);
    } else {
        *entry = (struct store_history){
            .past = (enum store_past)sqlite3_column_int(scan->row, PAST),
            .reason = reason,
            .lock = (const char *)sqlite3_column_text(scan->row, LOCK),
            .owner = "",
            .token = (uint64_t)sqlite3_column_int64(scan->row, TOKEN),
            .asked_ms = store_row_time(scan->row, ASKED_MS),
            .granted_ms = store_row_time(scan->row, GRANTED_MS),
            .ended_ms = store_row_time(scan->row, ENDED_MS),
        };
        load_wanted(scan, entry);
    }
}
