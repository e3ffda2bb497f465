/* Manners in queues: behind how many to wait, and whose wait is to end.
 * Must not wait itself. */
#include <errno.h>

#include "engine.h"
#include "error.h"
#include "parameters.h"
#include "request.h"

void ipclocker_set_queue_limit(struct ipclocker *lock, int64_t most)
{
    lock->set.queue_most = most < UINT32_MAX ? most : UINT32_MAX;
}

struct dequeue {
    const char *owner;
    int ended; /* -1: the server did not say */
};

/* An earlier server says nothing to the word, but answers the VERSION behind it. */
static int write_dequeue(struct ipclocker *lock)
{
    const struct dequeue *dequeue = lock->call.argument;

    if (lock->connection.dialect == DIALECT_CLASSIC)
        return client_error_set(lock, ENOTSUP, "the server is a classic one, whose waits stay");
    buffer_add_text(&lock->connection.out, "DEQUEUE ");
    client_request_command(lock, dequeue->owner);
    client_request_command(lock, "VERSION");
    return 0;
}

static int take_dequeue_answer(struct ipclocker *lock, const struct answer *answer)
{
    struct dequeue *dequeue = lock->call.argument;

    if (answer->kind == ANSWER_STATUS && answer->error != NULL)
        return client_engine_refused(lock, answer);
    if (answer->kind == ANSWER_ENDED)
        dequeue->ended = (int)answer->number;
    return client_engine_version(lock, answer, dequeue->ended >= 0, "whose waits stay");
}

static const struct client_operation dequeue_operation = {
    .write = write_dequeue,
    .take = take_dequeue_answer,
};

int ipclocker_dequeue(struct ipclocker *lock, const char *owner)
{
    struct dequeue dequeue = {.owner = owner, .ended = -1};

    if (client_parameters_check_text(lock, owner, "owner") != 0 ||
        client_engine_run(lock, &dequeue_operation, &dequeue, -1) != 0)
        return -1;
    return dequeue.ended;
}
