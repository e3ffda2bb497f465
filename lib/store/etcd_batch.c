/* Batches as changes of keys in etcd, and rows from there as what a lock table had.
 * Must not know when they are sent, or who leads. */
#include "etcd_batch.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "etcd_value.h"
#include "load.h"

enum { KEY_SIZE = 600 };

static const char clock_key[] = "k/clock";

void etcd_batch_machine(char *machine, size_t size, const char *host)
{
    const char *word = host;
    size_t len = strcspn(word, " ");

    /* Without an id of the machine its name. */
    if (len == 1 && word[0] == '-' && word[len] == ' ') {
        word += len + 1;
        len = strcspn(word, " ");
    }
    snprintf(machine, size, "%.*s", (int)len, word);
}

static void machine_key(char key[KEY_SIZE], const char *host)
{
    char machine[KEY_SIZE / 2];

    etcd_batch_machine(machine, sizeof machine, host);
    snprintf(key, KEY_SIZE, "o/%s", machine);
}

static void add_op(struct etcd_txn *txn, const struct store_op *op, struct buffer *scratch)
{
    char key[KEY_SIZE];
    bool removes = false;

    switch (op->kind) {
    case STORE_OP_PUT:
        snprintf(key, sizeof key, "r/%016" PRIx64, op->request.ticket);
        etcd_value_write_request(&op->request, scratch);
        break;
    case STORE_OP_DROP:
        snprintf(key, sizeof key, "r/%016" PRIx64, op->ticket);
        removes = true;
        break;
    case STORE_OP_HOST:
        machine_key(key, op->host);
        etcd_value_write_host(op->host, scratch);
        break;
    case STORE_OP_CLOCK:
        snprintf(key, sizeof key, "%s", clock_key);
        etcd_value_write_clock(&op->clock, scratch);
        break;
    case STORE_OP_UNUSABLE:
        snprintf(key, sizeof key, "u/%d/%s", (int)op->unusable.kind, op->unusable.name);
        etcd_value_write_unusable(&op->unusable, scratch);
        removes = op->unusable.seats == 0;
        break;
    case STORE_OP_PROBE:   /* each transaction writes the sequence key */
    case STORE_OP_HISTORY: /* see etcd_history.h */
        return;
    }
    if (removes)
        etcd_txn_remove(txn, key);
    else
        etcd_txn_put(txn, key, scratch->data, scratch->len);
}

void etcd_batch_add(struct etcd_txn *txn, const struct store_batch *batch, struct buffer *scratch)
{
    const struct store_op *op;

    STAILQ_FOREACH(op, &batch->ops, next)
    {
        add_op(txn, op, scratch);
    }
}

/* rows */

int etcd_rows_add(struct etcd_rows *rows, const struct etcd_row *row)
{
    size_t size = rows->size > 0 ? rows->size * 2 : 64;
    struct etcd_kept_row *item;

    if (rows->count == rows->size) {
        struct etcd_kept_row *grown = reallocarray(rows->items, size, sizeof *grown);

        if (grown == NULL)
            return -1;
        rows->items = grown;
        rows->size = size;
    }
    item = &rows->items[rows->count];
    item->key = malloc(row->key.len + row->value.len + 2);
    if (item->key == NULL)
        return -1;
    memcpy(item->key, row->key.data, row->key.len);
    item->key[row->key.len] = '\0';
    item->value = item->key + row->key.len + 1;
    if (row->value.len > 0)
        memcpy(item->value, row->value.data, row->value.len);
    item->value[row->value.len] = '\0';
    rows->count++;
    return 0;
}

void etcd_rows_forget(struct etcd_rows *rows)
{
    for (size_t i = 0; i < rows->count; i++)
        free(rows->items[i].key);
    free(rows->items);
    *rows = (struct etcd_rows){0};
}

static int refuse(char error[STORE_ERROR_SIZE], const char *key, const char *fault)
{
    if (errno == ENOTSUP)
        return store_error_set(error, ENOTSUP,
                               "a later version has written %.80s in etcd: install that here", key);
    if (errno == ENOMEM)
        return store_error_set(error, ENOMEM, "out of memory");
    return store_error_set(error, EUCLEAN, "the %s of %.80s in etcd cannot have been so", fault,
                           key);
}

static int tell_request(const struct store_request *request, const struct store_loader *loader)
{
    struct lock_record record = {
        .ask = {.owner = request->owner,
                .asker = request->asker,
                .host = request->host,
                .boot = request->boot,
                .job = request->job,
                .pid = request->pid,
                .start = request->start,
                .pid_namespace = request->pid_namespace,
                .is_found = request->is_found,
                .autounlock = request->autounlock,
                .user = request->login,
                .project = request->project,
                .priority = request->priority,
                .lost_after_s = request->lost_after_s,
                .wait = true,
                .until_boot = request->keep.until_boot,
                .keep_ms = request->keep.keep_ms,
                .hold_ms = request->hold_ms},
        .ticket = request->ticket,
        .token = request->token,
        .asked_ms = request->asked_ms,
        .granted_ms = request->granted_ms,
        .deadline_ms = request->deadline_ms,
        .keep_until_ms = request->keep.until_ms > 0 ? request->keep.until_ms : 0,
        .away = request->away,
    };

    return store_load_tell(loader, &record, request->demand);
}

static bool is_request(const struct etcd_kept_row *row)
{
    return strncmp(row->key, "r/", 2) == 0;
}

/* Reads all requests; the values point into the rows. */
static struct store_request *read_requests(const struct etcd_rows *rows, size_t *count,
                                           char error[STORE_ERROR_SIZE])
{
    struct store_request *requests = calloc(rows->count + 1, sizeof *requests);
    const char *fault = NULL;

    *count = 0;
    if (requests == NULL) {
        store_error_set(error, ENOMEM, "out of memory");
        return NULL;
    }
    for (size_t i = 0; i < rows->count; i++) {
        if (!is_request(&rows->items[i]))
            continue;
        if (etcd_value_read_request(rows->items[i].value, &requests[*count], &fault) != 0) {
            refuse(error, rows->items[i].key, fault);
            free(requests);
            return NULL;
        }
        ++*count;
    }
    return requests;
}

/* Those that hold locks first; the keys have them by ticket. */
static int tell_requests(const struct etcd_rows *rows, const struct store_loader *loader,
                         char error[STORE_ERROR_SIZE])
{
    char key[KEY_SIZE];
    size_t count;
    struct store_request *requests = read_requests(rows, &count, error);
    int result = requests != NULL ? 0 : -1;

    for (int waits = 0; waits < 2; waits++) {
        for (size_t i = 0; i < count && result == 0; i++) {
            if ((requests[i].token == 0) != waits || tell_request(&requests[i], loader) == 0)
                continue;
            snprintf(key, sizeof key, "r/%016" PRIx64, requests[i].ticket);
            result = refuse(error, key, "demand");
        }
    }
    free(requests);
    return result;
}

static struct etcd_kept_row *find(const struct etcd_rows *rows, const char *key)
{
    for (size_t i = 0; i < rows->count; i++) {
        if (strcmp(rows->items[i].key, key) == 0)
            return &rows->items[i];
    }
    return NULL;
}

static int tell_clock(const struct etcd_rows *rows, int64_t now_ms,
                      const struct store_loader *loader, char error[STORE_ERROR_SIZE])
{
    struct etcd_kept_row *row = find(rows, clock_key);
    struct store_clock clock = {0};
    const char *fault;

    if (row != NULL && etcd_value_read_clock(row->value, &clock, &fault) != 0)
        return refuse(error, row->key, fault);
    if (clock.seen_ms < now_ms)
        clock.seen_ms = now_ms;
    clock.never_back = true;
    if (loader->on_clock != NULL)
        loader->on_clock(loader->context, &clock);
    return 0;
}

static int read_host(const struct etcd_rows *rows, const char *now, struct store_loader *loader,
                     char error[STORE_ERROR_SIZE])
{
    char key[KEY_SIZE];
    const char *host = "", *fault;
    struct etcd_kept_row *row;

    machine_key(key, now);
    row = find(rows, key);
    if (row != NULL && etcd_value_read_host(row->value, &host, &fault) != 0)
        return refuse(error, row->key, fault);
    snprintf(loader->host, sizeof loader->host, "%s", host);
    return 0;
}

static int tell_unusable(const struct etcd_rows *rows, const struct store_loader *loader,
                         char error[STORE_ERROR_SIZE])
{
    for (size_t i = 0; i < rows->count; i++) {
        struct etcd_kept_row *row = &rows->items[i];
        struct store_unusable unusable;
        const char *fault;

        if (strncmp(row->key, "u/", 2) != 0 || loader->on_unusable == NULL)
            continue;
        if (etcd_value_read_unusable(row->value, &unusable, &fault) != 0)
            return refuse(error, row->key, fault);
        if (loader->on_unusable(loader->context, &unusable) != 0)
            return store_error_set(error, ENOMEM, "out of memory");
    }
    return 0;
}

int etcd_rows_tell(struct etcd_rows *rows, const struct etcd_rows_said *said,
                   struct store_loader *loader, char error[STORE_ERROR_SIZE])
{
    loader->next_ticket = said->next_ticket > 0 ? said->next_ticket : 1;
    loader->next_token = said->next_token > 0 ? said->next_token : 1;
    if (tell_clock(rows, said->now_ms, loader, error) != 0 ||
        read_host(rows, said->host, loader, error) != 0 || tell_unusable(rows, loader, error) != 0)
        return -1;
    return tell_requests(rows, loader, error);
}
