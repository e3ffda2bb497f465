/* Gives the state file to the user that a server becomes.
 * Must not give away anything else: whoever has a folder can put what he likes in it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error_text.h"
#include "error.h"
#include "file.h"

struct hand_over {
    const char *path; /* as it was named */
    char folder[PATH_MAX], name[NAME_MAX + 1];
    int folder_fd;
    const char *user;
    uid_t uid;
    gid_t gid;
    char *error;
};

static int fail(const struct hand_over *it, const char *what)
{
    return store_error_set(it->error, errno, "cannot give %s%s to the user %s: %s", it->folder,
                           what, it->user, error_text(errno));
}

/* Takes the path apart.  A link to the file is followed, as by the server. */
static int split(struct hand_over *it)
{
    char *real = realpath(it->path, NULL);
    const char *path = real != NULL ? real : it->path, *slash = strrchr(path, '/');
    int folder_len = slash == NULL ? 1 : slash == path ? 1 : (int)(slash - path);
    bool fits = snprintf(it->folder, sizeof it->folder, "%.*s", folder_len,
                         slash == NULL ? "." : path) < (int)sizeof it->folder &&
                snprintf(it->name, sizeof it->name, "%s", slash == NULL ? path : slash + 1) <
                    (int)sizeof it->name;

    free(real);
    if (fits)
        return 0;
    return store_error_set(it->error, ENAMETOOLONG, "the path of the state file is too long");
}

/* Folders that are missing are made, and the user's. */
static int make_folders(struct hand_over *it)
{
    for (char *slash = strchr(it->folder + 1, '/');; slash = strchr(slash + 1, '/')) {
        int result;

        if (slash != NULL)
            *slash = '\0';
        result = mkdir(it->folder, 0750);
        if (result == 0)
            result = lchown(it->folder, it->uid, it->gid);
        else if (errno == EEXIST || access(it->folder, X_OK) == 0)
            result = 0;
        if (result != 0)
            return store_error_set(it->error, errno,
                                   "cannot make the folder %s for the state file %s: %s",
                                   it->folder, it->path, error_text(errno));
        if (slash == NULL)
            return 0;
        *slash = '/';
    }
}

/* Is it the state file, or what stands beside it: its log, its lock, a copy of it? */
static bool is_of_state(const struct hand_over *it, const char *entry)
{
    size_t len = strlen(it->name);

    return strcmp(entry, ".") == 0 || strcmp(entry, "..") == 0 ||
           strcmp(entry, "lost+found") == 0 ||
           (strncmp(entry, it->name, len) == 0 &&
            (entry[len] == '\0' || entry[len] == '-' || entry[len] == '.'));
}

static bool is_users(const struct hand_over *it, const char *entry)
{
    struct stat st;

    return fstatat(it->folder_fd, entry, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_uid == it->uid;
}

/* The first thing in the folder that is neither the user's nor of the state; "" for none. */
static int find_other(const struct hand_over *it, char other[NAME_MAX + 1])
{
    DIR *folder = opendir(it->folder);
    const struct dirent *entry;

    *other = '\0';
    if (folder == NULL)
        return fail(it, "");
    while (*other == '\0' && (entry = readdir(folder)) != NULL) {
        if (!is_of_state(it, entry->d_name) && !is_users(it, entry->d_name))
            snprintf(other, NAME_MAX + 1, "%s", entry->d_name);
    }
    closedir(folder);
    return 0;
}

static int give_folder(const struct hand_over *it)
{
    char other[NAME_MAX + 1];
    struct stat st;

    if (fstat(it->folder_fd, &st) != 0)
        return fail(it, "");
    if (st.st_uid == it->uid || (st.st_mode & S_IWOTH) != 0)
        return 0;
    if (st.st_uid != 0)
        return store_error_set(it->error, EPERM,
                               "the folder %s of the state file belongs to neither root nor %s; "
                               "name another with --state, or another --user",
                               it->folder, it->user);
    if (find_other(it, other) != 0)
        return -1;
    if (*other != '\0')
        return store_error_set(
            it->error, EPERM,
            "the folder %s has other things in it than the state, such as %s, so "
            "it is not given to %s; name a file in a folder of its own with "
            "--state, or keep root with --user root",
            it->folder, other, it->user);
    return fchown(it->folder_fd, it->uid, it->gid) == 0 ? 0 : fail(it, "");
}

static int give_file(const struct hand_over *it, const char *suffix)
{
    char name[NAME_MAX + 16];
    struct stat st;
    int fd, result = 0;

    snprintf(name, sizeof name, "%s%s", it->name, suffix);
    fd = openat(it->folder_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR ? 0 : fail(it, name);
    if (fstat(fd, &st) != 0)
        result = fail(it, name);
    /* What is no file the server will complain of. */
    else if (S_ISREG(st.st_mode) && st.st_uid != it->uid) {
        if (st.st_uid != 0 || st.st_nlink > 1)
            result = store_error_set(
                it->error, EPERM, "%s/%s %s; it is not given to %s", it->folder, name,
                st.st_uid != 0 ? "is neither root's nor that user's" : "has another name, too",
                it->user);
        else if (fchown(fd, it->uid, it->gid) != 0)
            result = fail(it, name);
    }
    close(fd);
    return result;
}

int store_file_hand_over(const char *path, const char *user, uid_t uid, gid_t gid,
                         char error[STORE_ERROR_SIZE])
{
    static const char *const suffixes[] = {"",      "-wal",  "-shm",     "-journal",
                                           ".lock", ".mark", ".mark.new"};
    struct hand_over it = {.path = path, .user = user, .uid = uid, .gid = gid, .error = error};
    int result = 0;

    if (path == NULL || strcmp(path, "none") == 0)
        return 0;
    if (split(&it) != 0 || make_folders(&it) != 0)
        return -1;
    it.folder_fd = open(it.folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (it.folder_fd < 0)
        return fail(&it, "");
    result = give_folder(&it);
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes && result == 0; i++)
        result = give_file(&it, suffixes[i]);
    close(it.folder_fd);
    return result;
}
