/* A layer under a program, loaded with LD_PRELOAD, that lets it see control groups of version 2
 * alone: of /proc/PID/cgroup it reads the line "0::/...", as where no controller is mounted by
 * version 1. Must not change anything else: the groups themselves are the kernel's. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define REPLACES __attribute__((visibility("default")))

typedef int open_fn(const char *path, int flags, ...);

static bool is_of_groups(const char *path)
{
    const char *name = strrchr(path, '/');

    return !strncmp(path, "/proc/", 6) && !strcmp(name, "/cgroup");
}

static const char *version_2(const char *text)
{
    const char *line = strstr(text, "\n0::");

    return line != NULL ? line + 1 : text;
}

/* Returns another descriptor, to be read instead of `fd`, which is closed. */
static int filtered(int fd)
{
    char text[8192];
    ssize_t length = read(fd, text, sizeof text - 1);
    int file = memfd_create("cgroup", MFD_CLOEXEC);

    close(fd);
    if (file < 0)
        return -1;
    text[length < 0 ? 0 : length] = '\0';
    dprintf(file, "%s", version_2(text));
    lseek(file, 0, SEEK_SET);
    return file;
}

static int open_next(const char *name, const char *path, int flags, mode_t mode)
{
    open_fn *next = (open_fn *)dlsym(RTLD_NEXT, name);
    int fd = next(path, flags, mode);

    return fd >= 0 && is_of_groups(path) ? filtered(fd) : fd;
}

static mode_t mode_of(int flags, va_list rest)
{
    return flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(rest, mode_t) : 0;
}

REPLACES int open(const char *path, int flags, ...)
{
    va_list rest;
    int fd;

    va_start(rest, flags);
    fd = open_next("open", path, flags, mode_of(flags, rest));
    va_end(rest);
    return fd;
}

REPLACES int open64(const char *path, int flags, ...)
{
    va_list rest;
    int fd;

    va_start(rest, flags);
    fd = open_next("open64", path, flags, mode_of(flags, rest));
    va_end(rest);
    return fd;
}
