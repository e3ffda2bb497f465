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

#include "process/proc_stat.h"

enum { PARENTS_MAX = 64 };

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
    got = read(fd, out, size - 1);
    close(fd);
    if (got < 0)
        return false;
    out[got] = '\0';
    *len = (size_t)got;
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
    pid_t pid = getppid();

    for (int i = 0; i < PARENTS_MAX && pid > 1 && session == NULL; i++) {
        const struct proc_stat parent = proc_stat_read(pid);

        if (strncmp(parent.name, "sge_shepherd", 12) == 0)
            return ask(ask_shepherd, pid);
        if (strcmp(parent.name, "qrsh_starter") == 0)
            session = ask(ask_starter, pid);
        pid = parent.parent;
    }
    return session;
}
