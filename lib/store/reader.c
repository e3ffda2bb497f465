/* The history in a state file that a server may be using.
 * Must not write to it, nor keep the server from writing. */
#include "reader.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error_text.h"
#include "error.h"
#include "history_scan.h"
#include "load.h"
#include "lock/request_demand.h"
#include "schema.h"

enum { BUSY_MS = 5000 };

/* A file that is being read. */
struct reading {
    const struct store_reader *reader;
    sqlite3 *db;
    char *error;
    size_t error_size;
};

static int refuse(const struct reading *self, int number, const char *why)
{
    snprintf(self->error, self->error_size, "cannot read the state file %s: %s", self->reader->path,
             why);
    errno = number;
    return -1;
}

static int fail(const struct reading *self, int result)
{
    char reason[STORE_ERROR_SIZE];

    store_error_describe(self->db, result, reason, sizeof reason);
    return refuse(self, (result & 0xff) == SQLITE_CANTOPEN ? ENOENT : EIO, reason);
}

static int check_layout(const struct reading *self)
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
    int result = store_schema_examine(self->db, &layout, &version);

    if (result != SQLITE_OK)
        return fail(self, result);
    return objections[layout] == NULL ? 0 : refuse(self, EINVAL, objections[layout]);
}

static int check_file(const struct reading *self)
{
    const char *path = self->reader->path;
    struct stat st;

    if (stat(path, &st) != 0 || access(path, R_OK) != 0)
        return refuse(self, errno,
                      errno == ENOENT ? "No such file or directory; name lockerd's with --state"
                                      : error_text(errno));
    if (!S_ISREG(st.st_mode))
        return refuse(self, EINVAL, "it is no file");
    return 0;
}

/* Without its log a file can be read where nothing can be written; with it, as the server's reader.
 */
static int open_database(struct reading *self)
{
    const char *path = self->reader->path;
    char wal[4096], uri[4200];
    char *end = uri + sprintf(uri, "file:");
    int result;

    if (strlen(path) > sizeof uri / 4)
        return refuse(self, ENAMETOOLONG, error_text(ENAMETOOLONG));
    if (check_file(self) != 0)
        return -1;
    for (const char *c = path; *c != '\0'; c++)
        end += sprintf(end, strchr("%?#", *c) != NULL ? "%%%02x" : "%c", (unsigned char)*c);
    snprintf(wal, sizeof wal, "%s-wal", path);
    if (access(wal, F_OK) != 0)
        stpcpy(end, "?immutable=1");
    result = sqlite3_open_v2(uri, &self->db,
                             SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, NULL);
    if (result != SQLITE_OK)
        return fail(self, result);
    sqlite3_busy_timeout(self->db, BUSY_MS);
    return 0;
}

static int tell(const struct store_reader *reader, const struct store_history *entry)
{
    return reader->on_entry(reader->context, entry);
}

static int tell_past(const struct store_reader *reader, struct store_history *entry)
{
    return entry->lock != NULL && entry->owner != NULL ? tell(reader, entry) : 0;
}

static int tell_group(const struct store_reader *reader, struct store_history *entry,
                      const struct lock_group *group)
{
    int result = 0;

    entry->shared = group->shared;
    for (size_t i = 0; i < group->name_count && result == 0; i++) {
        entry->lock = group->names[i];
        result = tell(reader, entry);
    }
    return result;
}

/* What is held now: each lock of the request is an entry that has not ended.  `lock` is all of its
 * demand. */
static int tell_present(const struct store_reader *reader, struct store_history *entry)
{
    struct lock_demand demand;
    int result = 0;

    if (entry->lock == NULL || entry->owner == NULL || lock_demand_parse(&demand, entry->lock) != 0)
        return 0;
    for (size_t g = 0; g < demand.group_count && result == 0; g++)
        result = tell_group(reader, entry, &demand.groups[g]);
    lock_demand_fini(&demand);
    return result;
}

/* What has become of reading rows, when there are no more. */
static int end_rows(const struct reading *self, int result)
{
    if (result == SQLITE_DONE)
        return 0;
    if (result == SQLITE_NOMEM)
        return refuse(self, EIO, sqlite3_errstr(result));
    return fail(self, result);
}

/* A refusal takes no time, and may be told of as much as a minute late. */
static bool is_in_order(const struct store_history *entry, int64_t *last_ms)
{
    if (entry->past == STORE_PAST_REFUSED)
        return true;
    if (entry->ended_ms > *last_ms)
        return false;
    *last_ms = entry->ended_ms;
    return true;
}

/* Returns SQLITE_DONE, an error, or SQLITE_ROW where it is at one that is not in order. */
static int read_rows(const struct reading *self, struct history_scan *scan)
{
    int64_t last_ms = INT64_MAX;
    struct store_history entry;
    int result;

    while ((result = history_scan_step(scan)) == SQLITE_ROW) {
        if (!history_scan_is_meant(scan))
            continue;
        history_scan_load(scan, &entry);
        if (scan->order == HISTORY_BACKWARDS && !is_in_order(&entry, &last_ms))
            return SQLITE_ROW;
        if (tell_past(self->reader, &entry) != 0)
            return SQLITE_NOMEM;
    }
    return result;
}

static int read_past(const struct reading *self, enum history_order order)
{
    struct history_scan scan = {.since_ms = self->reader->since_ms,
                                .until_ms = self->reader->until_ms,
                                .order = order,
                                .only = self->reader->only};
    int result = history_scan_open(&scan, self->db, 0);

    if (result == SQLITE_OK)
        result = read_rows(self, &scan);
    if (result != SQLITE_ROW)
        result = end_rows(self, result) == 0 ? SQLITE_DONE : SQLITE_ERROR;
    history_scan_close(&scan);
    return result;
}

static int read_present(const struct reading *self)
{
    static const char sql[] =
        "SELECT 0, 0, demand, owner, host, job, pid, ticket, token, asked_ms, granted_ms, 0,"
        " uid, how, -1, 0, NULL, NULL, NULL, project, 0"
        " FROM requests WHERE token != 0 AND asked_ms < ?";
    struct store_history entry;
    sqlite3_stmt *row;
    int result = sqlite3_prepare_v2(self->db, sql, -1, &row, NULL);

    if (result != SQLITE_OK)
        return fail(self, result);
    sqlite3_bind_int64(row, 1, self->reader->until_ms);
    while ((result = sqlite3_step(row)) == SQLITE_ROW) {
        store_load_history(row, 0, &entry);
        if (tell_present(self->reader, &entry) == 0)
            continue;
        result = SQLITE_NOMEM;
        break;
    }
    result = end_rows(self, result);
    sqlite3_finalize(row);
    return result;
}

static int read_offline(const struct reading *self)
{
    static const char sql[] = "SELECT name, seats, until_ms, reason FROM unusable WHERE kind = ?";
    sqlite3_stmt *row;
    int result = sqlite3_prepare_v2(self->db, sql, -1, &row, NULL);

    if (result != SQLITE_OK)
        return fail(self, result);
    sqlite3_bind_int(row, 1, STORE_OFFLINE);
    while ((result = sqlite3_step(row)) == SQLITE_ROW) {
        const struct store_unusable unusable = {
            .kind = STORE_OFFLINE,
            .name = (const char *)sqlite3_column_text(row, 0),
            .seats = (uint32_t)sqlite3_column_int64(row, 1),
            .until_ms = sqlite3_column_int64(row, 2),
            .reason = (const char *)sqlite3_column_text(row, 3),
        };

        if (unusable.name == NULL ||
            self->reader->on_offline(self->reader->context, &unusable) == 0)
            continue;
        result = SQLITE_NOMEM;
        break;
    }
    result = end_rows(self, result);
    sqlite3_finalize(row);
    return result;
}

static int read_last_first(const struct reading *self, enum history_order order)
{
    int result = read_present(self) == 0 ? read_past(self, order) : SQLITE_ERROR;

    if (result != SQLITE_ROW)
        return result == SQLITE_DONE ? 0 : -1;
    self->reader->last_first(self->reader->context);
    return read_last_first(self, HISTORY_LAST_FIRST);
}

static int read_entries(const struct reading *self)
{
    if (self->reader->last_first != NULL)
        return read_last_first(self, HISTORY_BACKWARDS);
    return read_past(self, HISTORY_AS_WRITTEN) == SQLITE_DONE ? read_present(self) : -1;
}

static int read_all(struct reading *self)
{
    if (open_database(self) != 0)
        return -1;
    /* One transaction, so that a hold that ends meanwhile is not missed between the two. */
    if (sqlite3_exec(self->db, "BEGIN", NULL, NULL, NULL) != SQLITE_OK)
        return fail(self, sqlite3_errcode(self->db));
    if (check_layout(self) != 0 || read_entries(self) != 0)
        return -1;
    return self->reader->on_offline != NULL ? read_offline(self) : 0;
}

int store_reader_read(const struct store_reader *reader, char *error, size_t error_size)
{
    struct reading self = {.reader = reader, .error = error, .error_size = error_size};
    int result = read_all(&self);
    int saved_errno = errno;

    sqlite3_close(self.db);
    errno = saved_errno;
    return result;
}
