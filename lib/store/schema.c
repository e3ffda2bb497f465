/* The state file's layout: opening it and bringing it up to date.
 * Must not change a file that a later version has written, or that is not ours. */
#include "schema.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "error.h"

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

    "ALTER TABLE requests ADD COLUMN uid INTEGER NOT NULL DEFAULT -1;"
    "ALTER TABLE requests ADD COLUMN how INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE requests ADD COLUMN grant_key BLOB;"
    "ALTER TABLE requests ADD COLUMN peer TEXT;"
    "ALTER TABLE history ADD COLUMN uid INTEGER NOT NULL DEFAULT -1;"
    "ALTER TABLE history ADD COLUMN how INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE history ADD COLUMN by_uid INTEGER NOT NULL DEFAULT -1;"
    "ALTER TABLE history ADD COLUMN by_how INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE history ADD COLUMN by_name TEXT;"
    "ALTER TABLE history ADD COLUMN by_peer TEXT;",

    "ALTER TABLE requests ADD COLUMN login TEXT;"
    "ALTER TABLE requests ADD COLUMN project TEXT;"
    "ALTER TABLE requests ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE history ADD COLUMN pool TEXT;"
    "ALTER TABLE history ADD COLUMN project TEXT;"
    "CREATE TABLE unusable(kind INTEGER NOT NULL, name TEXT NOT NULL, seats INTEGER NOT NULL,"
    "  until_ms INTEGER NOT NULL, reason TEXT, PRIMARY KEY(kind, name)) WITHOUT ROWID;",

    /* Of 1024 rows each, as in history_blocks.h; the last one is not complete yet. */
    "CREATE TABLE history_blocks(block INTEGER PRIMARY KEY, ended_ms INTEGER NOT NULL,"
    "  asked_ms INTEGER NOT NULL);"
    "INSERT INTO history_blocks SELECT (id - 1) / 1024, max(ended_ms), min(asked_ms) FROM history"
    "  WHERE id <= (SELECT max(id) FROM history) / 1024 * 1024 GROUP BY (id - 1) / 1024;",

    /* The count of a demand's group may have an "r" behind it: its names are shared. */
    "",

    /* And a "k": its owner is done with these names, which are kept. */
    "ALTER TABLE requests ADD COLUMN keep_ms INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE requests ADD COLUMN keep_until_ms INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE requests ADD COLUMN until_boot INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE requests ADD COLUMN lost_after_s INTEGER NOT NULL DEFAULT 0;",

    "ALTER TABLE history ADD COLUMN shared INTEGER NOT NULL DEFAULT 0;",
};

enum { SCHEMA_VERSION = sizeof steps / sizeof *steps };

int store_schema_refuse_damaged(const char *path, char error[STORE_ERROR_SIZE], const char *format,
                                ...)
{
    char reason[200];
    va_list args;

    va_start(args, format);
    vsnprintf(reason, sizeof reason, format, args);
    va_end(args);
    return store_error_set(error, EUCLEAN,
                           "the state file %s is damaged (%s); restore it, or have it moved aside "
                           "with --move-corrupt-state, which begins with no lock held",
                           path, reason);
}

int store_schema_fail(sqlite3 *db, const char *path, int result, char error[STORE_ERROR_SIZE])
{
    char reason[256];
    int number = store_error_describe(db, result, reason, sizeof reason);

    if (number == EUCLEAN)
        return store_schema_refuse_damaged(path, error, "%s", reason);
    return store_error_set(error, number, "cannot use the state file %s: %s", path, reason);
}

int store_schema_read_number(sqlite3 *db, const char *sql, int64_t *number)
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
    int result = store_schema_read_number(db, "PRAGMA user_version", version);

    if (result == SQLITE_OK)
        result = store_schema_read_number(db, "PRAGMA application_id", &application);
    if (result == SQLITE_OK)
        result = store_schema_read_number(db, "SELECT count(*) FROM sqlite_master", &tables);
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
        return store_schema_fail(db, options->path, result, error);
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
    return result == SQLITE_OK ? 0 : store_schema_fail(db, options->path, result, error);
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
        return store_schema_fail(db, options->path, result, error);
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
        store_schema_fail(db, options->path, result, error);
    else if (update_layout(db, options, error) == 0 && set_modes(db, options, error) == 0)
        return db;
    saved_errno = errno;
    sqlite3_close(db);
    errno = saved_errno;
    return NULL;
}
