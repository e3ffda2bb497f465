/* Which job of Grid Engine's a session belongs to that has no variables to say so.
 * Must not guess: where nothing can be read there is no job. */
#include "shepherd.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PARENTS_MAX = 64, NAME_SIZE = 16 };

static ssize_t read_open(int fd, char *out, size_t size)
{
    ssize_t got = read(fd, out, size - 1);

    close(fd);
    if (got >= 0)
        out[got] = '\0';
    return got;
}

/* Reads a file into `out`, with a NUL behind it.  Only a regular file: anything else may block. */
static bool read_file(const char *path, char *out, size_t size, size_t *len)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat stat;
    ssize_t got;

    if (fd < 0)
        return false;
    if (fstat(fd, &stat) != 0 || !S_ISREG(stat.st_mode)) {
        close(fd);
        return false;
    }
    got = read_open(fd, out, size);
    *len = got > 0 ? (size_t)got : 0;
    return got >= 0;
}

/* Tells a process's name, and its parent, which is 0 where that is in another namespace.  False
 * where they cannot be read. */
static bool look_at(pid_t pid, char name[NAME_SIZE], pid_t *parent)
{
    char path[40], text[512];
    const char *begin, *end;
    int fd;

    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || read_open(fd, text, sizeof text) < 0)
        return false;
    /* The name, in brackets, may have any character. */
    begin = strchr(text, '(');
    end = strrchr(text, ')');
    if (begin == NULL || end == NULL || end < begin || strlen(end) <= 4)
        return false;
    snprintf(name, NAME_SIZE, "%.*s", (int)(end - begin - 1), begin + 1);
    *parent = (pid_t)strtol(end + 4, NULL, 10);
    return true;
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
static bool read_told(const char *folder, struct gridengine_session *session)
{
    char *text = session->text;
    size_t len;

    snprintf(session->path, sizeof session->path, "%s/environment", folder);
    /* Room for the NUL that ends the list of lines. */
    if (!read_file(session->path, text, sizeof session->text - 1, &len))
        return false;
    text[len + 1] = '\0';
    for (char *c = text; (c = strchr(c, '\n')) != NULL;)
        *c++ = '\0';
    session->variables = (struct gridengine_variables){
        .job_id = value_of(text, "JOB_ID"),
        .task_id = value_of(text, "SGE_TASK_ID"),
        .cell = value_of(text, "SGE_CELL"),
        .cluster_name = value_of(text, "SGE_CLUSTER_NAME"),
    };
    return session->variables.job_id != NULL;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

static bool read_words(pid_t pid, struct gridengine_session *session, size_t *len)
{
    snprintf(session->path, sizeof session->path, "/proc/%d/cmdline", (int)pid);
    return read_file(session->path, session->words, sizeof session->words, len);
}

/* Has a word such as ".../active_jobs/5.1". */
static bool ask_starter(pid_t pid, struct gridengine_session *session)
{
    size_t len;

    if (!read_words(pid, session, &len))
        return false;
    for (const char *word = session->words; word < session->words + len; word += strlen(word) + 1) {
        if (*word == '/' && strstr(word, "/active_jobs/") != NULL)
            return read_told(word, session);
    }
    return false;
}

static bool ask_shepherd(pid_t pid, struct gridengine_session *session)
{
    static const char prefix[] = "sge_shepherd-";
    const char *name;
    char folder[40];
    size_t len;

    snprintf(folder, sizeof folder, "/proc/%d/cwd", (int)pid);
    if (read_told(folder, session))
        return true;
    if (!read_words(pid, session, &len))
        return false;
    name = base_name(session->words);
    if (strncmp(name, prefix, sizeof prefix - 1) != 0)
        return false;
    name += sizeof prefix - 1;
    session->variables = (struct gridengine_variables){.job_id = name};
    return *name != '\0' && name[strspn(name, "0123456789")] == '\0';
}

static struct gridengine_session *ask(bool (*whom)(pid_t, struct gridengine_session *), pid_t pid)
{
    struct gridengine_session *session = malloc(sizeof *session);

    if (session != NULL && !whom(pid, session)) {
        free(session);
        session = NULL;
    }
    return session;
}

struct gridengine_session *shepherd_find(void)
{
    struct gridengine_session *session = NULL;
    pid_t pid = getppid(), parent;
    char name[NAME_SIZE];

    for (int i = 0; i < PARENTS_MAX && pid > 1 && session == NULL; i++, pid = parent) {
        if (!look_at(pid, name, &parent))
            return NULL;
        if (strncmp(name, "sge_shepherd", 12) == 0)
            return ask(ask_shepherd, pid);
        if (strcmp(name, "qrsh_starter") == 0)
            session = ask(ask_starter, pid);
    }
    return session;
}
