/* Opens files that nobody else may have a hand in.
 * Must not touch a file before it has been looked at. */
#include "own_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "descriptor.h"
#include "error_text.h"

/* What is wrong with a file; NULL: nothing. */
static const char *find_objection(const struct stat *st, const struct own_file *file)
{
    if (S_ISCHR(st->st_mode) && file->device != 0)
        return NULL;
    if (!S_ISREG(st->st_mode))
        return "it is no regular file";
    if (st->st_uid != 0 && st->st_uid != geteuid() && st->st_uid != file->owner)
        return "it belongs to somebody else";
    if (st->st_nlink > 1)
        return "it has another name, too";
    if ((st->st_mode & file->not_by) != 0)
        return "others can write it (chmod go-w)";
    return NULL;
}

/* A FIFO without a reader, and a socket. */
static const char *text_of(int error)
{
    if (error == ENXIO)
        return "it is no regular file";
    return error == ELOOP ? "it is a symbolic link; name the file itself" : error_text(error);
}

/* Where a folder is everybody's, the kernel may refuse O_CREAT for what is there
 * (fs.protected_regular in proc(5)): it is asked for only where there is nothing. */
static int open_or_make(const char *path, const struct own_file *file)
{
    int flags = file->flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    int fd = open(path, flags & ~O_CREAT);

    if (fd < 0 && errno == ENOENT && (file->flags & O_CREAT) != 0)
        fd = open(path, flags | O_EXCL, file->mode);
    if (fd < 0 && errno == EEXIST)
        fd = open(path, flags & ~O_CREAT);
    return fd;
}

int own_file_open(const char *path, const struct own_file *file, char why[OWN_FILE_WHY_SIZE])
{
    const char *objection = NULL;
    struct stat st;
    int fd = open_or_make(path, file);

    if (fd < 0 || fstat(fd, &st) != 0) {
        snprintf(why, OWN_FILE_WHY_SIZE, "%s", text_of(errno));
    } else {
        objection = find_objection(&st, file);
        if (objection == NULL)
            return fd;
        snprintf(why, OWN_FILE_WHY_SIZE, "%s", objection);
        errno = EPERM;
    }
    if (fd >= 0)
        descriptor_close(fd);
    return -1;
}
