/* The short requests: unlock, break, owner, reports of deaths, ping.
 * Must not wait for a lock. */
#include "calls.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "error.h"
#include "hosts.h"
#include "parameters.h"
#include "protocol/dead_job.h"
#include "protocol/proof.h"
#include "request.h"
#include "round.h"

static int write_unlock(struct ipclocker *lock)
{
    client_request_names(lock);
    client_request_process(lock);
    client_request_command(lock, "UNLOCK");
    return 0;
}

static int take_unlock_answer(struct ipclocker *lock, const struct answer *answer)
{
    if (answer->kind != ANSWER_STATUS)
        return 0;
    if (answer->error != NULL)
        return client_engine_refused(lock, answer);
    lock->grant.held = false;
    return 1;
}

const struct client_operation client_unlock_operation = {
    .at_home = true,
    .goes_on = true,
    .write = write_unlock,
    .take = take_unlock_answer,
};

int ipclocker_unlock(struct ipclocker *lock)
{
    ipclocker_cancel(lock);
    return client_engine_run(lock, &client_unlock_operation, NULL, -1);
}

static int write_break(struct ipclocker *lock)
{
    unsigned *count = lock->call.argument;

    client_request_names(lock);
    client_request_command(lock, "BREAK_LOCK");
    *count = 0;
    return 0;
}

static int take_break_answer(struct ipclocker *lock, const struct answer *answer)
{
    unsigned *count = lock->call.argument;
    char owner[300];

    if (answer->kind == ANSWER_BROKE) {
        (*count)++;
        text_clean(owner, sizeof owner, answer->text, strlen(answer->text));
        client_error_notice(lock, IPCLOCKER_NOTICE_BROKE, "taken from %s", owner);
        return 0;
    }
    if (answer->kind != ANSWER_STATUS)
        return 0;
    return answer->error != NULL ? client_engine_refused(lock, answer) : 1;
}

static const struct client_operation break_operation = {
    .write = write_break,
    .take = take_break_answer,
};

int ipclocker_break_lock(struct ipclocker *lock)
{
    unsigned count;

    if (client_engine_run(lock, &break_operation, &count, -1) != 0)
        return -1;
    return count > INT32_MAX ? INT32_MAX : (int)count;
}

static int write_status(struct ipclocker *lock)
{
    client_request_names(lock);
    client_request_command(lock, "STATUS");
    return 0;
}

static int take_owner_answer(struct ipclocker *lock, const struct answer *answer)
{
    if (answer->kind != ANSWER_STATUS)
        return 0;
    if (answer->error != NULL)
        return client_engine_refused(lock, answer);
    free(lock->owner);
    lock->owner = strdup(answer->text);
    return lock->owner != NULL ? 1 : client_error_set(lock, ENOMEM, "out of memory");
}

static const struct client_operation status_operation = {
    .write = write_status,
    .take = take_owner_answer,
};

const char *ipclocker_owner(struct ipclocker *lock)
{
    return client_engine_run(lock, &status_operation, NULL, -1) == 0 ? lock->owner : NULL;
}

static int take_held_answer(struct ipclocker *lock, const struct answer *answer)
{
    int *is_held = lock->call.argument;

    if (answer->kind != ANSWER_STATUS)
        return 0;
    if (answer->error != NULL)
        return client_engine_refused(lock, answer);
    *is_held = answer->locked;
    return 1;
}

static const struct client_operation held_operation = {
    .write = write_status,
    .take = take_held_answer,
};

int ipclocker_holds(struct ipclocker *lock)
{
    int is_held = 0;

    return client_engine_run(lock, &held_operation, &is_held, -1) == 0 ? is_held : -1;
}

struct dead_pid {
    const char *hostname;
    pid_t pid;
};

/* DEAD_PID has no answer of its own: that of the VERSION behind it tells that it was read. */
static int write_dead_pid(struct ipclocker *lock)
{
    const struct dead_pid *dead = lock->call.argument;

    buffer_add_text(&lock->connection.out, "DEAD_PID ");
    client_request_number(lock, dead->hostname, (uint64_t)dead->pid);
    client_request_command(lock, "VERSION");
    return 0;
}

static int take_version_answer(struct ipclocker *lock, const struct answer *answer)
{
    (void)lock;
    return answer->kind == ANSWER_VERSION;
}

static const struct client_operation dead_pid_operation = {
    .write = write_dead_pid,
    .take = take_version_answer,
};

int ipclocker_dead_pid(struct ipclocker *lock, const char *hostname, pid_t pid)
{
    struct dead_pid dead = {.hostname = hostname, .pid = pid};

    if (client_parameters_check_text(lock, hostname, "host name") != 0)
        return -1;
    if (pid <= 0)
        return client_error_set(lock, EINVAL, "%d is no process id", (int)pid);
    return client_engine_run(lock, &dead_pid_operation, &dead, -1);
}

struct dead_job {
    const char *job;
    int64_t before_ms;
    const char *const *hosts;
    size_t host_count;
    int ended; /* how many requests */
};

static int write_dead_job(struct ipclocker *lock)
{
    const struct dead_job *dead = lock->call.argument;

    if (lock->connection.dialect == DIALECT_CLASSIC)
        return client_error_set(lock, ENOTSUP, "the server is a classic one, which knows no jobs");
    buffer_add_text(&lock->connection.out, "DEAD_JOB ");
    buffer_add_text(&lock->connection.out, dead->job);
    if (dead->before_ms < INT64_MAX) {
        buffer_add(&lock->connection.out, " ", 1);
        buffer_add_number(&lock->connection.out,
                          dead->before_ms > 0 ? (uint64_t)dead->before_ms : 0);
    }
    for (size_t i = 0; i < dead->host_count; i++) {
        buffer_add(&lock->connection.out, " ", 1);
        buffer_add_text(&lock->connection.out, dead->hosts[i]);
    }
    buffer_add(&lock->connection.out, "\n", 1);
    return 0;
}

static int take_ended_answer(struct ipclocker *lock, const struct answer *answer)
{
    struct dead_job *dead = lock->call.argument;

    if (answer->kind == ANSWER_STATUS && answer->error != NULL) {
        client_engine_refused(lock, answer);
        if (answer->code == ERROR_CODE_NOT_OWNER)
            errno = EPERM;
        return -1;
    }
    dead->ended = answer->kind == ANSWER_ENDED ? (int)answer->number : 0;
    return answer->kind == ANSWER_ENDED;
}

static const struct client_operation dead_job_operation = {
    .is_ours = true,
    .write = write_dead_job,
    .take = take_ended_answer,
};

int ipclocker_dead_job(struct ipclocker *lock, const char *job)
{
    return ipclocker_dead_job_before(lock, job, INT64_MAX);
}

int ipclocker_dead_job_before(struct ipclocker *lock, const char *job, int64_t before_ms)
{
    struct dead_job dead = {.job = job, .before_ms = before_ms};

    if (client_parameters_check_text(lock, job, "job") != 0)
        return -1;
    return client_engine_run(lock, &dead_job_operation, &dead, -1) == 0 ? dead.ended : -1;
}

static int check_run(struct ipclocker *lock, const char *job, int64_t before_ms,
                     const char *const *hosts, size_t host_count)
{
    if (client_parameters_check_text(lock, job, "job") != 0)
        return -1;
    for (size_t i = 0; i < host_count; i++) {
        if (client_parameters_check_text(lock, hosts[i], "host name") != 0)
            return -1;
    }
    if (host_count == 0 || before_ms == INT64_MAX)
        return client_error_set(lock, EINVAL, "a run needs its hosts and a time");
    return 0;
}

int ipclocker_dead_job_on(struct ipclocker *lock, const char *job, int64_t before_ms,
                          const char *const *hosts, size_t host_count)
{
    int ended = 0;

    if (check_run(lock, job, before_ms, hosts, host_count) != 0)
        return -1;
    for (size_t i = 0; i < host_count; i += DEAD_JOB_HOSTS_MAX) {
        struct dead_job dead = {
            .job = job,
            .before_ms = before_ms,
            .hosts = hosts + i,
            .host_count = host_count - i < DEAD_JOB_HOSTS_MAX ? host_count - i : DEAD_JOB_HOSTS_MAX,
        };

        if (client_engine_run(lock, &dead_job_operation, &dead, -1) != 0)
            return -1;
        ended += dead.ended;
    }
    return ended;
}

static int write_version(struct ipclocker *lock)
{
    client_request_command(lock, "VERSION");
    return 0;
}

static int write_ping(struct ipclocker *lock)
{
    lock->server.knows_us = false;
    if (lock->connection.dialect != DIALECT_CLASSIC)
        client_request_command(lock, "WHOAMI");
    return write_version(lock);
}

static int take_ping_answer(struct ipclocker *lock, const struct answer *answer)
{
    if (answer->kind == ANSWER_PERSON) {
        lock->server.knows_us = true;
        lock->server.us =
            (struct ipclocker_person){.proof = (enum ipclocker_proof)proof_parse(answer->text),
                                      .uid = (uint32_t)answer->number};
    }
    return take_version_answer(lock, answer);
}

static const struct client_operation ping_operation = {
    .write = write_ping,
    .take = take_ping_answer,
};

int64_t ipclocker_server_time(struct ipclocker *lock)
{
    if (client_engine_run(lock, &ping_operation, NULL, -1) != 0)
        return -1;
    if (lock->server.clock_ms > 0)
        return lock->server.clock_ms;
    return client_error_set(lock, ENOTSUP,
                            "the server does not tell its time: it is a classic one, or older");
}

int ipclocker_ping_status(struct ipclocker *lock, struct ipclocker_ping_status *status)
{
    unsigned tries = lock->set.tries;
    bool has_tries = lock->set.has_tries;
    struct timespec start, end;
    int result;

    clock_gettime(CLOCK_MONOTONIC, &start);
    ipclocker_set_connect_tries(lock, 1);
    result = client_engine_run(lock, &ping_operation, NULL, -1);
    lock->set.tries = tries;
    lock->set.has_tries = has_tries;
    clock_gettime(CLOCK_MONOTONIC, &end);
    *status = (struct ipclocker_ping_status){.ok = result == 0};
    if (lock->set.host_count > 0)
        client_hosts_describe(lock, client_hosts_current(lock), status->host, sizeof status->host);
    if (result != 0)
        return -1;
    status->seconds =
        (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9;
    snprintf(status->version, sizeof status->version, "%s", lock->server.version);
    status->started = lock->server.started;
    status->protocol = lock->server.protocol;
    memcpy(status->cluster, lock->connection.cluster, sizeof lock->connection.cluster);
    status->knows_you = lock->server.knows_us;
    status->you = lock->server.us;
    return 0;
}

bool ipclocker_ping(struct ipclocker *lock)
{
    struct ipclocker_ping_status status;

    return ipclocker_ping_status(lock, &status) == 0;
}
