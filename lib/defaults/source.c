/* Opens and reads clients' files.
 * Must not look at what they say. */
#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/error_text.h"

enum { SIZE_LIMIT = 1 << 16 };

#define OR_NONE "or set FARMLOCK_CONF=none"

/* A home that is not ours to look into is that of a user whose variables we have kept. */
static bool may_be_missing(const char *path, enum defaults_source source, int number)
{
    struct stat st;

    if (source == SOURCE_NAMED)
        return false;
    if (number == ENOENT || number == ENOTDIR)
        return true;
    return source == SOURCE_HOME && number == EACCES && stat(path, &st) != 0 && errno == EACCES;
}

/* The machine's file may have any owner: in a container root's files can be nobody's. */
static const char *find_objection(const struct stat *st, enum defaults_source source)
{
    if (!S_ISREG(st->st_mode))
        return "is no regular file; name one, " OR_NONE;
    if (source == SOURCE_HOME && st->st_uid != 0 && st->st_uid != geteuid())
        return "belongs to somebody else; set HOME, " OR_NONE;
    if ((st->st_mode & S_IWOTH) != 0)
        return "can be written by everybody; take that from them (chmod o-w)";
    if (st->st_size > SIZE_LIMIT)
        return "has more than 65536 bytes";
    return NULL;
}

static int refuse(char error[DEFAULTS_ERROR_SIZE], const char *path, const char *objection)
{
    snprintf(error, DEFAULTS_ERROR_SIZE, "%.256s %s", path, objection);
    errno = EINVAL;
    return -1;
}

static int refuse_for(char error[DEFAULTS_ERROR_SIZE], const char *path, int number)
{
    const char *advice = "name another, " OR_NONE;

    if (number == ENXIO || number == ENODEV)
        return refuse(error, path, "is no regular file; name one, " OR_NONE);
    if (number == EACCES)
        advice = "let everybody read it (chmod a+r), " OR_NONE;
    if (error_text_has_advice(number))
        advice = "try again";
    snprintf(error, DEFAULTS_ERROR_SIZE, "cannot read %.256s: %s; %s", path, error_text(number),
             advice);
    errno = number == ENOMEM || error_text_has_advice(number) ? number : EINVAL;
    return -1;
}

static int read_open(int fd, const char *path, enum defaults_source source, char **text,
                     char error[DEFAULTS_ERROR_SIZE])
{
    const char *objection;
    struct stat st;
    int result = -1;
    ssize_t len;
    char *all;

    if (fstat(fd, &st) != 0)
        return refuse_for(error, path, errno);
    objection = find_objection(&st, source);
    if (objection != NULL)
        return refuse(error, path, objection);
    all = malloc((size_t)st.st_size + 1);
    if (all == NULL)
        return refuse_for(error, path, ENOMEM);
    len = descriptor_read(fd, all, (size_t)st.st_size);
    if (len < 0)
        refuse_for(error, path, errno);
    else if (memchr(all, '\0', (size_t)len) != NULL)
        refuse(error, path, "is no text: it has a NUL in it");
    else
        result = 0;
    if (result != 0) {
        int saved_errno = errno;

        free(all);
        errno = saved_errno;
        return -1;
    }
    all[len] = '\0';
    *text = all;
    return 0;
}

int defaults_source_read(const char *path, enum defaults_source source, char **text,
                         char error[DEFAULTS_ERROR_SIZE])
{
    /* A FIFO has nobody at its other end. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), number = errno, result;

    if (fd < 0 && may_be_missing(path, source, number)) {
        *text = NULL;
        return 0;
    }
    if (fd < 0)
        return refuse_for(error, path, number);
    result = read_open(fd, path, source, text, error);
    descriptor_close(fd);
    return result;
}
