/* The client's parameters: what a caller sets, and what stands for what was not set.
 * Must not look up more than was asked for: a lockersh starts for each job. */
#include "parameters.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/name_list.h"
#include "base/text.h"
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

int ipclocker_set_pid(struct ipclocker *lock, pid_t pid)
{
    if (pid <= 0)
        return client_error_set(lock, EINVAL, "%d is no process id", (int)pid);
    lock->default_user[0] = '\0';
    lock->set.process_start = 0;
    lock->set.pid = pid;
    return 0;
}

uint64_t client_parameters_process_start(struct ipclocker *lock)
{
    if (lock->set.process_start == 0)
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

/* Looks up an entry whose size only the directory service knows; *memory is the caller's to free.
 */
static struct passwd *find_entry(struct passwd *entry, char **memory)
{
    struct passwd *found = NULL;
    int result = ERANGE;

    *memory = NULL;
    for (size_t size = 4096; result == ERANGE && size <= (1U << 20); size *= 4) {
        free(*memory);
        *memory = malloc(size);
        if (*memory == NULL)
            return NULL;
        result = getpwuid_r(getuid(), entry, *memory, size, &found);
    }
    return result == 0 ? found : NULL;
}

/* Writes the login name of the user that runs this, made fit to be a part of an owner's name. */
static void find_login(char *out, size_t size)
{
    struct passwd entry;
    char *memory;

    if (find_entry(&entry, &memory) != NULL)
        snprintf(out, size, "%s", entry.pw_name);
    else
        snprintf(out, size, "%u", (unsigned)getuid());
    free(memory);
    for (char *c = out; *c != '\0'; c++) {
        if ((unsigned char)*c <= ' ' || *c == 0x7f)
            *c = '?';
    }
}

/* The pid namespace of a process that is in a container; 0 in the host's own. */
static uint64_t container_namespace(void)
{
    uint64_t namespace_id = process_pid_namespace();

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
                          container_namespace(), login);
    }
    return lock->default_user;
}

/* Whether so many of the names can be had; says what is wrong. */
static int check_count(struct ipclocker *lock, const struct name_list *list, size_t count)
{
    if (count == 0)
        return client_error_set(lock, EINVAL, "a count of 0 locks; ask for at least 1");
    if (count > list->count)
        return client_error_set(
            lock, EINVAL, "%zu locks are wanted, but only %zu named; name more or ask for fewer",
            count, list->count);
    return 0;
}

/* Whether the names can stand beside the groups that are there. */
static int check_names(struct ipclocker *lock, const struct lock_demand *demand,
                       const struct name_list *list)
{
    char shown[80];

    for (size_t i = 0; i < list->count; i++) {
        if (!name_list_has((char *const *)demand->names, demand->name_count, list->names[i]))
            continue;
        text_clean(shown, sizeof shown, list->names[i], strlen(list->names[i]));
        return client_error_set(lock, EINVAL, "%s is in two groups; name it in one", shown);
    }
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
    result = check_count(lock, &list, count);
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

void ipclocker_set_hold_limit(struct ipclocker *lock, uint64_t seconds)
{
    lock->set.hold_limit_s = seconds;
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

void ipclocker_set_destroy_unlock(struct ipclocker *lock, bool destroy_unlock)
{
    lock->set.destroy_unlock = destroy_unlock;
}

void ipclocker_set_connect_tries(struct ipclocker *lock, unsigned tries)
{
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
