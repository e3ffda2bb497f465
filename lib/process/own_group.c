/* Makes, enters and looks into control groups of version 2.
 * Must not touch groups that it has not made.
 */
#include "own_group.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/number.h"
#include "base/words.h"
#include "proc_file.h"
#include "process.h"

enum { DEPTH_MOST = 16, REMOVE_TRIES = 50, REMOVE_PAUSE_US = 20000 };

/* Of a line of /proc/self/mountinfo, if it is of cgroup2 as a whole: where that is mounted. */
static bool take_mount(char *line, char *out, size_t size)
{
    enum { ROOT = 3, POINT = 4 };
    char *type = strstr(line, " - ");
    const char *words[POINT + 1];

    if (type == NULL || strncmp(type, " - cgroup2 ", 11) != 0)
        return false;
    *type = '\0';
    for (int i = 0; i <= POINT; i++) {
        words[i] = words_next(&line);
        if (words[i] == NULL)
            return false;
    }
    /* One that shows a part only has other paths than /proc tells, unless that is a namespace's. */
    return strcmp(words[ROOT], "/") == 0 && (size_t)snprintf(out, size, "%s", words[POINT]) < size;
}

static bool find_mount(char out[OWN_GROUP_PATH_SIZE])
{
    FILE *file = fopen("/proc/self/mountinfo", "re");
    char line[OWN_GROUP_PATH_SIZE];
    bool found = false;

    if (file == NULL)
        return false;
    while (!found && fgets(line, sizeof line, file) != NULL)
        found = take_mount(line, out, OWN_GROUP_PATH_SIZE);
    fclose(file);
    return found;
}

bool own_group_folder(char folder[OWN_GROUP_PATH_SIZE])
{
    char mount[OWN_GROUP_PATH_SIZE], text[8192];
    const char *line;

    if (proc_file_read("/proc/self/cgroup", text, sizeof text) <= 0 || !find_mount(mount))
        return false;
    line = strncmp(text, "0::", 3) == 0 ? text : strstr(text, "\n0::");
    if (line == NULL)
        return false;
    line = strchr(line, '/');
    return line != NULL && snprintf(folder, OWN_GROUP_PATH_SIZE, "%s%.*s", mount,
                                    (int)strcspn(line, "\n"), line) < OWN_GROUP_PATH_SIZE;
}

static bool path_of(char path[OWN_GROUP_PATH_SIZE], const char *folder, const char *name)
{
    return snprintf(path, OWN_GROUP_PATH_SIZE, "%s/%s", folder, name) < OWN_GROUP_PATH_SIZE;
}

bool own_group_can_make(const char *own)
{
    char procs[OWN_GROUP_PATH_SIZE];

    return path_of(procs, own, "cgroup.procs") && access(own, W_OK | X_OK) == 0 &&
           access(procs, W_OK) == 0;
}

/* Moves the calling process. */
static int move_to(const char *folder)
{
    char procs[OWN_GROUP_PATH_SIZE];
    int fd, saved_errno;
    ssize_t written;

    if (!path_of(procs, folder, "cgroup.procs")) {
        errno = ENAMETOOLONG;
        return -1;
    }
    fd = open(procs, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    written = write(fd, "0", 1);
    saved_errno = errno;
    close(fd);
    errno = saved_errno;
    return written == 1 ? 0 : -1;
}

int own_group_enter(const char *own, char folder[OWN_GROUP_PATH_SIZE])
{
    char name[64];

    /* One that has had our pid may have left its group behind. */
    snprintf(name, sizeof name, "lockersh-%d-%" PRIu64, (int)getpid(), process_clock());
    if (!path_of(folder, own, name)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    if (mkdir(folder, 0755) != 0)
        return -1;
    if (move_to(folder) == 0)
        return 0;
    own_group_remove(folder);
    return -1;
}

int own_group_leave(const char *folder)
{
    char above[OWN_GROUP_PATH_SIZE];

    snprintf(above, sizeof above, "%s", folder);
    *strrchr(above, '/') = '\0';
    return move_to(above);
}

/* What has just ended is in there for a moment yet. */
void own_group_remove(const char *folder)
{
    int saved_errno = errno;

    for (int i = 0; i < REMOVE_TRIES && rmdir(folder) != 0 && errno == EBUSY; i++)
        usleep(REMOVE_PAUSE_US);
    errno = saved_errno;
}

static pid_t member_of_one(const char *folder, pid_t except)
{
    char path[OWN_GROUP_PATH_SIZE], line[32];
    FILE *file = path_of(path, folder, "cgroup.procs") ? fopen(path, "re") : NULL;
    pid_t found = 0;

    if (file == NULL)
        return 0;
    while (found == 0 && fgets(line, sizeof line, file) != NULL) {
        uint64_t pid;

        line[strcspn(line, "\n")] = '\0';
        if (number_parse(line, INT32_MAX, &pid) == 0 && (pid_t)pid != except &&
            process_lookup((pid_t)pid, 0) == PIDSTAT_EXISTS)
            found = (pid_t)pid;
    }
    fclose(file);
    return found;
}

static pid_t member_at(const char *folder, pid_t except, int depth)
{
    char path[OWN_GROUP_PATH_SIZE];
    pid_t found = member_of_one(folder, except);
    DIR *entries;

    if (found != 0 || depth == DEPTH_MOST || (entries = opendir(folder)) == NULL)
        return found;
    for (const struct dirent *entry; found == 0 && (entry = readdir(entries)) != NULL;) {
        if (entry->d_type == DT_DIR && entry->d_name[0] != '.' &&
            path_of(path, folder, entry->d_name))
            found = member_at(path, except, depth + 1); /* NOLINT(misc-no-recursion): bounded */
    }
    closedir(entries);
    return found;
}

pid_t own_group_member(const char *folder, pid_t except)
{
    return member_at(folder, except, 0);
}
