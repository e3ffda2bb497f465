/* Reads small files of /proc.
 * Must not know what any of them says. */
#include "proc_file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

ssize_t proc_file_read(const char *path, char *buf, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t len = 0;
    ssize_t got;

    if (fd < 0)
        return -1;
    do {
        got = read(fd, buf + len, size - 1 - len);
        if (got > 0)
            len += (size_t)got;
    } while ((got > 0 && len < size - 1) || (got < 0 && errno == EINTR));
    close(fd);
    buf[len] = '\0';
    return (ssize_t)len;
}
