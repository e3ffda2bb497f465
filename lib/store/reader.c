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
    result = sqlite3_open_v2(uri, &self->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL);
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

/* What is held now: each lock of the request is an entry that has not ended.  `lock` is all of its
 * demand. */
static int tell_present(const struct store_reader *reader, struct store_history *entry)
{
    struct lock_demand demand;
    int result = 0;

    if (entry->lock == NULL || entry->owner == NULL || lock_demand_parse(&demand, entry->lock) != 0)
        return 0;
    for (size_t i = 0; i < demand.groups[0].name_count && result == 0; i++) {
        entry->lock = demand.groups[0].names[i];
        result = tell(reader, entry);
    }
    lock_demand_fini(&demand);
    return result;
}

/* A statement whose rows have the columns of the history; ?1 and ?2 are the times. */
struct source {
    const char *sql;
    int (*tell)(const struct store_reader *reader, struct store_history *entry);
};

static int read_source(const struct reading *self, const struct source *source)
{
    struct store_history entry;
    sqlite3_stmt *row;
    int result = sqlite3_prepare_v2(self->db, source->sql, -1, &row, NULL);

    if (result != SQLITE_OK)
        return fail(self, result);
    /* A statement without ?1 has a place for it all the same, in front of ?2. */
    sqlite3_bind_int64(row, 1, self->reader->since_ms);
    sqlite3_bind_int64(row, 2, self->reader->until_ms);
    while ((result = sqlite3_step(row)) == SQLITE_ROW) {
        store_schema_read_history(row, 0, &entry);
        if (source->tell(self->reader, &entry) == 0)
            continue;
        result = SQLITE_NOMEM;
        break;
    }
    if (result == SQLITE_NOMEM)
        refuse(self, EIO, sqlite3_errstr(result));
    else if (result != SQLITE_DONE)
        fail(self, result);
    sqlite3_finalize(row);
    return result == SQLITE_DONE ? 0 : -1;
}

static int read_all(struct reading *self)
{
    static const struct source past = {
        "SELECT " STORE_HISTORY_COLUMNS " FROM history WHERE ended_ms >= ?1 AND asked_ms < ?2",
        tell_past,
    };
    static const struct source present = {
        "SELECT 0, 0, demand, owner, host, job, pid, ticket, token, asked_ms, granted_ms, 0"
        " FROM requests WHERE token != 0 AND asked_ms < ?2",
        tell_present,
    };

    if (open_database(self) != 0)
        return -1;
    /* One transaction, so that a hold that ends meanwhile is not missed between the two. */
    if (sqlite3_exec(self->db, "BEGIN", NULL, NULL, NULL) != SQLITE_OK)
        return fail(self, sqlite3_errcode(self->db));
    if (check_layout(self) != 0 || read_source(self, &past) != 0)
        return -1;
    return read_source(self, &present);
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
