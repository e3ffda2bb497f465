/* Reads and parses files of /proc/PID.
 * Must not take a process of another pid namespace for one of ours. */
#include "proc_stat.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/number.h"
#include "base/words.h"
#include "proc_file.h"
#include "time_namespace.h"

/* After unshare(1) --pid without --mount-proc, /proc speaks of another pid namespace's pids:
 * what it says about ours would be about strangers. */
static bool proc_is_ours(void)
{
    char shown[16];
    ssize_t len = readlink("/proc/self", shown, sizeof shown - 1);
    uint64_t pid;

    if (len < 0)
        return false;
    shown[len] = '\0';
    return number_parse(shown, INT32_MAX, &pid) == 0 && (pid_t)pid == getpid();
}

/* Takes the fields behind the command name apart, the first of which is the third in proc(5). */
static bool parse(char *text, struct proc_stat *stat)
{
    enum { STATE = 3, PARENT, GROUP, SESSION, THREADS = 20, START = 22 };
    uint64_t fields[START + 1] = {0};

    for (int field = STATE; field <= START; field++) {
        const char *word = words_next(&text);
        bool wanted = (field >= PARENT && field <= SESSION) || field == THREADS || field == START;

        if (word == NULL)
            return false;
        if (field == STATE)
            stat->state = *word;
        else if (wanted &&
                 number_parse(word, field == START ? UINT64_MAX : INT32_MAX, &fields[field]) != 0)
            return false;
    }
    stat->parent = (pid_t)fields[PARENT];
    stat->group = (pid_t)fields[GROUP];
    stat->session = (pid_t)fields[SESSION];
    stat->threads = (int)fields[THREADS];
    stat->start = time_namespace_start_outside(fields[START]);
    return true;
}

static struct proc_stat read_stat(pid_t pid)
{
    struct proc_stat result = {.pid = pid};
    char path[40], buf[1024], *name, *rest;

    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    if (proc_file_read(path, buf, sizeof buf) <= 0)
        return (struct proc_stat){0};
    /* The command name may hold anything, ')' included: the last one ends it. */
    name = strchr(buf, '(');
    rest = strrchr(buf, ')');
    if (name == NULL || rest == NULL || !parse(rest + 1, &result))
        return (struct proc_stat){0};
    *rest = '\0';
    snprintf(result.name, sizeof result.name, "%s", name + 1);
    return result;
}

struct proc_stat proc_stat_read(pid_t pid)
{
    return proc_is_ours() ? read_stat(pid) : (struct proc_stat){0};
}

bool proc_stat_is_dead(const struct proc_stat *stat)
{
    return stat->state == 'X' || stat->state == 'x' || (stat->state == 'Z' && stat->threads <= 1);
}

int proc_walk_init(struct proc_walk *walk)
{
    *walk = (struct proc_walk){0};
    if (!proc_is_ours()) {
        errno = ENOENT;
        return -1;
    }
    walk->folder = opendir("/proc");
    return walk->folder != NULL ? 0 : -1;
}

void proc_walk_fini(struct proc_walk *walk)
{
    if (walk->folder != NULL)
        closedir(walk->folder);
    walk->folder = NULL;
}

bool proc_walk_next(struct proc_walk *walk, struct proc_stat *stat)
{
    for (const struct dirent *entry; (entry = readdir(walk->folder)) != NULL;) {
        uint64_t pid;

        if (number_parse(entry->d_name, INT32_MAX, &pid) != 0)
            continue;
        errno = 0;
        *stat = read_stat((pid_t)pid);
        if (stat->state == 0 && errno != ENOENT && errno != ESRCH)
            walk->is_blind = true;
        if (stat->state != 0 && !proc_stat_is_dead(stat))
            return true;
    }
    return false;
}

int proc_stat_walk(bool (*visit)(void *context, const struct proc_stat *stat), void *context)
{
    struct proc_walk walk;
    struct proc_stat stat;

    if (proc_walk_init(&walk) != 0)
        return -1;
    while (proc_walk_next(&walk, &stat) && visit(context, &stat))
        ;
    proc_walk_fini(&walk);
    return 0;
}

/* The whole of /proc/PID/status, however many groups it has, for the caller to free(3); NULL with
 * errno. */
static char *read_status(pid_t pid)
{
    char path[40], *text = NULL;
    size_t size = 0;
    FILE *file;

    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    file = fopen(path, "re");
    if (file == NULL)
        return NULL;
    errno = 0;
    if (getdelim(&text, &size, '\0', file) <= 0) {
        free(text);
        text = NULL;
        errno = errno != 0 ? errno : ESRCH;
    }
    fclose(file);
    return text;
}

int proc_pids_read(pid_t pid, struct proc_pids *pids)
{
    static const char word[] = "\nNSpid:";
    char *text = read_status(pid), *rest;

    if (text == NULL)
        return -1;
    *pids = (struct proc_pids){0};
    rest = strstr(text, word);
    if (rest != NULL) {
        rest += sizeof word - 1;
        rest[strcspn(rest, "\n")] = '\0';
    }
    for (const char *number; rest != NULL && (number = words_next(&rest)) != NULL;) {
        uint64_t value;

        if (number_parse(number, INT32_MAX, &value) != 0)
            break;
        pids->innermost = (pid_t)value;
        pids->depth++;
    }
    free(text);
    return 0;
}

static uint64_t find_set(const char *status, const char *name)
{
    const char *line = strstr(status, name);

    return line != NULL ? strtoull(line + strlen(name), NULL, 16) : 0;
}

int proc_signals_read(pid_t pid, struct proc_signals *signals)
{
    char *text = proc_is_ours() ? read_status(pid) : NULL;

    if (text == NULL) {
        errno = ENOENT;
        return -1;
    }
    *signals = (struct proc_signals){
        .ignored = find_set(text, "\nSigIgn:"),
        .caught = find_set(text, "\nSigCgt:"),
        .blocked = find_set(text, "\nSigBlk:"),
        .pending = find_set(text, "\nSigPnd:") | find_set(text, "\nShdPnd:"),
    };
    free(text);
    return 0;
}

bool proc_signals_has(uint64_t set, int number)
{
    return number > 0 && number <= 64 && (set >> (number - 1) & 1) != 0;
}
