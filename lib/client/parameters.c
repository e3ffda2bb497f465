/* The client's parameters: what a caller sets, and what stands for what was not set.
 * Must not look up more than was asked for: a lockersh starts for each job. */
#include "parameters.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/name_list.h"
#include "base/text.h"
#include "base/user_database.h"
#include "error.h"
#include "process/process.h"
#include "protocol/owner_name.h"

int client_parameters_check_text(struct ipclocker *lock, const char *text, const char *what)
{
    size_t len = strlen(text);

    if (len == 0)
        return client_error_set(lock, EINVAL, "the %s is empty", what);
    if (len > CLIENT_NAME_MAX)
        return client_error_set(lock, EINVAL, "the %s has more than %d bytes", what,
                                CLIENT_NAME_MAX);
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)text[i] <= ' ' || text[i] == 0x7f)
            return client_error_set(lock, EINVAL, "the %s has a blank or control character in it",
                                    what);
    }
    return 0;
}

static int set_text(struct ipclocker *lock, char **field, const char *text, const char *what)
{
    char *copy;

    if (client_parameters_check_text(lock, text, what) != 0)
        return -1;
    copy = strdup(text);
    if (copy == NULL)
        return client_error_set(lock, ENOMEM, "out of memory");
    free(*field);
    *field = copy;
    return 0;
}

int ipclocker_set_user(struct ipclocker *lock, const char *user)
{
    return set_text(lock, &lock->set.user, user, "user");
}

int ipclocker_set_hostname(struct ipclocker *lock, const char *hostname)
{
    lock->default_user[0] = '\0';
    return set_text(lock, &lock->set.hostname, hostname, "host name");
}

int ipclocker_set_job(struct ipclocker *lock, const char *job)
{
    return set_text(lock, &lock->set.job, job, "job");
}

int ipclocker_set_project(struct ipclocker *lock, const char *project)
{
    return set_text(lock, &lock->set.project, project, "project");
}

int ipclocker_set_priority(struct ipclocker *lock, int priority)
{
    enum { PRIORITY_MOST = 1000 };

    if (priority < -PRIORITY_MOST || priority > PRIORITY_MOST)
        return client_error_set(lock, EINVAL, "a priority of %d is not from %d to %d", priority,
                                -PRIORITY_MOST, PRIORITY_MOST);
    lock->set.priority = priority;
    return 0;
}

int ipclocker_set_pid(struct ipclocker *lock, pid_t pid)
{
    if (pid <= 0)
        return client_error_set(lock, EINVAL, "%d is no process id", (int)pid);
    lock->default_user[0] = '\0';
    lock->set.process_start = 0;
    lock->set.pid = pid;
    lock->set.is_elsewhere = false;
    return 0;
}

int ipclocker_set_process(struct ipclocker *lock, const struct ipclocker_process_id *process)
{
    char *boot = NULL;

    if (process->pid <= 0)
        return client_error_set(lock, EINVAL, "%d is no process id", (int)process->pid);
    if (process->boot != NULL && client_parameters_check_text(lock, process->boot, "boot id") != 0)
        return -1;
    if (process->boot != NULL && (boot = strdup(process->boot)) == NULL)
        return client_error_set(lock, ENOMEM, "out of memory");
    if (ipclocker_set_hostname(lock, process->hostname) != 0) {
        free(boot);
        return -1;
    }
    ipclocker_set_pid(lock, process->pid);
    free(lock->set.boot);
    lock->set.boot = boot;
    lock->set.process_start = process->start;
    lock->set.pid_namespace = process->pid_namespace;
    lock->set.is_elsewhere = true;
    return 0;
}

const char *client_parameters_boot(const struct ipclocker *lock)
{
    if (!lock->set.is_elsewhere)
        return process_boot_id();
    return lock->set.boot != NULL ? lock->set.boot : "-";
}

uint64_t client_parameters_pid_namespace(const struct ipclocker *lock)
{
    return lock->set.is_elsewhere ? lock->set.pid_namespace : process_pid_namespace();
}

uint64_t client_parameters_process_start(struct ipclocker *lock)
{
    if (lock->set.process_start == 0 && !lock->set.is_elsewhere)
        lock->set.process_start = process_start_time(lock->set.pid);
    return lock->set.process_start;
}

const char *client_parameters_hostname(struct ipclocker *lock)
{
    char name[CLIENT_NAME_MAX + 1];

    if (lock->set.hostname == NULL) {
        if (gethostname(name, sizeof name) != 0 || name[0] == '\0')
            strcpy(name, "localhost");
        name[sizeof name - 1] = '\0';
        set_text(lock, &lock->set.hostname, name, "host name");
    }
    return lock->set.hostname != NULL ? lock->set.hostname : "localhost";
}

/* Writes the login name of the user that runs this, made fit to be a part of an owner's name. */
static void find_login(char *out, size_t size)
{
    if (!user_database_find_login(getuid(), out, size))
        snprintf(out, size, "%u", (unsigned)getuid());
    for (char *c = out; *c != '\0'; c++) {
        if ((unsigned char)*c <= ' ' || *c == 0x7f)
            *c = '?';
    }
}

/* The pid namespace of a process that is in a container; 0 in the host's own. */
static uint64_t container_namespace(const struct ipclocker *lock)
{
    uint64_t namespace_id = client_parameters_pid_namespace(lock);

    return process_namespace_is_container(namespace_id) ? namespace_id : 0;
}

const char *ipclocker_user(const struct ipclocker *lock)
{
    /* What is worked out late is no change that a caller could see. */
    struct ipclocker *mutable_lock = (struct ipclocker *)lock;
    char login[64];

    if (lock->set.user != NULL)
        return lock->set.user;
    if (lock->default_user[0] == '\0') {
        find_login(login, sizeof login);
        owner_name_format(mutable_lock->default_user, sizeof lock->default_user,
                          client_parameters_hostname(mutable_lock), (uint64_t)lock->set.pid,
                          container_namespace(lock), login);
    }
    return lock->default_user;
}

/* One name may be that of a pool. */
static bool may_be_pool(const char *names)
{
    return strpbrk(names, ": \t\r\n\v\f[") == NULL;
}

/* Whether so many of the names can be had; says what is wrong. */
static int check_count(struct ipclocker *lock, const struct name_list *list, const char *names,
                       size_t count)
{
    if (count == 0)
        return client_error_set(lock, EINVAL, "a count of 0 locks; ask for at least 1");
    if (count > NAME_LIST_NAMES_MAX)
        return client_error_set(lock, EINVAL, "more than %d locks are wanted", NAME_LIST_NAMES_MAX);
    if (count > list->count && !may_be_pool(names))
        return client_error_set(
            lock, EINVAL, "%zu locks are wanted, but only %zu named; name more or ask for fewer",
            count, list->count);
    return 0;
}

/* Whether there is room for the names beside the groups that are there. */
static int check_names(struct ipclocker *lock, const struct lock_demand *demand,
                       const struct name_list *list)
{
    if (demand->name_count + list->count > NAME_LIST_NAMES_MAX ||
        demand->group_count == CLIENT_GROUPS_MAX)
        return client_error_set(lock, E2BIG, "more than %d names or %d groups", NAME_LIST_NAMES_MAX,
                                CLIENT_GROUPS_MAX);
    return 0;
}

/* Adds a group to a demand that may be the handle's. */
static int add_group(struct ipclocker *lock, struct lock_demand *demand, const char *names,
                     size_t count)
{
    struct name_list list = {0};
    int result;

    if (name_list_append(&list, names, lock->error, sizeof lock->error) != 0)
        return -1;
    result = check_count(lock, &list, names, count);
    if (result == 0)
        result = check_names(lock, demand, &list);
    if (result == 0 &&
        lock_demand_add_group(demand, (const char *const *)list.names, list.count) != 0)
        result = client_error_set(lock, ENOMEM, "out of memory");
    if (result == 0)
        lock_demand_set_count(demand, count);
    name_list_fini(&list);
    return result;
}

int ipclocker_set_locks(struct ipclocker *lock, const char *names, size_t count)
{
    struct lock_demand demand = {0};

    if (add_group(lock, &demand, names, count) != 0)
        return -1;
    lock_demand_fini(&lock->set.demand);
    lock->set.demand = demand;
    return 0;
}

int ipclocker_add_locks(struct ipclocker *lock, const char *names, size_t count)
{
    return add_group(lock, &lock->set.demand, names, count);
}

void ipclocker_set_block(struct ipclocker *lock, bool block)
{
    lock->set.block = block;
}

void ipclocker_set_shared(struct ipclocker *lock, bool shared)
{
    if (lock->set.demand.group_count > 0)
        lock_demand_set_shared(&lock->set.demand, shared);
}

void ipclocker_set_spread(struct ipclocker *lock, bool spread)
{
    if (lock->set.demand.group_count > 0)
        lock_demand_set_spread(&lock->set.demand, spread);
}

void ipclocker_set_hold_limit(struct ipclocker *lock, uint64_t seconds)
{
    lock->set.hold_limit_s = seconds;
}

void ipclocker_set_keep(struct ipclocker *lock, int64_t milliseconds)
{
    lock->set.keep_ms = milliseconds;
}

void ipclocker_set_lost_after(struct ipclocker *lock, uint32_t seconds)
{
    lock->set.lost_after_s = seconds;
}

void ipclocker_set_until_boot(struct ipclocker *lock, bool until_boot)
{
    lock->set.until_boot = until_boot;
}

void ipclocker_set_wait_limit(struct ipclocker *lock, int64_t milliseconds)
{
    lock->set.wait_limit_ms = milliseconds;
}

void ipclocker_set_autounlock(struct ipclocker *lock, bool autounlock)
{
    lock->set.autounlock = autounlock;
}

void ipclocker_set_session(struct ipclocker *lock, bool session)
{
    lock->set.session = session;
}

void ipclocker_set_inside(struct ipclocker *lock, bool inside)
{
    lock->set.inside = inside;
}

void ipclocker_set_destroy_unlock(struct ipclocker *lock, bool destroy_unlock)
{
    lock->set.destroy_unlock = destroy_unlock;
}

void ipclocker_set_connect_tries(struct ipclocker *lock, unsigned tries)
{
    lock->set.has_tries = true;
    lock->set.tries = tries;
}

void ipclocker_set_connect_delay(struct ipclocker *lock, unsigned milliseconds)
{
    lock->set.delay_ms = milliseconds;
}

void ipclocker_set_verbose(struct ipclocker *lock, bool verbose)
{
    lock->set.verbose = verbose;
}

void ipclocker_set_notice(struct ipclocker *lock, ipclocker_notice_fn *print, void *context)
{
    lock->set.print = print;
    lock->set.print_context = context;
}

void ipclocker_set_trace(struct ipclocker *lock, ipclocker_trace_fn *trace, void *context)
{
    lock->set.trace = trace;
    lock->set.trace_context = context;
}
