/* A state file in use: its lock, its database and its place, taken and let go of together.
 * Must not know what is written, nor of threads. */
#include "connection.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/descriptor.h"
#include "base/error_text.h"
#include "error.h"
#include "file.h"
#include "schema.h"

/* The file, its log, the log's index, a journal, their folder and a source of random bytes. */
enum { DATABASE_DESCRIPTORS = 6 };

/* Is called by SQLite behind each commit. */
static int on_log(void *context, sqlite3 *db, const char *name, int pages)
{
    struct store_connection *self = context;

    (void)db;
    (void)name;
    self->log_pages = pages;
    if (pages < self->copied_pages)
        self->copied_pages = 0;
    return SQLITE_OK;
}

int store_connection_connect(struct store_connection *self, char error[STORE_ERROR_SIZE])
{
    self->log_pages = 0;
    self->copied_pages = 0;
    self->db = NULL;
    /* Without its log SQLite takes a sound file for a damaged one, which may be moved away then. */
    if (descriptor_spare(DATABASE_DESCRIPTORS) != 0)
        return store_error_set(error, errno, "cannot use the state file %s: %s", self->path,
                               error_text(errno));
    self->db = store_schema_open(&self->options, error);
    if (self->db == NULL ||
        store_statement_prepare(&self->statements, self->db, &self->options, error) != 0)
        return -1;
    sqlite3_wal_hook(self->db, on_log, self);
    return store_place_note(&self->place, self->path, error);
}

void store_connection_disconnect(struct store_connection *self)
{
    store_statement_finalize(&self->statements);
    sqlite3_close(self->db);
    if (self->db != NULL)
        store_place_leave(&self->place);
    self->db = NULL;
}

int store_connection_init(struct store_connection *self, const struct store_options *options,
                          char error[STORE_ERROR_SIZE])
{
    *self = (struct store_connection){.options = *options, .lock_fd = -1};
    self->path = strdup(options->path);
    if (self->path == NULL)
        return store_error_set(error, ENOMEM, "out of memory");
    self->options.path = self->path;
    if (store_file_prepare(self->path, options->must_exist, error) != 0 ||
        (self->lock_fd = store_file_lock(self->path, error)) < 0 ||
        store_connection_connect(self, error) != 0) {
        store_connection_fini(self);
        return -1;
    }
    self->options.must_exist = true;
    return 0;
}

void store_connection_fini(struct store_connection *self)
{
    int saved_errno = errno;

    store_connection_disconnect(self);
    descriptor_close(self->lock_fd);
    self->lock_fd = -1;
    store_place_fini(&self->place);
    free(self->path);
    self->path = NULL;
    errno = saved_errno;
}
