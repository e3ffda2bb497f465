/* Opens and reads configuration files.
 * Must not look at what they say. */
#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/error_text.h"

enum { SIZE_LIMIT = 1 << 20 };

/* What a file says is done with the rights of who reads it. */
static const char *find_objection(const struct stat *st)
{
    if (!S_ISREG(st->st_mode))
        return "is no file";
    if (st->st_uid != 0 && st->st_uid != geteuid())
        return "belongs to somebody else; give it to root (chown root)";
    if ((st->st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return "can be written by others; take that from them (chmod go-w)";
    if (st->st_size > SIZE_LIMIT)
        return "has more than 1048576 bytes";
    return NULL;
}

static char *read_all(int fd, size_t *len)
{
    char *text = malloc(SIZE_LIMIT + 2);
    ssize_t got = text != NULL ? descriptor_read(fd, text, SIZE_LIMIT) : -1;

    if (got < 0) {
        free(text);
        return NULL;
    }
    *len = (size_t)got;
    memcpy(text + *len, "\n", 2);
    return text;
}

char *conf_source_read(const char *path, const struct conf_node *at, struct conf_faults *faults)
{
    /* A FIFO has nobody at its other end. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    const char *objection = NULL;
    struct stat st;
    char *text = NULL;
    size_t len;

    if (fd >= 0 && fstat(fd, &st) == 0 && (objection = find_objection(&st)) == NULL)
        text = read_all(fd, &len);
    if (objection != NULL) {
        conf_fault(faults, at, "%s %s", path, objection);
    } else if (text == NULL) {
        conf_fault(faults, at, "cannot read %s: %s", path, error_text(errno));
    } else if (strlen(text) != len + 1) {
        conf_fault(faults, at, "%s is no text: it has a NUL in it", path);
        free(text);
        text = NULL;
    }
    if (fd >= 0)
        close(fd);
    return text;
}
