/* A layer under a program, loaded with LD_PRELOAD, that makes a part of its writes fail: those
 * below FAILING_DISK_PATH while the file FAILING_DISK_WHEN exists, one in as many as that file
 * says; or, where it says "hang", has all of them wait until it is gone.
 * Must not touch any other file. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define REPLACES __attribute__((visibility("default")))

static bool is_watched(int fd)
{
    const char *path = getenv("FAILING_DISK_PATH");
    char link[64], target[4096];
    ssize_t len;

    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    len = readlink(link, target, sizeof target - 1);
    if (path == NULL || len < 0)
        return false;
    target[len] = '\0';
    return strncmp(target, path, strlen(path)) == 0;
}

static void read_orders(const char *path, char text[16])
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t len = file >= 0 ? read(file, text, 15) : 0;

    text[len > 0 ? len : 0] = '\0';
    if (file >= 0)
        close(file);
}

static bool fails(int fd)
{
    const char *when = getenv("FAILING_DISK_WHEN");
    static unsigned calls;
    char text[16];
    int every;

    if (when == NULL || !is_watched(fd))
        return false;
    for (read_orders(when, text); strcmp(text, "hang") == 0; read_orders(when, text))
        usleep(5000);
    every = atoi(text);
    return every > 0 && ++calls % (unsigned)every == 0;
}

REPLACES ssize_t pwrite64(int fd, const void *data, size_t len, off64_t at)
{
    ssize_t (*real)(int, const void *, size_t, off64_t) = dlsym(RTLD_NEXT, "pwrite64");

    if (!fails(fd))
        return real(fd, data, len, at);
    /* A disk that is full has often taken a part. */
    if (len > 1 && real(fd, data, len / 2, at) < 0)
        return -1;
    errno = ENOSPC;
    return -1;
}

REPLACES ssize_t pwrite(int fd, const void *data, size_t len, off_t at)
{
    return pwrite64(fd, data, len, at);
}

REPLACES ssize_t write(int fd, const void *data, size_t len)
{
    ssize_t (*real)(int, const void *, size_t) = dlsym(RTLD_NEXT, "write");

    if (!fails(fd))
        return real(fd, data, len);
    errno = ENOSPC;
    return -1;
}

REPLACES int fdatasync(int fd)
{
    int (*real)(int) = dlsym(RTLD_NEXT, "fdatasync");

    if (!fails(fd))
        return real(fd);
    errno = EIO;
    return -1;
}

REPLACES int fsync(int fd)
{
    int (*real)(int) = dlsym(RTLD_NEXT, "fsync");

    if (!fails(fd))
        return real(fd);
    errno = EIO;
    return -1;
}
