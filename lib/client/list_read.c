/* The list of locks, waiters and pools as structs.
 * Must not keep the text of a list beside the structs that were made of it. */
#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "engine.h"
#include "error.h"
#include "list/classic.h"
#include "list/rows.h"
#include "request.h"

static int write_list(struct ipclocker *lock)
{
    bool classic = lock->connection.dialect == DIALECT_CLASSIC;

    client_request_command(lock, classic ? "LOCK_LIST" : "LIST_JSON");
    return 0;
}

static struct ipclocker_list *make_list_of_classic(const struct ipclocker *lock,
                                                   const struct answer *answer)
{
    char *text = list_classic_json(lock->server.version, (int64_t)lock->server.started,
                                   answer->names, answer->name_count, clock_wall_ms());
    struct ipclocker_list *list = text != NULL ? list_rows_create(text) : NULL;

    free(text);
    return list;
}

static int complain(struct ipclocker *lock)
{
    if (errno == ENOMEM)
        return client_error_set(lock, ENOMEM, "out of memory");
    if (errno == E2BIG)
        return client_error_set(lock, E2BIG, "the server's list is longer than any that is honest");
    return client_error_set(lock, EPROTO,
                            "the server's list is not in the form that is known here");
}

static int take_list(struct ipclocker *lock, const struct answer *answer)
{
    struct ipclocker_list **list = lock->call.argument;

    if (answer->kind == ANSWER_STATUS && answer->error != NULL)
        return client_engine_refused(lock, answer);
    if (answer->kind != ANSWER_JSON && answer->kind != ANSWER_LIST)
        return 0;
    *list = answer->kind == ANSWER_JSON ? list_rows_create(answer->text)
                                        : make_list_of_classic(lock, answer);
    return *list != NULL ? 1 : complain(lock);
}

static const struct client_operation read_operation = {
    .is_ours = true,
    .takes_list = true,
    .write = write_list,
    .take = take_list,
};

struct ipclocker_list *ipclocker_list_read(struct ipclocker *lock)
{
    struct ipclocker_list *list;

    return client_engine_run(lock, &read_operation, &list, -1) == 0 ? list : NULL;
}
