/* What is held goes on for another process, or for longer.
 * Must not take a lock anew: what was lost is lost. */
#include <errno.h>
#include <string.h>

#include "engine.h"
#include "error.h"
#include "loss.h"
#include "parameters.h"
#include "process/process.h"
#include "request.h"

struct follow {
    pid_t pid;
    uint64_t start;
    bool is_done;
};

/* An earlier server says nothing to the word, but answers the VERSION behind it. */
static int write_follow(struct ipclocker *lock)
{
    const struct follow *follow = lock->call.argument;
    struct buffer *out = &lock->connection.out;

    if (lock->connection.dialect == DIALECT_CLASSIC)
        return client_error_set(lock, ENOTSUP, "the server is a classic one");
    client_request_held(lock);
    buffer_add_text(out, "FOLLOW ");
    buffer_add_number(out, lock->grant.token);
    buffer_add(out, " ", 1);
    buffer_add_number(out, (uint64_t)follow->pid);
    buffer_add(out, " ", 1);
    buffer_add_number(out, follow->start);
    client_request_command(lock, "\nVERSION");
    return 0;
}

static int take_follow_answer(struct ipclocker *lock, const struct answer *answer)
{
    struct follow *follow = lock->call.argument;

    if (answer->kind == ANSWER_STATUS && answer->error != NULL)
        return client_engine_refused(lock, answer);
    follow->is_done |= answer->kind == ANSWER_STATUS;
    return client_engine_version(lock, answer, follow->is_done,
                                 "whose locks stay with their process");
}

static const struct client_operation follow_operation = {
    .at_home = true,
    .goes_on = true,
    .never_ends = true,
    .write = write_follow,
    .take = take_follow_answer,
};

/* The owner's name has the first process in it, and stays. */
static int keep_user(struct ipclocker *lock)
{
    return lock->set.user != NULL ? 0 : ipclocker_set_user(lock, ipclocker_user(lock));
}

int ipclocker_follow(struct ipclocker *lock, pid_t pid, uint64_t start)
{
    struct follow follow = {.pid = pid, .start = start != 0 ? start : process_start_time(pid)};

    if (pid <= 0)
        return client_error_set(lock, EINVAL, "%d is no process id", (int)pid);
    if (!lock->grant.held)
        return client_error_set(lock, ENOLCK, "no lock is held");
    if (keep_user(lock) != 0 || client_engine_run(lock, &follow_operation, &follow, -1) != 0)
        return -1;
    lock->set.pid = pid;
    lock->set.process_start = follow.start;
    return 0;
}

struct extension {
    uint64_t token, seconds;
    int64_t left_ms;
    bool is_done;
};

static int write_extend(struct ipclocker *lock)
{
    const struct extension *extension = lock->call.argument;

    if (lock->connection.dialect == DIALECT_CLASSIC)
        return client_error_set(lock, ENOTSUP,
                                "the server is a classic one, whose limits stay as they are");
    if (lock->grant.held)
        client_request_held(lock);
    else
        client_request_names(lock);
    client_request_process(lock);
    buffer_add_text(&lock->connection.out, "EXTEND ");
    buffer_add_number(&lock->connection.out, extension->token);
    buffer_add(&lock->connection.out, " ", 1);
    buffer_add_number(&lock->connection.out, extension->seconds);
    client_request_command(lock, "\nVERSION");
    return 0;
}

static int take_extend_answer(struct ipclocker *lock, const struct answer *answer)
{
    struct extension *extension = lock->call.argument;

    if (answer->kind == ANSWER_STATUS && answer->error != NULL)
        return client_engine_refused(lock, answer);
    if (answer->kind == ANSWER_STATUS) {
        extension->is_done = true;
        extension->left_ms = answer->left_ms >= 0 ? answer->left_ms : INT64_MAX;
        if (lock->grant.held)
            client_loss_expect(lock, answer);
    }
    return client_engine_version(lock, answer, extension->is_done, "whose limits stay as they are");
}

static const struct client_operation extend_operation = {
    .goes_on = true,
    .asks_once = true,
    .write = write_extend,
    .take = take_extend_answer,
};

int64_t ipclocker_extend(struct ipclocker *lock, uint64_t token, uint64_t seconds)
{
    struct extension extension = {.token = token != 0 ? token : lock->grant.token,
                                  .seconds = seconds};

    if (seconds == 0)
        return client_error_set(lock, EINVAL, "nothing is to be added");
    if (extension.token == 0)
        return client_error_set(lock, ENOLCK, "no lock is held");
    if (client_engine_run(lock, &extend_operation, &extension, -1) != 0)
        return -1;
    return extension.left_ms;
}
