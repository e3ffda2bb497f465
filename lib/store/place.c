/* The state file's place: which file was opened, and whether it is there still.
 * Must not touch what somebody else has put there. */
#include "place.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error_text.h"
#include "error.h"

int store_place_note(struct store_place *place, const char *path, char error[STORE_ERROR_SIZE])
{
    struct stat st;
    char *real = realpath(path, NULL);

    if (real == NULL || stat(real, &st) != 0) {
        free(real);
        return store_error_set(error, errno, "cannot reach the state file %s: %s", path,
                               error_text(errno));
    }
    store_place_fini(place);
    *place = (struct store_place){.path = real, .device = st.st_dev, .inode = st.st_ino};
    if (asprintf(&place->log_path, "%s-wal", real) >= 0)
        return 0;
    place->log_path = NULL;
    return store_error_set(error, ENOMEM, "out of memory");
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

ino_t store_place_log_inode(const struct store_place *place)
{
    struct stat st;

    return stat(place->log_path, &st) == 0 && st.st_dev == place->device ? st.st_ino : 0;
}

enum store_place_look store_place_look(const struct store_place *place)
{
    struct stat st;

    if (stat(place->path, &st) != 0)
        return errno == ENOENT && is_in_sight(place) ? STORE_PLACE_REMOVED : STORE_PLACE_OURS;
    if (st.st_dev != place->device)
        return STORE_PLACE_OURS;
    if (st.st_ino != place->inode)
        return STORE_PLACE_REPLACED;
    /* It stays while somebody has the file open. */
    return place->log_inode == 0 || store_place_log_inode(place) == place->log_inode
               ? STORE_PLACE_OURS
               : STORE_PLACE_REMOVED;
}

/* SQLite leaves the log of a file that is gone where it is: another file's pages would be taken
 * from it. */
void store_place_leave(const struct store_place *place)
{
    if (place->log_inode != 0 && store_place_look(place) != STORE_PLACE_OURS &&
        store_place_log_inode(place) == place->log_inode)
        unlink(place->log_path);
}
