/* The state file's layout: opening it, bringing it up to date, reading it back.
 * Must not change a file that a later version has written, or that is not ours. */
#include "schema.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "error.h"
#include "lock/request_demand.h"

/* "fmlk", in the file's header: it tells our files from other SQLite databases. */
enum { APPLICATION_ID = 0x666d6c6b, BUSY_MS = 5000 };

/* Each step makes a file of the version before it one of its own: the first begins with nothing.
 * Steps are never changed once they were released; what is new comes behind them.
 */
static const char *const steps[] = {
    "CREATE TABLE state(id INTEGER PRIMARY KEY, next_ticket INTEGER NOT NULL,"
    "  next_token INTEGER NOT NULL, host TEXT NOT NULL);"
    "INSERT INTO state VALUES(1, 1, 1, '');"
    "CREATE TABLE probe(id INTEGER PRIMARY KEY, filling BLOB);"
    "CREATE TABLE requests(ticket INTEGER PRIMARY KEY, token INTEGER NOT NULL,"
    "  owner TEXT NOT NULL, host TEXT, boot TEXT, job TEXT, pid INTEGER NOT NULL,"
    "  start INTEGER NOT NULL, pid_namespace INTEGER NOT NULL, autounlock INTEGER NOT NULL,"
    "  asked_ms INTEGER NOT NULL, granted_ms INTEGER NOT NULL, hold_ms INTEGER NOT NULL,"
    "  deadline_ms INTEGER NOT NULL, demand TEXT NOT NULL);",

    "CREATE TABLE history(id INTEGER PRIMARY KEY, past INTEGER NOT NULL,"
    "  reason INTEGER NOT NULL, lock TEXT NOT NULL, owner TEXT NOT NULL, login TEXT, host TEXT,"
    "  job TEXT, pid INTEGER NOT NULL, ticket INTEGER NOT NULL, token INTEGER NOT NULL,"
    "  asked_ms INTEGER NOT NULL, granted_ms INTEGER NOT NULL, ended_ms INTEGER NOT NULL);",

    "ALTER TABLE requests ADD COLUMN away INTEGER NOT NULL DEFAULT 0;",

    "ALTER TABLE state ADD COLUMN boot TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE state ADD COLUMN base_ms INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE state ADD COLUMN seen_ms INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE state ADD COLUMN keep_until_ms INTEGER NOT NULL DEFAULT 0;",
};

enum { SCHEMA_VERSION = sizeof steps / sizeof *steps };

static int fail(sqlite3 *db, const char *path, int result, char error[STORE_ERROR_SIZE])
{
    char reason[256];
    int number = store_error_describe(db, result, reason, sizeof reason);

    if (number == EUCLEAN)
        return store_error_set(
            error, number,
            "the state file %s is damaged (%s); restore it, or have it moved aside "
            "with --move-corrupt-state, which begins with no lock held",
            path, reason);
    return store_error_set(error, number, "cannot use the state file %s: %s", path, reason);
}

static int read_number(sqlite3 *db, const char *sql, int64_t *number)
{
    sqlite3_stmt *statement;
    int result = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);

    if (result != SQLITE_OK)
        return result;
    result = sqlite3_step(statement);
    if (result == SQLITE_ROW)
        *number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return result == SQLITE_ROW ? SQLITE_OK : result == SQLITE_DONE ? SQLITE_CORRUPT : result;
}

static int run_steps(sqlite3 *db, int64_t version)
{
    char sql[96];
    int result = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);

    for (; result == SQLITE_OK && version < SCHEMA_VERSION; version++)
        result = sqlite3_exec(db, steps[version], NULL, NULL, NULL);
    snprintf(sql, sizeof sql, "PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT",
             APPLICATION_ID, SCHEMA_VERSION);
    if (result == SQLITE_OK)
        result = sqlite3_exec(db, sql, NULL, NULL, NULL);
    if (result != SQLITE_OK && !sqlite3_get_autocommit(db))
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return result;
}

int store_schema_examine(sqlite3 *db, enum store_layout *layout, int64_t *version)
{
    int64_t application = 0, tables = 0;
    int result = read_number(db, "PRAGMA user_version", version);

    if (result == SQLITE_OK)
        result = read_number(db, "PRAGMA application_id", &application);
    if (result == SQLITE_OK)
        result = read_number(db, "SELECT count(*) FROM sqlite_master", &tables);
    if (result != SQLITE_OK)
        return result;
    if (application != APPLICATION_ID && tables > 0)
        *layout = STORE_LAYOUT_FOREIGN;
    else if (*version > SCHEMA_VERSION)
        *layout = STORE_LAYOUT_LATER;
    else if (tables == 0)
        *layout = STORE_LAYOUT_EMPTY;
    else
        *layout = *version < SCHEMA_VERSION ? STORE_LAYOUT_EARLIER : STORE_LAYOUT_OURS;
    return SQLITE_OK;
}

static int update_layout(sqlite3 *db, const struct store_options *options,
                         char error[STORE_ERROR_SIZE])
{
    enum store_layout layout = STORE_LAYOUT_EMPTY;
    int64_t version = 0;
    int result = store_schema_examine(db, &layout, &version);

    if (result != SQLITE_OK)
        return fail(db, options->path, result, error);
    if (layout == STORE_LAYOUT_FOREIGN)
        return store_error_set(
            error, EEXIST, "%s is a database, but not lockerd's; name another file with --state",
            options->path);
    if (layout == STORE_LAYOUT_LATER)
        return store_error_set(
            error, ENOTSUP,
            "the state file %s was written by a later version of lockerd (layout "
            "%lld, this one knows up to %d); start that version",
            options->path, (long long)version, SCHEMA_VERSION);
    if (layout == STORE_LAYOUT_EMPTY && options->must_exist)
        return store_error_set(error, ENOENT, "the state file %s is empty now", options->path);
    if (version < SCHEMA_VERSION)
        result = run_steps(db, version);
    return result == SQLITE_OK ? 0 : fail(db, options->path, result, error);
}

static int set_modes(sqlite3 *db, const struct store_options *options, char error[STORE_ERROR_SIZE])
{
    /* With a write-ahead log, FULL syncs it with each commit, and NORMAL only before it is copied
     * back: what was committed survives the process in both, a power cut only in the first.  What
     * is deleted, which some builds of SQLite write zeros over, is no secret. */
    const char *sql =
        options->durability == STORE_DURABLE_PROCESS
            ? "PRAGMA journal_mode = WAL; PRAGMA secure_delete = OFF; PRAGMA synchronous = NORMAL"
            : "PRAGMA journal_mode = WAL; PRAGMA secure_delete = OFF; PRAGMA synchronous = FULL";
    int result = sqlite3_exec(db, sql, NULL, NULL, NULL);

    if (result != SQLITE_OK)
        return fail(db, options->path, result, error);
    return 0;
}

sqlite3 *store_schema_open(const struct store_options *options, char error[STORE_ERROR_SIZE])
{
    sqlite3 *db = NULL;
    int saved_errno;
    int result =
        sqlite3_open_v2(options->path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);

    /* A report that is opened at this moment may hold a lock for an instant. */
    sqlite3_busy_timeout(db, BUSY_MS);
    if (result != SQLITE_OK)
        fail(db, options->path, result, error);
    else if (update_layout(db, options, error) == 0 && set_modes(db, options, error) == 0)
        return db;
    saved_errno = errno;
    sqlite3_close(db);
    errno = saved_errno;
    return NULL;
}

static int check_requests(sqlite3 *db, const char *path, char error[STORE_ERROR_SIZE])
{
    sqlite3_stmt *statement;
    const char *verdict = NULL;
    int result = sqlite3_prepare_v2(db, "PRAGMA quick_check('requests')", -1, &statement, NULL);

    if (result != SQLITE_OK)
        return fail(db, path, result, error);
    result = sqlite3_step(statement);
    if (result == SQLITE_ROW)
        verdict = (const char *)sqlite3_column_text(statement, 0);
    if (verdict == NULL || strcmp(verdict, "ok") != 0)
        result = SQLITE_CORRUPT;
    sqlite3_finalize(statement);
    return result == SQLITE_ROW ? 0 : fail(NULL, path, result, error);
}

static const char *text_column(sqlite3_stmt *row, int column)
{
    return (const char *)sqlite3_column_text(row, column);
}

static int restore_row(sqlite3_stmt *row, const struct store_loader *loader)
{
    const char *owner = text_column(row, 2), *text = text_column(row, 14);
    struct lock_demand demand;
    struct lock_record record = {
        .ask = {.owner = owner,
                .host = text_column(row, 3),
                .boot = text_column(row, 4),
                .job = text_column(row, 5),
                .pid = (uint64_t)sqlite3_column_int64(row, 6),
                .start = (uint64_t)sqlite3_column_int64(row, 7),
                .pid_namespace = (uint64_t)sqlite3_column_int64(row, 8),
                .autounlock = sqlite3_column_int(row, 9) != 0,
                .wait = true,
                .hold_ms = sqlite3_column_int64(row, 12)},
        .ticket = (uint64_t)sqlite3_column_int64(row, 0),
        .token = (uint64_t)sqlite3_column_int64(row, 1),
        .asked_ms = sqlite3_column_int64(row, 10),
        .granted_ms = sqlite3_column_int64(row, 11),
        .deadline_ms = sqlite3_column_int64(row, 13),
        .away = sqlite3_column_int(row, 15) != 0,
    };
    int result;

    if (owner == NULL || text == NULL) {
        errno = EINVAL;
        return -1;
    }
    if (lock_demand_parse(&demand, text) != 0)
        return -1;
    record.ask.groups = demand.groups;
    record.ask.group_count = demand.group_count;
    result = loader->on_request(loader->context, &record);
    lock_demand_fini(&demand);
    return result;
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
        return fail(db, path, result, error);
    while ((result = sqlite3_step(row)) == SQLITE_ROW) {
        if (restore_row(row, loader) == 0)
            continue;
        result = errno == EINVAL ? SQLITE_CORRUPT : SQLITE_NOMEM;
        break;
    }
    sqlite3_finalize(row);
    return result == SQLITE_DONE ? 0 : fail(NULL, path, result, error);
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
        return fail(db, path, result, error);
    result = sqlite3_step(row);
    if (result == SQLITE_ROW && text_column(row, 2) != NULL) {
        loader->next_ticket = (uint64_t)sqlite3_column_int64(row, 0);
        loader->next_token = (uint64_t)sqlite3_column_int64(row, 1);
        snprintf(loader->host, sizeof loader->host, "%s", text_column(row, 2));
        tell_clock(row, 3, loader);
        result = SQLITE_OK;
    } else if (result == SQLITE_ROW || result == SQLITE_DONE) {
        result = SQLITE_CORRUPT;
    }
    sqlite3_finalize(row);
    return result == SQLITE_OK ? 0 : fail(NULL, path, result, error);
}

int store_schema_load(sqlite3 *db, const char *path, struct store_loader *loader,
                      char error[STORE_ERROR_SIZE])
{
    if (check_requests(db, path, error) != 0 || load_counters(db, path, loader, error) != 0)
        return -1;
    return load_requests(db, path, loader, error);
}

void store_schema_read_history(sqlite3_stmt *row, int first, struct store_history *entry)
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
        .asked_ms = sqlite3_column_int64(row, first + 9),
        .granted_ms = sqlite3_column_int64(row, first + 10),
        .ended_ms = sqlite3_column_int64(row, first + 11),
    };
}
