/* What a client says to the server: settings and commands, as lockerd-protocol(7) has them.
 * Must not send anything: it fills connection.out. */
#include "request.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "job/job_id.h"
#include "job/job_project.h"
#include "parameters.h"

static struct buffer *out_of(struct ipclocker *lock)
{
    return &lock->connection.out;
}

static void write_word(struct ipclocker *lock, const char *word, const char *value)
{
    buffer_add_text(out_of(lock), word);
    buffer_add(out_of(lock), " ", 1);
    buffer_add_text(out_of(lock), value);
    buffer_add(out_of(lock), "\n", 1);
}

void client_request_number(struct ipclocker *lock, const char *word, uint64_t value)
{
    buffer_add_text(out_of(lock), word);
    buffer_add(out_of(lock), " ", 1);
    buffer_add_number(out_of(lock), value);
    buffer_add(out_of(lock), "\n", 1);
}

void client_request_command(struct ipclocker *lock, const char *command)
{
    buffer_add_text(out_of(lock), command);
    buffer_add(out_of(lock), "\n", 1);
}

static void write_names(struct ipclocker *lock, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        buffer_add(out_of(lock), " ", 1);
        buffer_add_text(out_of(lock), names[i]);
    }
}

/* Tells our process apart from others that have had or will have its pid. */
static void write_process(struct ipclocker *lock)
{
    buffer_add_text(out_of(lock), "process ");
    buffer_add_number(out_of(lock), client_parameters_process_start(lock));
    buffer_add(out_of(lock), " ", 1);
    buffer_add_text(out_of(lock), client_parameters_boot(lock));
    buffer_add(out_of(lock), " ", 1);
    buffer_add_number(out_of(lock), client_parameters_pid_namespace(lock));
    buffer_add(out_of(lock), "\n", 1);
}

static void write_job(struct ipclocker *lock)
{
    char found[JOB_ID_SIZE];

    if (lock->set.job != NULL)
        write_word(lock, "job", lock->set.job);
    else if (job_id_from_environment(found))
        write_word(lock, "job", found);
}

/* What rules of pools go by. */
static void write_project(struct ipclocker *lock)
{
    const char *project =
        lock->set.project != NULL ? lock->set.project : job_project_from_environment();
    char number[16];

    if (project != NULL && project[0] != '\0')
        write_word(lock, "project", project);
    if (lock->set.priority == 0)
        return;
    snprintf(number, sizeof number, "%d", lock->set.priority);
    write_word(lock, "priority", number);
}

/* Groups and counts are sent as such where they mean anything: a plain demand is the same in both
 * protocols. */
static void write_groups(struct ipclocker *lock)
{
    for (size_t i = 0; i < lock->set.demand.group_count; i++) {
        const struct lock_group *group = &lock->set.demand.groups[i];

        buffer_add_text(out_of(lock), i == 0 ? "locks" : "and");
        write_names(lock, group->names, group->name_count);
        buffer_add(out_of(lock), "\n", 1);
        if (group->count != 1)
            client_request_number(lock, "count", group->count);
        if (group->shared)
            client_request_number(lock, "shared", 1);
        if (group->spread)
            client_request_number(lock, "spread", 1);
    }
}

bool client_request_is_plain(const struct ipclocker *lock)
{
    const struct lock_group *group = lock->set.demand.groups;

    return lock->set.queue_most < 0 && lock->set.demand.group_count == 1 && group->count == 1 &&
           !group->shared && lock->set.keep_ms <= 0 && !lock->set.until_boot;
}

void client_request_process(struct ipclocker *lock)
{
    write_word(lock, "hostname", client_parameters_hostname(lock));
    client_request_number(lock, "pid", (uint64_t)lock->set.pid);
    if (lock->connection.dialect != DIALECT_CLASSIC)
        write_process(lock);
}

static void write_keep(struct ipclocker *lock)
{
    char seconds[32];

    if (lock->set.keep_ms > 0) {
        snprintf(seconds, sizeof seconds, "%" PRId64 ".%03d", lock->set.keep_ms / 1000,
                 (int)(lock->set.keep_ms % 1000));
        write_word(lock, "keep", seconds);
    }
    if (lock->set.until_boot)
        client_request_number(lock, "until-boot", 1);
    if (lock->set.lost_after_s > 0 && lock->connection.dialect != DIALECT_CLASSIC)
        client_request_number(lock, "lost-after", lock->set.lost_after_s);
}

/* The process that asks. */
static void write_owner(struct ipclocker *lock)
{
    client_request_process(lock);
    if (lock->connection.dialect == DIALECT_CLASSIC)
        return;
    write_job(lock);
    write_project(lock);
    client_request_number(lock, "session", lock->set.session);
}

void client_request_demand(struct ipclocker *lock, bool block)
{
    bool autounlock = lock->set.autounlock || lock->set.session;

    write_word(lock, "user", ipclocker_user(lock));
    write_groups(lock);
    client_request_number(lock, "block", block);
    client_request_number(lock, "timeout", lock->set.hold_limit_s);
    client_request_number(lock, "autounlock", autounlock);
    write_owner(lock);
    write_keep(lock);
    if (lock->connection.dialect == DIALECT_CLASSIC)
        return;
    client_request_number(lock, "why", 1);
    if (block && lock->set.queue_most >= 0)
        client_request_number(lock, "queue-most", (uint64_t)lock->set.queue_most);
}

void client_request_names(struct ipclocker *lock)
{
    write_word(lock, "user", ipclocker_user(lock));
    buffer_add_text(out_of(lock), "locks");
    write_names(lock, lock->set.demand.names, lock->set.demand.name_count);
    buffer_add(out_of(lock), "\n", 1);
}

static bool is_named(const struct lock_group *group, const char *name, size_t len)
{
    for (size_t i = 0; i < group->name_count; i++) {
        if (strncmp(group->names[i], name, len) == 0 && group->names[i][len] == '\0')
            return true;
    }
    return false;
}

static bool is_shared(const struct ipclocker *lock, const char *name, size_t len)
{
    for (size_t i = 0; i < lock->set.demand.group_count; i++) {
        const struct lock_group *group = &lock->set.demand.groups[i];

        if (group->shared && is_named(group, name, len))
            return true;
    }
    return false;
}

/* Those of what is held that are shared, or the others.  Returns whether there are any. */
static bool write_held_group(struct ipclocker *lock, const char *word, bool shared)
{
    const char *at = lock->grant.names.data;
    size_t count = 0, len;

    for (; (len = strcspn(at, " ")) > 0; at += len + (at[len] == ' ')) {
        if (is_shared(lock, at, len) != shared)
            continue;
        buffer_add_text(out_of(lock), count++ == 0 ? word : "");
        buffer_add(out_of(lock), " ", 1);
        buffer_add(out_of(lock), at, len);
    }
    if (count == 0)
        return false;
    buffer_add(out_of(lock), "\n", 1);
    client_request_number(lock, "count", count);
    if (shared)
        client_request_number(lock, "shared", 1);
    return true;
}

void client_request_held(struct ipclocker *lock)
{
    bool has_own;

    write_word(lock, "user", ipclocker_user(lock));
    if (lock->connection.dialect == DIALECT_CLASSIC) {
        write_word(lock, "locks", lock->grant.names.data);
        return;
    }
    has_own = write_held_group(lock, "locks", false);
    write_held_group(lock, has_own ? "and" : "locks", true);
    client_request_number(lock, "timeout", lock->set.hold_limit_s);
    write_owner(lock);
    write_keep(lock);
}

void client_request_describe(const struct ipclocker *lock, char *out, size_t out_size)
{
    char text[96];

    lock_demand_describe(&lock->set.demand, text, sizeof text);
    text_clean(out, out_size, text, strlen(text));
}
