/* The state file as a file: default place, folders, lock, moving it aside.
 * Must not read or write what is in it. */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/error_text.h"
#include "base/own_file.h"
#include "error.h"

char *store_file_default_path(void)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    char *path;
    int len;

    if (geteuid() == 0)
        return strdup("/var/lib/lockerd/lockerd.db");
    /* The XDG base directory specification has relative paths ignored. */
    if (state != NULL && state[0] == '/') {
        len = asprintf(&path, "%s/farmlock/lockerd.db", state);
    } else if (home != NULL && home[0] == '/') {
        len = asprintf(&path, "%s/.local/state/farmlock/lockerd.db", home);
    } else {
        errno = ENOENT;
        return NULL;
    }
    if (len >= 0)
        return path;
    errno = ENOMEM;
    return NULL;
}

static int make_folders(const char *path)
{
    char *copy = strdup(path);
    mode_t mode = geteuid() == 0 ? 0750 : 0700;
    int result = 0;

    if (copy == NULL)
        return -1;
    for (char *slash = strchr(copy + 1, '/'); slash != NULL && result == 0;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(copy, mode) != 0 && errno != EEXIST && access(copy, X_OK) != 0)
            result = -1;
        *slash = '/';
    }
    free(copy);
    return result;
}

int store_file_prepare(const char *path, bool must_exist, char error[STORE_ERROR_SIZE])
{
    struct stat st;
    int fd;

    if (stat(path, &st) == 0) {
        if (!S_ISREG(st.st_mode))
            return store_error_set(error, EEXIST, "%s is not a file; name another with --state",
                                   path);
        /* Whoever else can write it can have anybody hold anything, and more. */
        if (st.st_uid != geteuid() && access(path, R_OK | W_OK) == 0)
            return store_error_set(
                error, EPERM,
                "the state file %s belongs to somebody else; give it to the user "
                "that lockerd runs as (chown)",
                path);
        if ((st.st_mode & S_IWOTH) != 0)
            return store_error_set(
                error, EPERM,
                "the state file %s can be written by others; take that from them "
                "(chmod o-w)",
                path);
        if (access(path, R_OK | W_OK) == 0)
            return 0;
        return store_error_set(error, errno, "cannot write the state file %s: %s%s", path,
                               error_text(errno),
                               errno == EACCES ? "; give it to the user that lockerd runs as" : "");
    }
    if (must_exist)
        return store_error_set(error, errno, "the state file %s has gone: %s", path,
                               error_text(errno));
    if (errno != ENOENT || make_folders(path) != 0)
        return store_error_set(error, errno, "cannot reach the state file %s: %s", path,
                               error_text(errno));
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
    if (fd < 0)
        return store_error_set(error, errno, "cannot create the state file %s: %s", path,
                               error_text(errno));
    close(fd);
    return 0;
}

static int report_in_use(int fd, const char *path, char error[STORE_ERROR_SIZE])
{
    char pid[16];
    ssize_t len = read(fd, pid, sizeof pid - 1);

    pid[len > 0 ? len : 0] = '\0';
    pid[strspn(pid, "0123456789")] = '\0';
    return store_error_set(
        error, EBUSY,
        "the state file %s is in use by another lockerd%s%s%s; stop that one, or "
        "name another file with --state",
        path, pid[0] != '\0' ? " (process " : "", pid, pid[0] != '\0' ? ")" : "");
}

int store_file_lock(const char *path, char error[STORE_ERROR_SIZE])
{
    /* Two names of one file are one file. */
    char *real = realpath(path, NULL);
    const struct own_file file = {
        .flags = O_RDWR | O_CREAT, .mode = 0600, .not_by = S_IWGRP | S_IWOTH, .owner = geteuid()};
    char lock_path[PATH_MAX], pid[16], why[OWN_FILE_WHY_SIZE];
    int fd, len;

    if (real == NULL)
        return store_error_set(error, errno, "cannot reach the state file %s: %s", path,
                               error_text(errno));
    len = snprintf(lock_path, sizeof lock_path, "%s.lock", real);
    free(real);
    if (len >= (int)sizeof lock_path)
        return store_error_set(error, ENAMETOOLONG, "the path of the state file is too long");
    fd = own_file_open(lock_path, &file, why);
    if (fd < 0)
        return store_error_set(error, errno, "cannot open %s: %s", lock_path, why);
    /* Whoever can read it could lock it: of an older version's that may be a group. */
    if (fchmod(fd, 0600) != 0)
        errno = 0;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK)
            report_in_use(fd, path, error);
        else
            store_error_set(error, errno, "cannot lock %s: %s", lock_path, error_text(errno));
        descriptor_close(fd);
        return -1;
    }
    /* The number is for people; without room for it the lock is as good. */
    len = snprintf(pid, sizeof pid, "%d\n", (int)getpid());
    if (ftruncate(fd, 0) != 0 || pwrite(fd, pid, (size_t)len, 0) != len)
        errno = 0;
    return fd;
}

int store_file_sync_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    char folder[PATH_MAX];
    int len = slash == NULL || slash == path ? 1 : (int)(slash - path), fd, result;

    if (snprintf(folder, sizeof folder, "%.*s", len, slash == NULL ? "." : path) >=
        (int)sizeof folder) {
        errno = ENAMETOOLONG;
        return -1;
    }
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    result = fsync(fd);
    descriptor_close(fd);
    return result;
}

int store_file_move_aside(const char *path, char *aside, size_t aside_size,
                          char error[STORE_ERROR_SIZE])
{
    static const char *const parts[] = {"-wal", "-shm", ""};
    char from[PATH_MAX], to[PATH_MAX], stamp[32];
    time_t now = time(NULL);
    struct tm tm;
    int result = 0;
    int lock = store_file_lock(path, error);

    if (lock < 0)
        return -1;
    gmtime_r(&now, &tm);
    strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%SZ", &tm);
    snprintf(aside, aside_size, "%s.corrupt-%s", path, stamp);
    for (size_t i = 0; i < sizeof parts / sizeof *parts && result == 0; i++) {
        if (snprintf(from, sizeof from, "%s%s", path, parts[i]) >= (int)sizeof from ||
            snprintf(to, sizeof to, "%s%s", aside, parts[i]) >= (int)sizeof to)
            result = store_error_set(error, ENAMETOOLONG, "the path of the state file is too long");
        else if (rename(from, to) != 0 && errno != ENOENT)
            result = store_error_set(error, errno, "cannot rename %s to %s: %s", from, to,
                                     error_text(errno));
    }
    descriptor_close(lock);
    return result;
}
