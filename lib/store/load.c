/* Reading a state file back, and seeing whether a lockerd can have written it.
 * Must not change it. */
#include "load.h"

#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/ip_text.h"
#include "lock/pools.h"
#include "lock/request_demand.h"
#include "row.h"
#include "schema.h"

/* What SQLite itself holds together for us, and what nobody does where another has made the table.
 */
static int check_uniqueness(sqlite3 *db, const char *path, char error[STORE_ERROR_SIZE])
{
    int64_t keys = 0, twice = 0;
    int result = store_schema_read_number(db,
                                          "SELECT count(*) FROM pragma_table_info('requests')"
                                          " WHERE name = 'ticket' AND type = 'INTEGER' AND pk = 1",
                                          &keys);

    if (result == SQLITE_OK)
        result =
            store_schema_read_number(db,
                                     "SELECT count(token) - count(DISTINCT token) FROM requests"
                                     " WHERE token != 0",
                                     &twice);
    if (result != SQLITE_OK)
        return store_schema_fail(db, path, result, error);
    if (keys != 1)
        return store_schema_refuse_damaged(path, error, "its tickets are no key of the requests");
    return twice == 0 ? 0 : store_schema_refuse_damaged(path, error, "two holds have one token");
}

static int check_requests(sqlite3 *db, const char *path, char error[STORE_ERROR_SIZE])
{
    sqlite3_stmt *statement;
    const char *verdict = NULL;
    int result = sqlite3_prepare_v2(db, "PRAGMA quick_check('requests')", -1, &statement, NULL);

    if (result != SQLITE_OK)
        return store_schema_fail(db, path, result, error);
    result = sqlite3_step(statement);
    if (result == SQLITE_ROW)
        verdict = (const char *)sqlite3_column_text(statement, 0);
    if (verdict == NULL || strcmp(verdict, "ok") != 0)
        result = SQLITE_CORRUPT;
    sqlite3_finalize(statement);
    return result == SQLITE_ROW ? check_uniqueness(db, path, error)
                                : store_schema_fail(NULL, path, result, error);
}

static const char *text_column(sqlite3_stmt *row, int column)
{
    return (const char *)sqlite3_column_text(row, column);
}

/* In the order of STORE_REQUEST_COLUMNS. */
static const struct store_column request_columns[] = {
    {"ticket", STORE_COLUMN_NUMBER, 1, STORE_COUNT_MAX},
    {"token", STORE_COLUMN_NUMBER, 0, STORE_COUNT_MAX},
    {"owner", STORE_COLUMN_WORD, 0, 0},
    {"host", STORE_COLUMN_WORD_OR_NO, 0, 0},
    {"boot", STORE_COLUMN_WORD_OR_NO, 0, 0},
    {"job", STORE_COLUMN_WORD_OR_NO, 0, 0},
    {"pid", STORE_COLUMN_NUMBER, 0, INT32_MAX},
    {"start", STORE_COLUMN_NUMBER, INT64_MIN, INT64_MAX},
    {"pid_namespace", STORE_COLUMN_NUMBER, INT64_MIN, INT64_MAX},
    {"autounlock", STORE_COLUMN_NUMBER, 0, 1},
    {"asked_ms", STORE_COLUMN_TIME, 0, 0},
    {"granted_ms", STORE_COLUMN_TIME, 0, 0},
    {"hold_ms", STORE_COLUMN_NUMBER, 0, INT64_C(1) << 60},
    {"deadline_ms", STORE_COLUMN_DEADLINE, 0, 0},
    {"demand", STORE_COLUMN_TEXT, 0, 0},
    {"away", STORE_COLUMN_NUMBER, 0, 1},
    {"uid", STORE_COLUMN_NUMBER, -1, UINT32_MAX - INT64_C(1)},
    {"how", STORE_COLUMN_NUMBER, LOCK_CLAIMED, LOCK_PROVEN_BY_MUNGE},
    {"grant_key", STORE_COLUMN_BYTES_OR_NO, 0, 16},
    {"peer", STORE_COLUMN_TEXT_OR_NO, 0, 0},
    {"login", STORE_COLUMN_WORD_OR_NO, 0, 0},
    {"project", STORE_COLUMN_WORD_OR_NO, 0, 0},
    {"priority", STORE_COLUMN_NUMBER, -POOL_PRIORITY_MOST, POOL_PRIORITY_MOST},
    {"keep_ms", STORE_COLUMN_NUMBER, 0, INT64_C(1) << 60},
    {"keep_until_ms", STORE_COLUMN_TIME, 0, 0},
    {"until_boot", STORE_COLUMN_NUMBER, 0, 1},
    {"lost_after_s", STORE_COLUMN_NUMBER, 0, UINT32_MAX},
};

static const struct store_column unusable_columns[] = {
    {"kind", STORE_COLUMN_NUMBER, STORE_OFFLINE, STORE_OUTSIDE},
    {"name", STORE_COLUMN_WORD, 0, 0},
    {"seats", STORE_COLUMN_NUMBER, 1, UINT32_MAX},
    {"until_ms", STORE_COLUMN_DEADLINE, 0, 0},
    {"reason", STORE_COLUMN_TEXT_OR_NO, 0, 0},
};

static const struct store_column state_columns[] = {
    {"next_ticket", STORE_COLUMN_NUMBER, 1, STORE_COUNT_MAX},
    {"next_token", STORE_COLUMN_NUMBER, 1, STORE_COUNT_MAX},
    {"host", STORE_COLUMN_TEXT, 0, 0},
    {"boot", STORE_COLUMN_TEXT, 0, 0},
    {"base_ms", STORE_COLUMN_TIME, 0, 0},
    {"seen_ms", STORE_COLUMN_TIME, 0, 0},
    {"keep_until_ms", STORE_COLUMN_TIME, 0, 0},
};

enum {
    REQUEST_COLUMNS = sizeof request_columns / sizeof *request_columns,
    STATE_COLUMNS = sizeof state_columns / sizeof *state_columns,
    UNUSABLE_COLUMNS = sizeof unusable_columns / sizeof *unusable_columns,
};

/* Who is not known is nobody: never the user 0. */
static struct lock_asker read_asker(sqlite3_stmt *row, int uid_column, int peer_column)
{
    int64_t uid = sqlite3_column_int64(row, uid_column);
    int how = sqlite3_column_int(row, uid_column + 1);
    struct lock_asker asker = {0};

    if (uid >= 0 && uid < UINT32_MAX && how >= LOCK_PROVEN_BY_SOCKET &&
        how <= LOCK_PROVEN_BY_MUNGE) {
        asker.uid = (uint32_t)uid;
        asker.proof = (unsigned char)how;
    }
    if (peer_column >= 0)
        ip_text_parse(asker.peer, text_column(row, peer_column));
    return asker;
}

static void read_key(sqlite3_stmt *row, int column, struct lock_asker *asker)
{
    const void *blob = sqlite3_column_blob(row, column);

    if (blob == NULL || sqlite3_column_bytes(row, column) != sizeof asker->key)
        return;
    memcpy(asker->key, blob, sizeof asker->key);
    for (size_t i = 0; i < 2; i++)
        asker->key[i] = le64toh(asker->key[i]);
}

int store_load_tell(const struct store_loader *loader, struct lock_record *record, const char *text)
{
    struct lock_demand demand;
    int result;

    if (lock_demand_parse(&demand, text) != 0)
        return -1;
    record->ask.groups = demand.groups;
    record->ask.group_count = demand.group_count;
    result = loader->on_request(loader->context, record);
    lock_demand_fini(&demand);
    return result;
}

static int restore_row(sqlite3_stmt *row, const struct store_loader *loader)
{
    const char *owner = text_column(row, 2), *text = text_column(row, 14);
    struct lock_record record = {
        .ask = {.owner = owner,
                .host = text_column(row, 3),
                .boot = text_column(row, 4),
                .job = text_column(row, 5),
                .pid = (uint64_t)sqlite3_column_int64(row, 6),
                .start = (uint64_t)sqlite3_column_int64(row, 7),
                .pid_namespace = (uint64_t)sqlite3_column_int64(row, 8),
                .autounlock = sqlite3_column_int(row, 9) != 0,
                .user = text_column(row, 20),
                .project = text_column(row, 21),
                .priority = sqlite3_column_int(row, 22),
                .lost_after_s = (uint32_t)sqlite3_column_int64(row, 26),
                .wait = true,
                .until_boot = sqlite3_column_int(row, 25) != 0,
                .keep_ms = sqlite3_column_int64(row, 23),
                .hold_ms = sqlite3_column_int64(row, 12)},
        .ticket = (uint64_t)sqlite3_column_int64(row, 0),
        .token = (uint64_t)sqlite3_column_int64(row, 1),
        .asked_ms = sqlite3_column_int64(row, 10),
        .granted_ms = sqlite3_column_int64(row, 11),
        .deadline_ms = sqlite3_column_int64(row, 13),
        .keep_until_ms = sqlite3_column_int64(row, 24),
        .away = sqlite3_column_int(row, 15) != 0,
    };

    record.ask.asker = read_asker(row, 16, 19);
    read_key(row, 18, &record.ask.asker);
    return store_load_tell(loader, &record, text);
}

static int load_requests(sqlite3 *db, const char *path, const struct store_loader *loader,
                         char error[STORE_ERROR_SIZE])
{
    sqlite3_stmt *row;
    int result = sqlite3_prepare_v2(db,
                                    "SELECT " STORE_REQUEST_COLUMNS " FROM requests"
                                    " ORDER BY token = 0, ticket",
                                    -1, &row, NULL);

    if (result != SQLITE_OK)
        return store_schema_fail(db, path, result, error);
    while ((result = sqlite3_step(row)) == SQLITE_ROW) {
        const char *fault = store_row_fault(row, request_columns, REQUEST_COLUMNS);

        if (fault == NULL && restore_row(row, loader) == 0)
            continue;
        if (fault == NULL && errno != EINVAL) {
            result = SQLITE_NOMEM;
            break;
        }
        store_schema_refuse_damaged(path, error, "the %s of request %lld cannot have been so",
                                    fault != NULL ? fault : "demand",
                                    (long long)sqlite3_column_int64(row, 0));
        sqlite3_finalize(row);
        errno = EUCLEAN;
        return -1;
    }
    sqlite3_finalize(row);
    return result == SQLITE_DONE ? 0 : store_schema_fail(NULL, path, result, error);
}

static void tell_clock(sqlite3_stmt *row, int first, const struct store_loader *loader)
{
    const char *boot = text_column(row, first);
    struct store_clock clock = {
        .base_ms = sqlite3_column_int64(row, first + 1),
        .seen_ms = sqlite3_column_int64(row, first + 2),
        .keep_until_ms = sqlite3_column_int64(row, first + 3),
    };

    snprintf(clock.boot, sizeof clock.boot, "%s", boot != NULL ? boot : "");
    if (loader->on_clock != NULL)
        loader->on_clock(loader->context, &clock);
}

static int load_counters(sqlite3 *db, const char *path, struct store_loader *loader,
                         char error[STORE_ERROR_SIZE])
{
    sqlite3_stmt *row;
    int result = sqlite3_prepare_v2(db,
                                    "SELECT next_ticket, next_token, host, boot, base_ms, seen_ms,"
                                    " keep_until_ms FROM state",
                                    -1, &row, NULL);

    if (result != SQLITE_OK)
        return store_schema_fail(db, path, result, error);
    result = sqlite3_step(row);
    if (result == SQLITE_ROW && store_row_fault(row, state_columns, STATE_COLUMNS) == NULL) {
        loader->next_ticket = (uint64_t)sqlite3_column_int64(row, 0);
        loader->next_token = (uint64_t)sqlite3_column_int64(row, 1);
        snprintf(loader->host, sizeof loader->host, "%s", text_column(row, 2));
        tell_clock(row, 3, loader);
        result = SQLITE_OK;
    } else if (result == SQLITE_ROW || result == SQLITE_DONE) {
        result = SQLITE_CORRUPT;
    }
    sqlite3_finalize(row);
    return result == SQLITE_OK ? 0 : store_schema_fail(NULL, path, result, error);
}

static int load_unusable(sqlite3 *db, const char *path, struct store_loader *loader,
                         char error[STORE_ERROR_SIZE])
{
    const char *fault = NULL;
    sqlite3_stmt *row;
    int result = sqlite3_prepare_v2(db, "SELECT kind, name, seats, until_ms, reason FROM unusable",
                                    -1, &row, NULL);

    if (result != SQLITE_OK)
        return store_schema_fail(db, path, result, error);
    while ((result = sqlite3_step(row)) == SQLITE_ROW) {
        struct store_unusable unusable;

        fault = store_row_fault(row, unusable_columns, UNUSABLE_COLUMNS);
        if (fault != NULL)
            break;
        unusable = (struct store_unusable){
            .kind = (enum store_unusable_kind)sqlite3_column_int(row, 0),
            .name = text_column(row, 1),
            .seats = (uint32_t)sqlite3_column_int64(row, 2),
            .until_ms = sqlite3_column_int64(row, 3),
            .reason = text_column(row, 4),
        };
        if (loader->on_unusable != NULL && loader->on_unusable(loader->context, &unusable) != 0) {
            result = SQLITE_NOMEM;
            break;
        }
    }
    sqlite3_finalize(row);
    if (fault != NULL)
        return store_schema_refuse_damaged(path, error,
                                           "the %s of an unusable seat cannot have been so", fault);
    return result == SQLITE_DONE ? 0 : store_schema_fail(NULL, path, result, error);
}

int store_load_all(sqlite3 *db, const char *path, struct store_loader *loader,
                   char error[STORE_ERROR_SIZE])
{
    if (check_requests(db, path, error) != 0 || load_counters(db, path, loader, error) != 0 ||
        load_unusable(db, path, loader, error) != 0)
        return -1;
    return load_requests(db, path, loader, error);
}

struct lock_asker store_load_asker(sqlite3_stmt *row, int uid_column)
{
    return read_asker(row, uid_column, -1);
}

void store_load_history(sqlite3_stmt *row, int first, struct store_history *entry)
{
    *entry = (struct store_history){
        .past = (enum store_past)sqlite3_column_int(row, first),
        .reason = (enum lock_reason)sqlite3_column_int(row, first + 1),
        .lock = text_column(row, first + 2),
        .owner = text_column(row, first + 3),
        .host = text_column(row, first + 4),
        .job = text_column(row, first + 5),
        .pid = (uint64_t)sqlite3_column_int64(row, first + 6),
        .ticket = (uint64_t)sqlite3_column_int64(row, first + 7),
        .token = (uint64_t)sqlite3_column_int64(row, first + 8),
        .asked_ms = store_row_time(row, first + 9),
        .granted_ms = store_row_time(row, first + 10),
        .ended_ms = store_row_time(row, first + 11),
        .asker = read_asker(row, first + 12, -1),
        .by = read_asker(row, first + 14, first + 17),
        .by_name = text_column(row, first + 16),
        .pool = text_column(row, first + 18),
        .project = text_column(row, first + 19),
        .shared = sqlite3_column_int(row, first + 20) != 0,
    };
}
