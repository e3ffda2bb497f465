/* The state file's place: a file that somebody removes while it is in use is written anew.
 * Must not touch what somebody else has put there. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "sqlite.h"

enum look {
    LOOK_OURS, /* or it cannot be told */
    LOOK_REMOVED,
    LOOK_REPLACED,
};

int store_place_note(struct store_sqlite *self, char error[STORE_ERROR_SIZE])
{
    struct stat st;
    char *path = realpath(self->options.path, NULL);

    if (path == NULL || stat(path, &st) != 0) {
        free(path);
        return store_fail(error, errno, "cannot reach the state file %s: %s", self->options.path,
                          strerror(errno));
    }
    store_place_fini(&self->place);
    self->place = (struct store_place){.path = path, .device = st.st_dev, .inode = st.st_ino};
    if (asprintf(&self->place.log_path, "%s-wal", path) >= 0)
        return 0;
    self->place.log_path = NULL;
    return store_fail(error, ENOMEM, "out of memory");
}

void store_place_fini(struct store_place *place)
{
    free(place->path);
    free(place->log_path);
    *place = (struct store_place){.path = NULL};
}

/* The folder that a path is in, or the next above that is there, is on the file's file system.
 * Where that was unmounted, what was below it comes to light. */
static bool is_in_sight(const struct store_place *place)
{
    char folder[PATH_MAX];
    struct stat st;
    char *slash;

    snprintf(folder, sizeof folder, "%s", place->path);
    while ((slash = strrchr(folder, '/')) != NULL) {
        *slash = '\0';
        if (stat(slash == folder ? "/" : folder, &st) == 0)
            return st.st_dev == place->device;
        if (errno != ENOENT)
            return false;
    }
    return false;
}

/* Returns the inode of the write-ahead log, 0 when there is none. */
static ino_t log_inode(const struct store_place *place)
{
    struct stat st;

    return stat(place->log_path, &st) == 0 && st.st_dev == place->device ? st.st_ino : 0;
}

static enum look look_at(const struct store_place *place)
{
    struct stat st;

    if (stat(place->path, &st) != 0)
        return errno == ENOENT && is_in_sight(place) ? LOOK_REMOVED : LOOK_OURS;
    if (st.st_dev != place->device)
        return LOOK_OURS;
    if (st.st_ino != place->inode)
        return LOOK_REPLACED;
    /* It stays while somebody has the file open. */
    return place->log_inode == 0 || log_inode(place) == place->log_inode ? LOOK_OURS : LOOK_REMOVED;
}

/* SQLite leaves the log of a file that is gone where it is: another file's pages would be taken
 * from it. */
void store_place_leave(const struct store_place *place)
{
    if (place->log_inode != 0 && look_at(place) != LOOK_OURS &&
        log_inode(place) == place->log_inode)
        unlink(place->log_path);
}

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

static int sync_path(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC);
    int result = fd >= 0 ? fsync(fd) : -1;

    if (fd >= 0)
        close(fd);
    return result;
}

/* A rename is safe when the folder is. */
static int sync_folder(const char *path)
{
    char folder[PATH_MAX];

    snprintf(folder, sizeof folder, "%s", path);
    *strrchr(folder, '/') = '\0';
    return sync_path(folder[0] != '\0' ? folder : "/", O_RDONLY | O_DIRECTORY);
}

static int fail(const struct store_sqlite *self, int number, const char *why,
                char error[STORE_ERROR_SIZE])
{
    return store_fail(error, number, "the state file %s was removed and cannot be written anew: %s",
                      self->options.path, why);
}

/* Lets go of the removed file, whose log SQLite then removes by its name, and uses the copy. */
static int change_over(struct store_sqlite *self, const char *copy, char error[STORE_ERROR_SIZE])
{
    struct stat st;

    store_sqlite_disconnect(self);
    if (rename(copy, self->place.path) != 0 || sync_folder(self->place.path) != 0)
        return fail(self, errno, strerror(errno), error);
    if (fstat(self->lock_fd, &st) == 0 && st.st_nlink == 0) {
        close(self->lock_fd);
        self->lock_fd = store_file_lock(self->place.path, error);
        if (self->lock_fd < 0)
            return -1;
    }
    return store_sqlite_connect(self, error);
}

static int write_anew(struct store_sqlite *self, char error[STORE_ERROR_SIZE])
{
    char copy[PATH_MAX], reason[256];
    int result, number;

    if (snprintf(copy, sizeof copy, "%s.new", self->place.path) >= (int)sizeof copy)
        return fail(self, ENAMETOOLONG, strerror(ENAMETOOLONG), error);
    if (unlink(copy) != 0 && errno != ENOENT && errno != ENOTDIR)
        return fail(self, errno, strerror(errno), error);
    /* SQLite fills an empty file, and leaves its mode as it is. */
    if (store_file_prepare(copy, false, error) != 0)
        return -1;
    result = copy_database(self->db, copy);
    if (result == SQLITE_OK && sync_path(copy, O_WRONLY) == 0)
        return change_over(self, copy, error);
    number = errno;
    if (result != SQLITE_OK)
        number = store_schema_describe(self->db, result, reason, sizeof reason);
    else
        snprintf(reason, sizeof reason, "%s", strerror(number));
    unlink(copy);
    return fail(self, number, reason, error);
}

int store_place_keep(struct store_sqlite *self, char error[STORE_ERROR_SIZE])
{
    switch (look_at(&self->place)) {
    case LOOK_OURS:
        /* SQLite makes the log when it first needs it. */
        if (self->place.log_inode == 0)
            self->place.log_inode = log_inode(&self->place);
        return 0;
    case LOOK_REPLACED:
        return store_fail(error, ESTALE,
                          "another file was put in the place of the state file %s while it was in "
                          "use; stop lockerd before that",
                          self->options.path);
    case LOOK_REMOVED:
        break;
    }
    return write_anew(self, error) == 0 ? 1 : -1;
}
