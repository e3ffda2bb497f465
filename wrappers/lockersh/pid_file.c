/* Reads the pid that a daemon has left in a file.
 * Must not believe what was there before the daemon's start. */
#include "pid_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/number.h"
#include "process/process.h"

/* Whoever reads it has another folder. */
static char *make_absolute(const char *path)
{
    char *folder, *whole;

    if (path[0] == '/')
        return strdup(path);
    folder = getcwd(NULL, 0);
    if (folder == NULL || asprintf(&whole, "%s/%s", folder, path) < 0)
        whole = NULL;
    free(folder);
    return whole;
}

int pid_file_init(struct pid_file *file, const char *path)
{
    *file = (struct pid_file){.path = make_absolute(path), .since = process_clock()};
    if (file->path == NULL)
        return -1;
    file->was_there = stat(file->path, &file->before) == 0;
    return 0;
}

void pid_file_fini(struct pid_file *file)
{
    free(file->path);
    file->path = NULL;
}

static bool is_same_time(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

/* By no clock: that of a file server may be another one. */
static bool was_written(const struct pid_file *file, const struct stat *now)
{
    const struct stat *before = &file->before;

    return !file->was_there || before->st_dev != now->st_dev || before->st_ino != now->st_ino ||
           before->st_size != now->st_size || !is_same_time(&before->st_mtim, &now->st_mtim) ||
           !is_same_time(&before->st_ctim, &now->st_ctim);
}

/* The number in the first line; 0 where there is none. */
static pid_t parse(char *text)
{
    char *number = text + strspn(text, " \t");
    uint64_t pid;

    number[strcspn(number, " \t\r\n")] = '\0';
    return number_parse(number, INT_MAX, &pid) == 0 ? (pid_t)pid : 0;
}

static pid_t read_pid(const struct pid_file *file)
{
    int fd = open(file->path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    char text[64];
    struct stat now;
    ssize_t len = -1;

    if (fd < 0)
        return 0;
    if (fstat(fd, &now) == 0 && S_ISREG(now.st_mode) && was_written(file, &now))
        len = read(fd, text, sizeof text - 1);
    close(fd);
    if (len <= 0)
        return 0;
    text[len] = '\0';
    return parse(text);
}

pid_t pid_file_read(const struct pid_file *file, uint64_t *start)
{
    pid_t pid = read_pid(file);

    if (pid <= 0)
        return 0;
    *start = process_start_time(pid);
    if (*start == 0)
        return process_lookup(pid, 0) == PIDSTAT_GONE ? 0 : pid;
    return *start >= file->since ? pid : 0;
}
