/* The pid file of a daemon.
 * Must not believe what it says while nobody has it locked. */
#include "pid_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/error_text.h"
#include "base/number.h"

static int complain(const char *program, const char *path, int fd, const char *why)
{
    fprintf(stderr, "%s: cannot write the pid file %s: %s\n", program, path, why);
    descriptor_close(fd);
    return -1;
}

enum claim { CLAIMED, CLAIMED_BY_ANOTHER, CLAIMED_BY_BYSTANDER, CLAIM_FAILED };

/* Everybody may read a pid file, and may so have flock(2) lock it, or lock it for reading; to lock
 * it for writing as this does takes rights to write it. */
static enum claim lock_file(int fd)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

    if (fcntl(fd, F_OFD_SETLK, &lock) == 0)
        return CLAIMED;
    if (errno != EAGAIN && errno != EACCES)
        return CLAIM_FAILED;
    if (fcntl(fd, F_OFD_GETLK, &lock) != 0)
        return CLAIM_FAILED;
    return lock.l_type == F_WRLCK ? CLAIMED_BY_ANOTHER : CLAIMED_BY_BYSTANDER;
}

static int open_own(const char *program, const char *path)
{
    const struct own_file file = {
        .flags = O_RDWR | O_CREAT, .mode = 0644, .not_by = S_IWGRP | S_IWOTH, .owner = geteuid()};
    char why[OWN_FILE_WHY_SIZE];
    int fd = own_file_open(path, &file, why);

    return fd >= 0 ? fd : complain(program, path, -1, why);
}

int pid_file_claim(const char *program, const char *path)
{
    char text[24];
    int len, fd = open_own(program, path);
    enum claim claim = fd >= 0 ? lock_file(fd) : CLAIM_FAILED;

    if (claim == CLAIMED_BY_BYSTANDER && unlink(path) == 0) {
        close(fd);
        fd = open_own(program, path);
        claim = fd >= 0 ? lock_file(fd) : CLAIM_FAILED;
    }
    if (fd < 0)
        return -1;
    if (claim == CLAIMED_BY_ANOTHER) {
        fprintf(stderr, "%s: another one runs already with the pid file %s; stop it first\n",
                program, path);
        close(fd);
        return -1;
    }
    if (claim != CLAIMED)
        return complain(program, path, fd, error_text(errno));
    len = snprintf(text, sizeof text, "%d\n", (int)getpid());
    if (ftruncate(fd, 0) != 0 || write(fd, text, (size_t)len) != len)
        return complain(program, path, fd, error_text(errno));
    return fd;
}

int pid_file_remove(const char *path, int fd)
{
    /* A server that has given up its rights may not remove it: then leave it empty. */
    int result = unlink(path) != 0 ? ftruncate(fd, 0) : 0, saved_errno = errno;

    close(fd);
    errno = saved_errno;
    return result;
}

static pid_t read_locked(int fd)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    char text[24];
    ssize_t len;
    uint64_t pid;

    if (fcntl(fd, F_OFD_GETLK, &lock) != 0)
        return -1;
    errno = ESRCH;
    if (lock.l_type != F_WRLCK)
        return -1;
    len = read(fd, text, sizeof text - 1);
    if (len < 0)
        return -1;
    text[len] = '\0';
    text[strcspn(text, "\n")] = '\0';
    if (number_parse(text, INT32_MAX, &pid) == 0 && pid > 0)
        return (pid_t)pid;
    errno = EINVAL;
    return -1;
}

pid_t pid_file_find(const char *path, uid_t owner, char why[OWN_FILE_WHY_SIZE])
{
    const struct own_file file = {.flags = O_RDONLY, .not_by = S_IWGRP | S_IWOTH, .owner = owner};
    int fd = own_file_open(path, &file, why);
    pid_t pid;

    if (fd < 0) {
        if (errno == ENOENT)
            errno = ESRCH;
        return -1;
    }
    pid = read_locked(fd);
    if (pid < 0)
        snprintf(why, OWN_FILE_WHY_SIZE, "%s",
                 errno == EINVAL ? "it has no process id" : error_text(errno));
    descriptor_close(fd);
    return pid;
}
