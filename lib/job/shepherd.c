/* Which job of Grid Engine's a session belongs to that has no variables to say so.
 * Must not guess: where nothing can be read there is no job. */
#include "shepherd.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PARENTS_MAX = 64, WORDS_SIZE = 4096 };

/* Reads a file into `out`, with a NUL behind it.  Only a regular file: anything else may block. */
static bool read_file(const char *path, char *out, size_t size, size_t *len)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat stat;
    ssize_t got = -1;

    if (fd < 0)
        return false;
    if (fstat(fd, &stat) == 0 && S_ISREG(stat.st_mode))
        got = read(fd, out, size - 1);
    close(fd);
    if (got < 0)
        return false;
    out[got] = '\0';
    *len = (size_t)got;
    return true;
}

static pid_t parent_of(pid_t pid)
{
    char path[40], text[512];
    const char *at;
    size_t len;

    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    if (!read_file(path, text, sizeof text, &len))
        return 0;
    /* The name, in brackets, may have any character. */
    at = strrchr(text, ')');
    return at != NULL && strlen(at) > 4 ? (pid_t)strtol(at + 4, NULL, 10) : 0;
}

/* The value of a line NAME=VALUE of the file `environment`, which ends its lines with newlines. */
static const char *value_of(char *text, const char *name)
{
    size_t len = strlen(name);

    for (char *line = text; line != NULL; line = strchr(line, '\0') + 1) {
        if (*line == '\0')
            return NULL;
        if (strncmp(line, name, len) == 0 && line[len] == '=')
            return line + len + 1;
    }
    return NULL;
}

/* Reads what a job was told, in its folder of the spool. */
static bool read_told(const char *folder, char text[SHEPHERD_TEXT_SIZE],
                      struct gridengine_variables *variables)
{
    char path[WORDS_SIZE + 16];
    size_t len;

    snprintf(path, sizeof path, "%s/environment", folder);
    /* Room for the NUL that ends the list of lines. */
    if (!read_file(path, text, SHEPHERD_TEXT_SIZE - 1, &len))
        return false;
    text[len + 1] = '\0';
    for (char *c = text; (c = strchr(c, '\n')) != NULL;)
        *c++ = '\0';
    *variables = (struct gridengine_variables){
        .job_id = value_of(text, "JOB_ID"),
        .task_id = value_of(text, "SGE_TASK_ID"),
        .cell = value_of(text, "SGE_CELL"),
        .cluster_name = value_of(text, "SGE_CLUSTER_NAME"),
    };
    return variables->job_id != NULL;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

/* A word such as ".../active_jobs/5.1". */
static bool find_folder(const char *words, size_t len, char text[SHEPHERD_TEXT_SIZE],
                        struct gridengine_variables *variables)
{
    for (const char *word = words; word < words + len; word += strlen(word) + 1) {
        if (*word == '/' && strstr(word, "/active_jobs/") != NULL)
            return read_told(word, text, variables);
    }
    return false;
}

static bool is_shepherd(pid_t pid)
{
    char path[40], name[32];
    size_t len;

    snprintf(path, sizeof path, "/proc/%d/comm", (int)pid);
    return read_file(path, name, sizeof name, &len) && strncmp(name, "sge_shepherd", 12) == 0;
}

static bool ask_shepherd(pid_t pid, const char *words, char text[SHEPHERD_TEXT_SIZE],
                         struct gridengine_variables *variables)
{
    static const char prefix[] = "sge_shepherd-";
    const char *name = base_name(words);
    char folder[40];

    snprintf(folder, sizeof folder, "/proc/%d/cwd", (int)pid);
    if (read_told(folder, text, variables))
        return true;
    if (strncmp(name, prefix, sizeof prefix - 1) != 0)
        return false;
    snprintf(text, SHEPHERD_TEXT_SIZE, "%s", name + sizeof prefix - 1);
    *variables = (struct gridengine_variables){.job_id = text};
    return text[0] != '\0' && text[strspn(text, "0123456789")] == '\0';
}

bool shepherd_find(char text[SHEPHERD_TEXT_SIZE], struct gridengine_variables *variables)
{
    char path[40], words[WORDS_SIZE];
    pid_t pid = getppid();
    size_t len;

    for (int i = 0; i < PARENTS_MAX && pid > 1; i++, pid = parent_of(pid)) {
        snprintf(path, sizeof path, "/proc/%d/cmdline", (int)pid);
        if (!read_file(path, words, sizeof words, &len))
            continue;
        if (is_shepherd(pid))
            return ask_shepherd(pid, words, text, variables);
        if (find_folder(words, len, text, variables))
            return true;
    }
    return false;
}
