/* A state file that somebody has removed while it was in use: all that was in it is written anew.
 * Must not touch what somebody else has put in its place. */
#include "rewrite.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/error_text.h"
#include "error.h"
#include "file.h"

/* SQLite has the removed file and its log open, and so all that was in them. */
static int copy_database(sqlite3 *db, const char *path)
{
    sqlite3_stmt *statement;
    int result = sqlite3_prepare_v2(db, "VACUUM INTO ?", -1, &statement, NULL);

    if (result != SQLITE_OK)
        return result;
    sqlite3_bind_text(statement, 1, path, -1, SQLITE_STATIC);
    sqlite3_step(statement);
    return sqlite3_finalize(statement);
}

static int sync_file(const char *path)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    int result = fd >= 0 ? fsync(fd) : -1;

    descriptor_close(fd);
    return result;
}

static int fail(const struct store_connection *self, int number, const char *why,
                char error[STORE_ERROR_SIZE])
{
    return store_error_set(error, number,
                           "the state file %s was removed and cannot be written anew: %s",
                           self->path, why);
}

/* Lets go of the removed file, whose log SQLite then removes by its name, and uses the copy. */
static int change_over(struct store_connection *self, const char *copy,
                       char error[STORE_ERROR_SIZE])
{
    struct stat st;

    store_connection_disconnect(self);
    if (rename(copy, self->place.path) != 0 || store_file_sync_folder(self->place.path) != 0)
        return fail(self, errno, error_text(errno), error);
    if (fstat(self->lock_fd, &st) == 0 && st.st_nlink == 0) {
        close(self->lock_fd);
        self->lock_fd = store_file_lock(self->place.path, error);
        if (self->lock_fd < 0)
            return -1;
    }
    return store_connection_connect(self, error);
}

static int write_anew(struct store_connection *self, char error[STORE_ERROR_SIZE])
{
    char copy[PATH_MAX], reason[256];
    int result, number;

    if (snprintf(copy, sizeof copy, "%s.new", self->place.path) >= (int)sizeof copy)
        return fail(self, ENAMETOOLONG, error_text(ENAMETOOLONG), error);
    if (unlink(copy) != 0 && errno != ENOENT && errno != ENOTDIR)
        return fail(self, errno, error_text(errno), error);
    /* SQLite fills an empty file, and leaves its mode as it is. */
    if (store_file_prepare(copy, false, error) != 0)
        return -1;
    result = copy_database(self->db, copy);
    if (result == SQLITE_OK && sync_file(copy) == 0)
        return change_over(self, copy, error);
    number = errno;
    if (result != SQLITE_OK)
        number = store_error_describe(self->db, result, reason, sizeof reason);
    else
        snprintf(reason, sizeof reason, "%s", error_text(number));
    unlink(copy);
    return fail(self, number, reason, error);
}

int store_rewrite_if_removed(struct store_connection *connection, char error[STORE_ERROR_SIZE])
{
    struct store_place *place = &connection->place;

    switch (store_place_look(place)) {
    case STORE_PLACE_OURS:
        /* SQLite makes the log when it first needs it. */
        if (place->log_inode == 0)
            place->log_inode = store_place_log_inode(place);
        return 0;
    case STORE_PLACE_REPLACED:
        return store_error_set(
            error, ESTALE,
            "another file was put in the place of the state file %s while it was in "
            "use; stop lockerd before that",
            connection->path);
    case STORE_PLACE_REMOVED:
        break;
    }
    return write_anew(connection, error) == 0 ? 1 : -1;
}
