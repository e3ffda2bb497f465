/* What a client says to the server: settings and commands, as lockerd-protocol(7) has them.
 * Must not send anything: it fills connection.out. */
#include "request.h"

#include <string.h>

#include "base/text.h"
#include "job/job_id.h"
#include "parameters.h"
#include "process/process.h"

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
    buffer_add_text(out_of(lock), process_boot_id());
    buffer_add(out_of(lock), " ", 1);
    buffer_add_number(out_of(lock), process_pid_namespace());
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
    }
}

bool client_request_is_plain(const struct ipclocker *lock)
{
    return lock->set.demand.group_count == 1 && lock->set.demand.groups[0].count == 1;
}

/* The process that asks. */
static void write_owner(struct ipclocker *lock)
{
    write_word(lock, "hostname", client_parameters_hostname(lock));
    client_request_number(lock, "pid", (uint64_t)lock->set.pid);
    if (lock->connection.dialect == DIALECT_CLASSIC)
        return;
    write_process(lock);
    write_job(lock);
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
}

void client_request_names(struct ipclocker *lock)
{
    write_word(lock, "user", ipclocker_user(lock));
    buffer_add_text(out_of(lock), "locks");
    write_names(lock, lock->set.demand.names, lock->set.demand.name_count);
    buffer_add(out_of(lock), "\n", 1);
}

void client_request_held(struct ipclocker *lock)
{
    size_t count = 1;

    for (const char *c = lock->grant.names.data; *c != '\0'; c++)
        count += *c == ' ';
    write_word(lock, "user", ipclocker_user(lock));
    write_word(lock, "locks", lock->grant.names.data);
    if (lock->connection.dialect == DIALECT_CLASSIC)
        return;
    client_request_number(lock, "count", count);
    client_request_number(lock, "timeout", lock->set.hold_limit_s);
    write_owner(lock);
}

void client_request_describe(const struct ipclocker *lock, char *out, size_t out_size)
{
    char text[96];

    lock_demand_describe(&lock->set.demand, text, sizeof text);
    text_clean(out, out_size, text, strlen(text));
}
