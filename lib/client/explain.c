/* What would come of a request for the lock, and why.
 * Must not ask for it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "engine.h"
#include "error.h"
#include "request.h"
#include "wait_reason.h"

struct explain_call {
    struct ipclocker_forecast *forecast;
    bool is_answered;
};

/* An earlier server says nothing to the question, but answers the QUEUE behind it. */
static int write_explain(struct ipclocker *lock)
{
    struct explain_call *call = lock->call.argument;

    if (lock->connection.dialect == DIALECT_CLASSIC)
        return client_error_set(lock, ENOTSUP,
                                "the server is a classic one, which cannot say what would happen");
    call->is_answered = false;
    *call->forecast = (struct ipclocker_forecast){.wait.held_ms = -1};
    buffer_fini(&lock->foreseen);
    client_request_demand(lock, true);
    client_request_command(lock, "EXPLAIN");
    client_request_command(lock, "QUEUE");
    return 0;
}

static void take_would(struct explain_call *call, const struct answer *answer)
{
    call->is_answered = true;
    call->forecast->verdict =
        strcmp(answer->text, "grant") == 0 ? IPCLOCKER_WOULD_GRANT : IPCLOCKER_WOULD_WAIT;
}

static void take_place(struct ipclocker_wait *wait, const struct answer *answer)
{
    wait->position = (size_t)answer->number;
    wait->held_ms = answer->held_ms;
    text_clean(wait->holder, sizeof wait->holder, answer->text, strlen(answer->text));
    text_clean(wait->lock, sizeof wait->lock, answer->lock, strlen(answer->lock));
}

static void take_seat(struct ipclocker *lock, const char *name)
{
    if (lock->foreseen.len > 0)
        buffer_add(&lock->foreseen, " ", 1);
    buffer_add_text(&lock->foreseen, name);
}

static int end(struct ipclocker *lock, const struct explain_call *call)
{
    if (!call->is_answered)
        return client_error_set(lock, ENOTSUP,
                                "the server is an earlier one, which cannot say what would happen");
    buffer_add(&lock->foreseen, "", 1);
    if (lock->foreseen.failed)
        return client_error_set(lock, ENOMEM, "out of memory");
    call->forecast->seats = lock->foreseen.data;
    return 1;
}

/* What is foreseen is no failure: the server's words by themselves say it. */
static void take_refusal(struct ipclocker *lock, const struct answer *answer)
{
    char shown[400];

    client_engine_refused(lock, answer);
    text_clean(shown, sizeof shown, answer->error, strlen(answer->error));
    client_error_set(lock, errno, "%s", shown);
}

static int take_explain(struct ipclocker *lock, const struct answer *answer)
{
    struct explain_call *call = lock->call.argument;
    struct ipclocker_wait *wait = &call->forecast->wait;

    switch (answer->kind) {
    case ANSWER_WOULD:
        take_would(call, answer);
        return 0;
    case ANSWER_SEAT:
        take_seat(lock, answer->text);
        return 0;
    case ANSWER_WHY:
        wait_reason_read(answer->text, wait);
        return 0;
    case ANSWER_QUEUE:
        if (answer->number == 0)
            return end(lock, call);
        take_place(wait, answer);
        return 0;
    case ANSWER_STATUS:
        if (answer->error == NULL)
            return 0;
        take_refusal(lock, answer);
        call->is_answered = true;
        call->forecast->verdict = IPCLOCKER_WOULD_REFUSE;
        return 0;
    default:
        return 0;
    }
}

static const struct client_operation explain_operation = {
    .is_ours = true,
    .write = write_explain,
    .take = take_explain,
};

int ipclocker_explain(struct ipclocker *lock, struct ipclocker_forecast *forecast)
{
    struct explain_call call = {.forecast = forecast};

    return client_engine_run(lock, &explain_operation, &call, -1);
}
