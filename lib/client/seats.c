/* What is told and asked of a server's pools: seats in use elsewhere, seats offline.
 * Must not ask for any. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "engine.h"
#include "error.h"
#include "parameters.h"
#include "request.h"

/* What is said of seats, and what came of it. */
struct seats_call {
    char line[1024];
    bool is_answered;
    int number; /* the answer; or, with an error text, an errno */
    bool failed;
};

/* An earlier server says nothing to the line, but answers the QUEUE behind it. */
static int write_seats(struct ipclocker *lock)
{
    struct seats_call *call = lock->call.argument;

    if (lock->connection.dialect == DIALECT_CLASSIC)
        return client_error_set(lock, ENOTSUP, "the server is a classic one, which knows no pools");
    call->is_answered = call->failed = false;
    client_request_command(lock, call->line);
    client_request_command(lock, "QUEUE");
    return 0;
}

static int errno_of(enum error_code code)
{
    switch (code) {
    case ERROR_CODE_UNKNOWN:
        return ENOENT;
    case ERROR_CODE_DENIED:
    case ERROR_CODE_NOT_OWNER:
    case ERROR_CODE_PROOF_REQUIRED:
        return EACCES;
    default:
        return EPROTO;
    }
}

static int end(struct ipclocker *lock, const struct seats_call *call)
{
    if (!call->is_answered)
        return client_error_set(lock, ENOTSUP, "the server is an earlier one, without pools");
    if (!call->failed)
        return 1;
    errno = call->number;
    return -1;
}

static int take_seats(struct ipclocker *lock, const struct answer *answer)
{
    struct seats_call *call = lock->call.argument;

    if (answer->kind == ANSWER_SEATS) {
        call->is_answered = true;
        call->number = (int)answer->number;
    } else if (answer->kind == ANSWER_STATUS && answer->error != NULL) {
        client_engine_refused(lock, answer);
        call->is_answered = call->failed = true;
        call->number = errno_of(answer->code);
    }
    return answer->kind == ANSWER_QUEUE ? end(lock, call) : 0;
}

static const struct client_operation seats_operation = {
    .is_ours = true,
    .write = write_seats,
    .take = take_seats,
};

static int run(struct ipclocker *lock, struct seats_call *call)
{
    return client_engine_run(lock, &seats_operation, call, -1) == 0 ? call->number : -1;
}

int ipclocker_set_outside(struct ipclocker *lock, const char *pool, unsigned seats,
                          unsigned seconds)
{
    struct seats_call call;

    if (client_parameters_check_text(lock, pool, "pool") != 0)
        return -1;
    snprintf(call.line, sizeof call.line, "OUTSIDE %s %u %u", pool, seats, seconds);
    return run(lock, &call);
}

int ipclocker_set_offline(struct ipclocker *lock, const char *name, unsigned seconds,
                          const char *reason)
{
    struct seats_call call;

    if (client_parameters_check_text(lock, name, "lock") != 0)
        return -1;
    if (reason != NULL && (strlen(reason) > CLIENT_NAME_MAX || strpbrk(reason, "\r\n") != NULL))
        return client_error_set(lock, EINVAL, "the reason is no line of %d bytes at most",
                                CLIENT_NAME_MAX);
    snprintf(call.line, sizeof call.line, "OFFLINE %s %u %s", name, seconds,
             reason != NULL ? reason : "");
    return run(lock, &call) < 0 ? -1 : 0;
}

int ipclocker_set_online(struct ipclocker *lock, const char *name)
{
    struct seats_call call;

    if (client_parameters_check_text(lock, name, "lock") != 0)
        return -1;
    snprintf(call.line, sizeof call.line, "ONLINE %s", name);
    return run(lock, &call) < 0 ? -1 : 0;
}
