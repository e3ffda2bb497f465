/* Walks through /proc, and signals what it finds through pidfds.
 * Must not signal a process that does not belong to them, nor one that only has its pid. */
#include "offspring.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/clock.h"
#include "census.h"
#include "proc_file.h"
#include "proc_stat.h"
#include "process.h"
#include "process_ref.h"
#include "terminate.h"

enum {
    ROUNDS_MAX = 100, /* of stopping processes that fork */
    ENVIRONMENT_MAX = 1 << 20,
    DEPTH_MAX = 4096, /* of a family tree */
    LOOKS = 10,       /* that must find nobody */
    LOOK_PAUSE_US = 5000,
    GROUP_MEMORY_S = 2,
};

static int compare_pids(const void *a, const void *b)
{
    pid_t left = ((const struct offspring_member *)a)->pid;
    pid_t right = ((const struct offspring_member *)b)->pid;

    return (left > right) - (left < right);
}

/* Among the first `count`, which are in order. */
static bool is_member(const struct offspring *them, size_t count, pid_t pid)
{
    const struct offspring_member probe = {.pid = pid};

    return count > 0 && bsearch(&probe, them->members, count, sizeof probe, compare_pids) != NULL;
}

static int add_member(struct offspring *them, const struct proc_stat *stat)
{
    struct offspring_member *members =
        array_grow(them->members, &them->room, them->count, sizeof *members);

    if (members == NULL)
        return -1;
    them->members = members;
    them->members[them->count++] =
        (struct offspring_member){.pid = stat->pid, .start = stat->start};
    return 0;
}

static struct offspring_group *find_group(const struct offspring *them,
                                          const struct proc_stat *stat)
{
    for (size_t i = 0; i < them->group_count; i++) {
        if (them->groups[i].group == stat->group && them->groups[i].session == stat->session)
            return &them->groups[i];
    }
    return NULL;
}

static int add_group(struct offspring *them, const struct proc_stat *stat, uint64_t seen_at)
{
    struct offspring_group *groups =
        array_grow(them->groups, &them->group_room, them->group_count, sizeof *groups);

    if (groups == NULL)
        return -1;
    them->groups = groups;
    them->groups[them->group_count++] =
        (struct offspring_group){stat->group, stat->session, seen_at};
    return 0;
}

/* A process with the mark may have brought it into a group of strangers. */
static bool has_strangers(const struct offspring *them, const struct census *census,
                          const struct proc_stat *stat)
{
    for (size_t i = 0; i < census->count; i++) {
        const struct census_entry *entry = &census->entries[i];

        if (entry->stat.group == stat->group && !entry->marked &&
            !is_member(them, them->count, entry->stat.pid))
            return true;
    }
    return false;
}

/* The groups of living members, who are in order.  Groups are inherited, so whoever is in one of
 * these comes from them as well. */
static void note_groups(struct offspring *them, const struct census *census)
{
    for (size_t i = 0; i < them->count; i++) {
        const struct census_entry *entry = census_find(census, them->members[i].pid);
        struct offspring_group *group = entry != NULL ? find_group(them, &entry->stat) : NULL;

        if (group != NULL && group->seen_at != 0)
            group->seen_at = process_clock();
        else if (entry != NULL && group == NULL && entry->stat.group > 1 &&
                 !has_strangers(them, census, &entry->stat))
            add_group(them, &entry->stat, process_clock());
    }
}

/* Its number may soon be another's. */
static void forget_groups(struct offspring *them)
{
    uint64_t memory = GROUP_MEMORY_S * (uint64_t)sysconf(_SC_CLK_TCK), now = process_clock();
    size_t kept = 0;

    for (size_t i = 0; i < them->group_count; i++) {
        if (them->groups[i].seen_at == 0 || them->groups[i].seen_at + memory > now)
            them->groups[kept++] = them->groups[i];
    }
    them->group_count = kept;
}

static bool has_control(const struct offspring *them, pid_t pid)
{
    char control[sizeof them->control];

    return them->control[0] != '\0' &&
           control_group_read(pid, them->take_control, control, sizeof control) &&
           strcmp(control, them->control) == 0;
}

static bool has_mark(const struct offspring *them, pid_t pid, char *buf)
{
    size_t mark_len = them->mark != NULL ? strlen(them->mark) : 0;
    char path[40];
    ssize_t len;

    if (mark_len == 0)
        return false;
    snprintf(path, sizeof path, "/proc/%d/environ", (int)pid);
    len = proc_file_read(path, buf, ENVIRONMENT_MAX);
    for (ssize_t at = 0; at < len; at += (ssize_t)strlen(buf + at) + 1) {
        if (strcmp(buf + at, them->mark) == 0)
            return true;
    }
    return false;
}

struct look {
    const struct offspring *them;
    char *buf;
};

static bool is_marked(void *context, pid_t pid)
{
    const struct look *look = context;

    return has_control(look->them, pid) || has_mark(look->them, pid, look->buf);
}

static bool descends(const struct offspring *them, size_t known, const struct census *census,
                     const struct census_entry *entry)
{
    for (int depth = 0; entry != NULL && depth < DEPTH_MAX; depth++) {
        if (is_member(them, known, entry->stat.pid))
            return true;
        if (entry->stat.pid == them->except)
            return false;
        entry = census_find(census, entry->stat.parent);
    }
    return false;
}

static void drop_ended(struct offspring *them, const struct census *census)
{
    size_t kept = 0;

    for (size_t i = 0; i < them->count; i++) {
        const struct census_entry *entry = census_find(census, them->members[i].pid);

        if (entry == NULL || entry->stat.start != them->members[i].start)
            continue;
        them->members[kept++] = them->members[i];
    }
    them->count = kept;
}

static bool belongs(const struct offspring *them, size_t known, const struct census *census,
                    const struct census_entry *entry)
{
    pid_t pid = entry->stat.pid;

    if (pid == 1 || pid == them->except || pid == getpid())
        return false;
    if (them->scope == OFFSPRING_GROUP)
        return find_group(them, &entry->stat) != NULL;
    return entry->marked || find_group(them, &entry->stat) != NULL ||
           descends(them, known, census, entry);
}

/* One pass; a process that is found may be the parent of one that was looked at before it. */
static ssize_t find_once(struct offspring *them, const struct census *census)
{
    size_t known = them->count;

    for (size_t i = 0; i < census->count; i++) {
        const struct census_entry *entry = &census->entries[i];

        if (is_member(them, known, entry->stat.pid) || !belongs(them, known, census, entry))
            continue;
        if (!entry->own)
            them->untouchable = entry->stat.pid;
        else if (add_member(them, &entry->stat) != 0)
            return -1;
    }
    if (them->count > 0)
        qsort(them->members, them->count, sizeof *them->members, compare_pids);
    note_groups(them, census);
    return (ssize_t)(them->count - known);
}

ssize_t offspring_find(struct offspring *them)
{
    struct look look = {.them = them, .buf = malloc(ENVIRONMENT_MAX)};
    struct census census = {.is_marked = them->scope == OFFSPRING_TREE ? is_marked : NULL,
                            .context = &look};
    ssize_t found = -1, all = 0;

    if (look.buf == NULL)
        return -1;
    if (census_take(&census) == 0) {
        them->untouchable = 0;
        forget_groups(them);
        drop_ended(them, &census);
        while ((found = find_once(them, &census)) > 0)
            all += found;
    }
    census_fini(&census);
    free(look.buf);
    return found < 0 ? -1 : all;
}

static void send_signal(struct offspring *them, const struct offspring_member *member, int number)
{
    struct process_ref process;

    if (process_ref_open(&process, member->pid, member->start) != 0)
        return;
    if (process_ref_signal(&process, number) != 0 && errno == EPERM)
        them->untouchable = member->pid;
    if (terminate_needs_continue(number))
        process_ref_signal(&process, SIGCONT);
    process_ref_close(&process);
}

static void send_and_note(struct offspring *them, struct offspring_member *member, int number)
{
    member->sent = number;
    member->sent_ms = clock_now_ms();
    send_signal(them, member, number);
}

void offspring_signal(struct offspring *them, int number)
{
    for (size_t i = 0; i < them->count; i++) {
        if (them->members[i].sent == 0)
            send_and_note(them, &them->members[i], number);
    }
}

void offspring_press(struct offspring *them,
                     void (*tell)(void *context, pid_t pid, int ignored, int next), void *context)
{
    int64_t now = clock_now_ms();

    for (size_t i = 0; i < them->count; i++) {
        struct offspring_member *member = &them->members[i];
        int sent = member->sent,
            next = terminate_next_signal(member->pid, sent, now - member->sent_ms);

        if (next == 0)
            continue;
        if (tell != NULL)
            tell(context, member->pid, sent, next);
        send_and_note(them, member, next);
    }
}

bool offspring_is_gone(struct offspring *them)
{
    for (int look = 0; look < LOOKS; look++) {
        if (offspring_find(them) < 0 || them->count > 0)
            return false;
        usleep(LOOK_PAUSE_US);
    }
    return true;
}

/* A signal to a group reaches also the child that a member is just about to fork. */
static void stop_groups(const struct offspring *them)
{
    for (size_t i = 0; i < them->group_count; i++) {
        if (them->groups[i].seen_at != 0)
            kill(-them->groups[i].group, SIGSTOP);
    }
}

/* Returns whether there was anybody to stop. */
static bool stop_new_ones(struct offspring *them)
{
    bool any = false;

    offspring_find(them);
    stop_groups(them);
    for (size_t i = 0; i < them->count; i++) {
        if (them->members[i].stopped)
            continue;
        them->members[i].stopped = any = true;
        send_signal(them, &them->members[i], SIGSTOP);
    }
    return any;
}

void offspring_kill(struct offspring *them)
{
    for (int round = 0; round < ROUNDS_MAX && stop_new_ones(them); round++)
        continue;
    for (size_t i = 0; i < them->count; i++)
        send_signal(them, &them->members[i], SIGKILL);
}

/* A task that does not lead its group may share it with strangers. */
static int add_group_of_task(struct offspring *them, const struct proc_stat *stat)
{
    if (them->pinned)
        return add_group(them, stat, 0);
    if (stat->group <= 1 || (them->scope == OFFSPRING_TREE && stat->group != stat->pid))
        return 0;
    return add_group(them, stat, process_clock());
}

int offspring_init(struct offspring *them, const pid_t *tasks, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct proc_stat stat = proc_stat_read(tasks[i]);

        if (stat.state == 0)
            continue;
        if (add_member(them, &stat) != 0 || add_group_of_task(them, &stat) != 0) {
            offspring_fini(them);
            return -1;
        }
        if (them->control[0] == '\0' && them->take_control != NULL)
            control_group_read(stat.pid, them->take_control, them->control, sizeof them->control);
    }
    if (them->count > 0)
        qsort(them->members, them->count, sizeof *them->members, compare_pids);
    return 0;
}

void offspring_fini(struct offspring *them)
{
    free(them->members);
    free(them->groups);
    them->members = NULL;
    them->groups = NULL;
    them->count = them->room = them->group_count = them->group_room = 0;
}
