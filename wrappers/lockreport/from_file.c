/* A report from a state file.
 * Must not write to it, nor keep a server that uses it from writing. */
#include <errno.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report.h"
#include "store/demand.h"
#include "store/schema.h"

enum { BUSY_MS = 5000 };

static int refuse(const char *path, int number, const char *why, char error[REPORT_ERROR_SIZE])
{
    snprintf(error, REPORT_ERROR_SIZE, "cannot read the state file %s: %s", path, why);
    errno = number;
    return -1;
}

static int fail(sqlite3 *db, const char *path, int result, char error[REPORT_ERROR_SIZE])
{
    return refuse(path, (result & 0xff) == SQLITE_CANTOPEN ? ENOENT : EIO,
                  db != NULL ? sqlite3_errmsg(db) : sqlite3_errstr(result), error);
}

static int check_layout(sqlite3 *db, const char *path, char error[REPORT_ERROR_SIZE])
{
    static const char *const objections[] = {
        [STORE_LAYOUT_EMPTY] = "it is empty; no lockerd has used it yet",
        [STORE_LAYOUT_FOREIGN] = "it is not lockerd's; name another with --state",
        [STORE_LAYOUT_EARLIER] = "it was written by an earlier version of lockerd; start this one "
                                 "with it, which brings it up to date",
        [STORE_LAYOUT_LATER] = "it was written by a later version of lockerd; use the lockreport "
                               "of that version",
        [STORE_LAYOUT_OURS] = NULL,
    };
    enum store_layout layout = STORE_LAYOUT_EMPTY;
    int64_t version = 0;
    int result = store_schema_examine(db, &layout, &version);

    if (result != SQLITE_OK)
        return fail(db, path, result, error);
    return objections[layout] == NULL ? 0 : refuse(path, EINVAL, objections[layout], error);
}

/* Without its log a file can be read where nothing can be written; with it, as the server's reader.
 */
static int open_database(const char *path, sqlite3 **db, char error[REPORT_ERROR_SIZE])
{
    char wal[4096], uri[4200];
    char *end = uri + sprintf(uri, "file:");
    struct stat st;
    int result;

    if (strlen(path) > sizeof uri / 4)
        return refuse(path, ENAMETOOLONG, strerror(ENAMETOOLONG), error);
    if (stat(path, &st) != 0 || access(path, R_OK) != 0)
        return refuse(path, errno,
                      errno == ENOENT ? "No such file or directory; name lockerd's with --state"
                                      : strerror(errno),
                      error);
    if (!S_ISREG(st.st_mode))
        return refuse(path, EINVAL, "it is no file", error);
    for (const char *c = path; *c != '\0'; c++)
        end += sprintf(end, strchr("%?#", *c) != NULL ? "%%%02x" : "%c", (unsigned char)*c);
    snprintf(wal, sizeof wal, "%s-wal", path);
    if (access(wal, F_OK) != 0)
        stpcpy(end, "?immutable=1");
    result = sqlite3_open_v2(uri, db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL);
    if (result != SQLITE_OK)
        return fail(*db, path, result, error);
    sqlite3_busy_timeout(*db, BUSY_MS);
    return 0;
}

static const char *text_at(sqlite3_stmt *row, int column)
{
    return (const char *)sqlite3_column_text(row, column);
}

static int add_past(struct report *report, sqlite3_stmt *row)
{
    const struct store_history entry = {
        .past = (enum store_past)sqlite3_column_int(row, 0),
        .lock = text_at(row, 1),
        .owner = text_at(row, 2),
        .host = text_at(row, 3),
        .job = text_at(row, 4),
        .token = (uint64_t)sqlite3_column_int64(row, 5),
        .asked_ms = sqlite3_column_int64(row, 6),
        .granted_ms = sqlite3_column_int64(row, 7),
        .ended_ms = sqlite3_column_int64(row, 8),
    };

    if (entry.lock == NULL || entry.owner == NULL)
        return 0;
    return report_add(report, &entry);
}

/* What is held now: each lock of the request is an entry that has not ended. */
static int add_present(struct report *report, sqlite3_stmt *row)
{
    struct store_history entry = {
        .past = STORE_PAST_HOLD,
        .owner = text_at(row, 2),
        .host = text_at(row, 3),
        .job = text_at(row, 4),
        .token = (uint64_t)sqlite3_column_int64(row, 5),
        .asked_ms = sqlite3_column_int64(row, 6),
        .granted_ms = sqlite3_column_int64(row, 7),
    };
    struct store_demand demand;
    const char *text = text_at(row, 1);
    int result = 0;

    if (text == NULL || entry.owner == NULL || store_demand_parse(&demand, text) != 0)
        return 0;
    for (size_t i = 0; i < demand.groups[0].name_count && result == 0; i++) {
        entry.lock = demand.groups[0].names[i];
        result = report_add(report, &entry);
    }
    store_demand_fini(&demand);
    return result;
}

static int read_rows(sqlite3 *db, const char *path, const char *sql, struct report *report,
                     int (*add)(struct report *, sqlite3_stmt *), char error[REPORT_ERROR_SIZE])
{
    sqlite3_stmt *row;
    int result = sqlite3_prepare_v2(db, sql, -1, &row, NULL);

    if (result != SQLITE_OK)
        return fail(db, path, result, error);
    sqlite3_bind_int64(row, 1, report_since_ms(report));
    sqlite3_bind_int64(row, 2, report_until_ms(report));
    while ((result = sqlite3_step(row)) == SQLITE_ROW) {
        if (add(report, row) == 0)
            continue;
        result = SQLITE_NOMEM;
        break;
    }
    if (result != SQLITE_DONE)
        fail(result == SQLITE_NOMEM ? NULL : db, path, result, error);
    sqlite3_finalize(row);
    return result == SQLITE_DONE ? 0 : -1;
}

int report_read_file(struct report *report, const char *path, char error[REPORT_ERROR_SIZE])
{
    sqlite3 *db = NULL;
    int result = open_database(path, &db, error);

    /* One transaction, so that a hold that ends meanwhile is not missed between the two. */
    if (result == 0 && sqlite3_exec(db, "BEGIN", NULL, NULL, NULL) != SQLITE_OK)
        result = fail(db, path, sqlite3_errcode(db), error);
    if (result == 0)
        result = check_layout(db, path, error);
    if (result == 0)
        result = read_rows(db, path,
                           "SELECT past, lock, owner, host, job, token, asked_ms, granted_ms,"
                           " ended_ms FROM history WHERE ended_ms >= ?1 AND asked_ms < ?2",
                           report, add_past, error);
    if (result == 0)
        result = read_rows(db, path,
                           "SELECT 0, demand, owner, host, job, token, asked_ms, granted_ms"
                           " FROM requests WHERE token != 0 AND ?1 IS NOT NULL AND asked_ms < ?2",
                           report, add_present, error);
    sqlite3_close(db);
    return result;
}
