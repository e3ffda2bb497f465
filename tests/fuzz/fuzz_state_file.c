/* Starts a lock server on state files that somebody has written: whole databases, and rows in one
 * that is well formed.  Whatever it is, the server starts and serves, or says that it is damaged.
 * Must not leave anything behind from one input to the next. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "peer.h"
#include "store/reader.h"
#include "store/schema.h"

enum { COLUMNS = 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char magic[] = "SQLite format 3";
static char folder[64], path[96];

static void remove_files(void)
{
    static const char *const ends[] = {"", "-wal", "-shm", ".lock", "-journal"};
    char file[128];

    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        snprintf(file, sizeof file, "%s%s", path, ends[i]);
        unlink(file);
    }
}

static void remove_folder(void)
{
    remove_files();
    rmdir(folder);
}

static void make_folder(void)
{
    if (*folder != '\0')
        return;
    snprintf(folder, sizeof folder, "/dev/shm/fuzz.XXXXXX");
    if (mkdtemp(folder) == NULL)
        abort();
    snprintf(path, sizeof path, "%s/state", folder);
    atexit(remove_folder);
}

static void write_file(const uint8_t *data, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    close(fd);
}

/* A value of a column: a number where it is one, NULL for "-", else text. */
static void bind_value(sqlite3_stmt *row, int column, const char *text)
{
    char *end;
    long long number = strtoll(text, &end, 10);

    if (strcmp(text, "-") == 0)
        sqlite3_bind_null(row, column);
    else if (*text != '\0' && *end == '\0')
        sqlite3_bind_int64(row, column, number);
    else
        sqlite3_bind_text(row, column, text, -1, SQLITE_TRANSIENT);
}

/* Lines of values separated by tabs: "r" and a request, "h" and an entry of the history, "s" and
 * the counters.  A vertical tab is a newline within a value. */
static void insert_line(sqlite3 *db, char *line)
{
    const char *sql = *line == 'r' ? "INSERT INTO requests(" STORE_REQUEST_COLUMNS
                                     ") VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
                      : *line == 'h' ? "INSERT INTO history(" STORE_HISTORY_COLUMNS
                                       ") VALUES(?,?,?,?,?,?,?,?,?,?,?,?)"
                      : *line == 's' ? "UPDATE state SET next_ticket = ?, next_token = ?, host = ?,"
                                       " boot = ?, base_ms = ?, seen_ms = ?, keep_until_ms = ?"
                                     : NULL;
    sqlite3_stmt *row;
    char *value;

    if (sql == NULL || sqlite3_prepare_v2(db, sql, -1, &row, NULL) != SQLITE_OK)
        return;
    strsep(&line, "\t");
    for (int column = 1; column <= COLUMNS && (value = strsep(&line, "\t")) != NULL; column++) {
        for (char *c = value; *c != '\0'; c++)
            *c = *c == '\v' ? '\n' : *c;
        bind_value(row, column, value);
    }
    sqlite3_step(row);
    sqlite3_finalize(row);
}

/* An empty state file, made once: its layout is what takes the time. */
static sqlite3 *open_empty(void)
{
    static uint8_t empty[256 * 1024];
    static ssize_t size;
    const struct store_options options = {.path = path, .durability = STORE_DURABLE_PROCESS};
    char error[STORE_ERROR_SIZE];
    sqlite3 *db;
    int fd;

    if (size == 0) {
        write_file(NULL, 0);
        db = store_schema_open(&options, error);
        assert(db != NULL);
        sqlite3_exec(db, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL);
        sqlite3_close(db);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        size = read(fd, empty, sizeof empty);
        close(fd);
    }
    write_file(empty, (size_t)size);
    assert(sqlite3_open(path, &db) == SQLITE_OK);
    return db;
}

static void write_rows(const uint8_t *data, size_t size)
{
    char *text = strndup((const char *)data, size), *rest = text, *line;
    sqlite3 *db = open_empty();

    assert(text != NULL);
    sqlite3_exec(db, "PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF; BEGIN", NULL, NULL,
                 NULL);
    while ((line = strsep(&rest, "\n")) != NULL)
        insert_line(db, line);
    sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
    sqlite3_close(db);
    free(text);
}

static void converse(struct ipclocker_server *server)
{
    static const char lines[] = "proto 2\nuser fuzz\nlocks a b\nblock 0\nLOCK\nLIST_JSON\nSTATUS\n"
                                "HISTORY 0 99999999999999 0 100\nUNLOCK\nLOCK_LIST\nBREAK_LOCK\n";
    int fd = peer_connect(server, PEER_LOCAL);
    char answers[4096];

    assert(send(fd, lines, sizeof lines - 1, 0) > 0);
    for (int i = 0; i < 4; i++) {
        ipclocker_server_process(server, 0);
        while (recv(fd, answers, sizeof answers, MSG_DONTWAIT) > 0)
            continue;
    }
    close(fd);
    ipclocker_server_process(server, 0);
}

static int take_entry(void *context, const struct store_history *entry)
{
    size_t *sum = context;

    *sum += strlen(entry->owner) + strlen(entry->lock) + (entry->host != NULL) +
            (entry->job != NULL ? strlen(entry->job) : 0);
    return 0;
}

static void read_history(void)
{
    size_t sum = 0;
    const struct store_reader reader = {
        .path = path, .until_ms = INT64_MAX, .on_entry = take_entry, .context = &sum};
    char error[STORE_ERROR_SIZE];

    store_reader_read(&reader, error, sizeof error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ipclocker_server *server = ipclocker_server_create();

    make_folder();
    if (size >= sizeof magic && memcmp(data, magic, sizeof magic) == 0)
        write_file(data, size);
    else
        write_rows(data, size);
    read_history();
    if (server == NULL || ipclocker_server_listen(server, "127.0.0.1", "0") != 0 ||
        ipclocker_server_set_state(server, path, IPCLOCKER_DURABLE_PROCESS) != 0)
        abort();
    ipclocker_server_set_pidstat_port(server, -1);
    if (ipclocker_server_start(server, NULL) == 0)
        converse(server);
    else
        assert(*ipclocker_server_error(server) != '\0' && errno != EBUSY);
    ipclocker_server_destroy(server);
    remove_files();
    return 0;
}
