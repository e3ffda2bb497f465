/* The list of locks, as rows and as JSON.
 * Must not believe that the list is short. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "engine.h"
#include "error.h"
#include "list/classic.h"
#include "request.h"

struct rows {
    struct ipclocker_list_entry *rows;
    size_t count;
};

static int write_list(struct ipclocker *lock)
{
    client_request_command(lock, "LOCK_LIST");
    return 0;
}

/* Copies names and owners into one piece of memory: the rows, and behind them their strings. */
static struct ipclocker_list_entry *make_rows(const struct answer *answer)
{
    size_t count = answer->name_count / 2, string_bytes = 0;
    struct ipclocker_list_entry *rows;
    char *next;

    for (size_t i = 0; i < 2 * count; i++)
        string_bytes += strlen(answer->names[i]) + 1;
    rows = malloc(count * sizeof *rows + string_bytes + 1);
    if (rows == NULL)
        return NULL;
    next = (char *)(rows + count);
    for (size_t i = 0; i < 2 * count; i++) {
        size_t size = strlen(answer->names[i]) + 1;

        memcpy(next, answer->names[i], size);
        if (i % 2 == 0)
            rows[i / 2].name = next;
        else
            rows[i / 2].owner = next;
        next += size;
    }
    return rows;
}

static int take_list_answer(struct ipclocker *lock, const struct answer *answer)
{
    struct rows *list = lock->call.argument;

    if (answer->kind == ANSWER_STATUS && answer->error != NULL)
        return client_engine_refused(lock, answer);
    if (answer->kind != ANSWER_LIST)
        return 0;
    list->rows = make_rows(answer);
    list->count = answer->name_count / 2;
    return list->rows != NULL ? 1 : client_error_set(lock, ENOMEM, "out of memory");
}

static const struct client_operation list_operation = {
    .takes_list = true,
    .write = write_list,
    .take = take_list_answer,
};

struct ipclocker_list_entry *ipclocker_lock_list(struct ipclocker *lock, size_t *count)
{
    struct rows list;

    if (client_engine_run(lock, &list_operation, &list, -1) != 0)
        return NULL;
    *count = list.count;
    return list.rows;
}

static int write_json_list(struct ipclocker *lock)
{
    bool classic = lock->connection.dialect == DIALECT_CLASSIC;

    client_request_command(lock, classic ? "LOCK_LIST" : "LIST_JSON");
    return 0;
}

static char *make_json(const struct ipclocker *lock, const struct answer *answer)
{
    return list_classic_json(lock->server.version, (int64_t)lock->server.started, answer->names,
                             answer->name_count, clock_wall_ms());
}

static int take_json_answer(struct ipclocker *lock, const struct answer *answer)
{
    char **text = lock->call.argument;

    if (answer->kind == ANSWER_STATUS && answer->error != NULL)
        return client_engine_refused(lock, answer);
    if (answer->kind != ANSWER_JSON && answer->kind != ANSWER_LIST)
        return 0;
    *text = answer->kind == ANSWER_JSON ? text_clean_json(answer->text) : make_json(lock, answer);
    return *text != NULL ? 1 : client_error_set(lock, ENOMEM, "out of memory");
}

static const struct client_operation json_operation = {
    .is_ours = true,
    .takes_list = true,
    .write = write_json_list,
    .take = take_json_answer,
};

char *ipclocker_lock_list_json(struct ipclocker *lock)
{
    char *text;

    return client_engine_run(lock, &json_operation, &text, -1) == 0 ? text : NULL;
}

static int write_replication(struct ipclocker *lock)
{
    if (lock->connection.dialect == DIALECT_CLASSIC)
        return client_error_set(lock, ENOTSUP, "the server is a classic one, which stands alone");
    free(*(char **)lock->call.argument);
    *(char **)lock->call.argument = NULL;
    client_request_command(lock, "REPLICATION");
    client_request_command(lock, "VERSION");
    return 0;
}

static int take_replication(struct ipclocker *lock, const struct answer *answer)
{
    char **text = lock->call.argument;

    if (answer->kind == ANSWER_JSON) {
        *text = text_clean_json(answer->text);
        return *text != NULL ? 0 : client_error_set(lock, ENOMEM, "out of memory");
    }
    return client_engine_version(lock, answer, *text != NULL, "whose state is its own");
}

static const struct client_operation replication_operation = {
    .is_ours = true,
    .write = write_replication,
    .take = take_replication,
};

char *ipclocker_replication_json(struct ipclocker *lock)
{
    char *text = NULL;

    if (client_engine_run(lock, &replication_operation, &text, -1) == 0)
        return text;
    free(text);
    return NULL;
}

static int write_pools(struct ipclocker *lock)
{
    if (lock->connection.dialect == DIALECT_CLASSIC)
        return client_error_set(lock, ENOTSUP, "the server is a classic one, which knows no pools");
    client_request_command(lock, "LIST_JSON pools");
    return 0;
}

/* An earlier server answers with its locks. */
static int take_pools(struct ipclocker *lock, const struct answer *answer)
{
    char **text = lock->call.argument;
    int result = take_json_answer(lock, answer);

    if (result != 1 || *text == NULL || strstr(*text, "\n\"pools\":[") != NULL)
        return result;
    free(*text);
    return client_error_set(lock, ENOTSUP, "the server is an earlier one, without pools");
}

static const struct client_operation pools_operation = {
    .is_ours = true,
    .takes_list = true,
    .write = write_pools,
    .take = take_pools,
};

char *ipclocker_pools_json(struct ipclocker *lock)
{
    char *text;

    return client_engine_run(lock, &pools_operation, &text, -1) == 0 ? text : NULL;
}
