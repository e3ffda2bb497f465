/* Walks through /proc, and looks after those that came while it did.
 * Must not judge what it sees. */
#include "census.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/number.h"
#include "proc_file.h"

enum {
    NEWEST = 64, /* processes that are looked after */
    NEWEST_LOOKS = 5,
};

static bool is_own(pid_t pid)
{
    char path[24];
    struct stat st;

    snprintf(path, sizeof path, "/proc/%d", (int)pid);
    return geteuid() == 0 || (stat(path, &st) == 0 && st.st_uid == geteuid());
}

static bool add(void *context, const struct proc_stat *stat)
{
    struct census *census = context;
    struct census_entry *entry,
        *entries = array_grow(census->entries, &census->room, census->count, sizeof *entries);

    if (entries == NULL)
        return false;
    census->entries = entries;
    entry = &census->entries[census->count++];
    *entry = (struct census_entry){.stat = *stat, .own = is_own(stat->pid)};
    entry->marked =
        entry->own && census->is_marked != NULL && census->is_marked(census->context, stat->pid);
    return true;
}

static int compare(const void *a, const void *b)
{
    pid_t left = ((const struct census_entry *)a)->stat.pid;
    pid_t right = ((const struct census_entry *)b)->stat.pid;

    return (left > right) - (left < right);
}

static void sort(struct census *census)
{
    if (census->count > 0)
        qsort(census->entries, census->count, sizeof *census->entries, compare);
}

/* The last number that was given to a process or thread: the end of /proc/loadavg. */
static pid_t newest_pid(void)
{
    char text[128];
    const char *last;
    uint64_t pid;

    if (proc_file_read("/proc/loadavg", text, sizeof text) <= 0)
        return 0;
    text[strcspn(text, "\n")] = '\0';
    last = strrchr(text, ' ');
    return last != NULL && number_parse(last + 1, INT32_MAX, &pid) == 0 ? (pid_t)pid : 0;
}

/* A process that forks and ends, again and again, is always gone when a walk gets there. */
static void look_after_newest(struct census *census)
{
    struct census before = *census; /* in order, which what is added is not */
    pid_t newest = newest_pid();

    for (pid_t pid = newest; pid > 0 && pid > newest - NEWEST; pid--) {
        struct proc_stat stat;

        before.entries = census->entries;
        if (census_find(&before, pid) != NULL)
            continue;
        stat = proc_stat_read(pid);
        if (stat.state != 0 && !proc_stat_is_dead(&stat))
            add(census, &stat);
    }
    sort(census);
}

int census_take(struct census *census)
{
    if (proc_stat_walk(add, census) != 0)
        return -1;
    sort(census);
    for (int look = 0; look < NEWEST_LOOKS; look++)
        look_after_newest(census);
    return 0;
}

const struct census_entry *census_find(const struct census *census, pid_t pid)
{
    const struct census_entry probe = {.stat.pid = pid};

    if (census->count == 0)
        return NULL;
    return bsearch(&probe, census->entries, census->count, sizeof probe, compare);
}

void census_fini(struct census *census)
{
    free(census->entries);
    census->entries = NULL;
    census->count = census->room = 0;
}
