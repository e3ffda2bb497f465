/* Walks through /proc, and signals what it finds through pidfds.
 * Must not signal a process that does not belong to the step, nor one that only has its pid. */
#include "offspring.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ending.h"
#include "proc_stat.h"
#include "process.h"

enum {
    ROUNDS_MAX = 100, /* of stopping processes that fork */
    ENVIRONMENT_MAX = 1 << 20,
    DEPTH_MAX = 4096, /* of a family tree */
};

/* ---- members --------------------------------------------------------------------------------- */

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
    if (them->count == them->room) {
        size_t room = them->room != 0 ? them->room * 2 : 64;
        void *members = reallocarray(them->members, room, sizeof *them->members);

        if (members == NULL)
            return -1;
        them->members = members;
        them->room = room;
    }
    them->members[them->count++] =
        (struct offspring_member){.pid = stat->pid, .start = stat->start};
    return 0;
}

/* ---- what a process says about itself -------------------------------------------------------- */

bool offspring_parse_control(const char *text, char *out, size_t size)
{
    for (const char *line = text; *line != '\0';) {
        size_t len = strcspn(line, "\n");
        const char *job = memmem(line, len, "/job_", 5);
        const char *step =
            job == NULL ? NULL : memmem(job, (size_t)(line + len - job), "/step_", 6);

        if (step != NULL) {
            size_t step_len = (size_t)(step - line) + 6;

            while (step_len < len && line[step_len] != '/')
                step_len++;
            if (step_len >= size)
                return false;
            memcpy(out, line, step_len);
            out[step_len] = '\0';
            return true;
        }
        line += len + (line[len] == '\n');
    }
    return false;
}

static bool read_control(pid_t pid, char *out, size_t size)
{
    char path[40], text[8192];

    snprintf(path, sizeof path, "/proc/%d/cgroup", (int)pid);
    return proc_file_read(path, text, sizeof text) > 0 && offspring_parse_control(text, out, size);
}

static bool has_control(const struct offspring *them, pid_t pid)
{
    char control[sizeof them->control];

    return them->control[0] != '\0' && read_control(pid, control, sizeof control) &&
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

static bool is_in_group(const struct offspring *them, const struct proc_stat *stat)
{
    if (stat->session != them->session)
        return false;
    for (size_t i = 0; i < them->group_count; i++) {
        if (them->groups[i] == stat->group)
            return true;
    }
    return false;
}

/* Those of other users could not be signalled. */
static bool is_own(pid_t pid)
{
    char path[24];
    struct stat st;

    snprintf(path, sizeof path, "/proc/%d", (int)pid);
    return stat(path, &st) == 0 && st.st_uid == geteuid();
}

/* ---- finding --------------------------------------------------------------------------------- */

/* All processes there are, by pid. */
struct census {
    struct proc_stat *stats;
    size_t count, room;
};

static bool take_down(void *context, const struct proc_stat *stat)
{
    struct census *census = context;

    if (census->count == census->room) {
        size_t room = census->room != 0 ? census->room * 2 : 512;
        void *stats = reallocarray(census->stats, room, sizeof *census->stats);

        if (stats == NULL)
            return false;
        census->stats = stats;
        census->room = room;
    }
    census->stats[census->count++] = *stat;
    return true;
}

static int compare_stats(const void *a, const void *b)
{
    pid_t left = ((const struct proc_stat *)a)->pid;
    pid_t right = ((const struct proc_stat *)b)->pid;

    return (left > right) - (left < right);
}

static const struct proc_stat *find_stat(const struct census *census, pid_t pid)
{
    const struct proc_stat probe = {.pid = pid};

    return bsearch(&probe, census->stats, census->count, sizeof probe, compare_stats);
}

static bool descends(const struct offspring *them, size_t known, const struct census *census,
                     const struct proc_stat *stat)
{
    for (int depth = 0; stat != NULL && depth < DEPTH_MAX; depth++) {
        if (is_member(them, known, stat->pid))
            return true;
        if (stat->pid == them->except)
            return false;
        stat = find_stat(census, stat->parent);
    }
    return false;
}

static void drop_ended(struct offspring *them, const struct census *census)
{
    size_t kept = 0;

    for (size_t i = 0; i < them->count; i++) {
        const struct proc_stat *stat = find_stat(census, them->members[i].pid);

        if (stat != NULL && stat->start == them->members[i].start)
            them->members[kept++] = them->members[i];
    }
    them->count = kept;
}

static bool belongs(const struct offspring *them, size_t known, const struct census *census,
                    const struct proc_stat *stat, char *buf)
{
    if (stat->pid == 1 || stat->pid == them->except || stat->pid == getpid() || !is_own(stat->pid))
        return false;
    return descends(them, known, census, stat) || is_in_group(them, stat) ||
           has_control(them, stat->pid) || has_mark(them, stat->pid, buf);
}

/* One pass; a process that is found may be the parent of one that was looked at before it. */
static ssize_t find_once(struct offspring *them, const struct census *census, char *buf)
{
    size_t known = them->count;

    for (size_t i = 0; i < census->count; i++) {
        const struct proc_stat *stat = &census->stats[i];

        if (is_member(them, known, stat->pid) || !belongs(them, known, census, stat, buf))
            continue;
        if (add_member(them, stat) != 0)
            return -1;
    }
    qsort(them->members, them->count, sizeof *them->members, compare_pids);
    return (ssize_t)(them->count - known);
}

ssize_t offspring_find(struct offspring *them)
{
    struct census census = {0};
    char *buf = malloc(ENVIRONMENT_MAX);
    ssize_t found = -1, all = 0;

    if (buf == NULL)
        return -1;
    if (proc_stat_walk(take_down, &census) == 0) {
        qsort(census.stats, census.count, sizeof *census.stats, compare_stats);
        drop_ended(them, &census);
        while ((found = find_once(them, &census, buf)) > 0)
            all += found;
    }
    free(census.stats);
    free(buf);
    return found < 0 ? -1 : all;
}

/* ---- signals --------------------------------------------------------------------------------- */

static void send_signal(const struct offspring_member *member, int number)
{
    int fd = process_open(member->pid, member->start);

    if (fd < 0 && (errno == ESRCH || errno == EPERM))
        return;
    process_signal(fd, member->pid, member->start, number);
    if (fd >= 0)
        close(fd);
}

void offspring_signal(struct offspring *them, int number)
{
    for (size_t i = 0; i < them->count; i++) {
        if (them->members[i].signalled)
            continue;
        them->members[i].signalled = true;
        send_signal(&them->members[i], number);
        if (ending_is_request(number))
            send_signal(&them->members[i], SIGCONT);
    }
}

/* Returns whether there was anybody to stop. */
static bool stop_new_ones(struct offspring *them)
{
    bool any = false;

    offspring_find(them);
    for (size_t i = 0; i < them->count; i++) {
        if (them->members[i].stopped)
            continue;
        them->members[i].stopped = any = true;
        send_signal(&them->members[i], SIGSTOP);
    }
    return any;
}

void offspring_kill(struct offspring *them)
{
    for (int round = 0; round < ROUNDS_MAX && stop_new_ones(them); round++)
        continue;
    for (size_t i = 0; i < them->count; i++)
        send_signal(&them->members[i], SIGKILL);
}

/* ---- the tasks ------------------------------------------------------------------------------- */

int offspring_init(struct offspring *them, const pid_t *tasks, size_t count)
{
    them->groups = calloc(count + 1, sizeof *them->groups);
    if (them->groups == NULL)
        return -1;
    for (size_t i = 0; i < count; i++) {
        struct proc_stat stat = proc_stat_read(tasks[i]);

        if (stat.state == 0)
            continue;
        if (add_member(them, &stat) != 0) {
            offspring_fini(them);
            return -1;
        }
        them->groups[them->group_count++] = stat.pid;
        them->session = stat.session;
        if (them->control[0] == '\0')
            read_control(stat.pid, them->control, sizeof them->control);
    }
    qsort(them->members, them->count, sizeof *them->members, compare_pids);
    return 0;
}

void offspring_fini(struct offspring *them)
{
    free(them->members);
    free(them->groups);
    them->members = NULL;
    them->groups = NULL;
    them->count = them->room = them->group_count = 0;
}
