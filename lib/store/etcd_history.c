/* The history of a state in etcd, in a file here.
 * Must not ask etcd. */
#include "etcd_history.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "error.h"
#include "etcd_value.h"
#include "sqlite.h"

struct etcd_history {
    struct store *file;
    uint64_t last;
    uint64_t hole_first, hole_last; /* 0: none */
};

static const char copied[] = "outbox ";

static int refuse_request(void *context, const struct lock_record *record)
{
    (void)context;
    (void)record;
    errno = EINVAL;
    return -1;
}

static int load(struct etcd_history *self, const char *path, char error[STORE_ERROR_SIZE])
{
    struct store_loader loader = {.on_request = refuse_request};

    if (store_load(self->file, &loader, error) != 0)
        return errno == EUCLEAN ? store_error_set(error, EUCLEAN,
                                                  "the history file %s has locks in it, or is "
                                                  "damaged: name another",
                                                  path)
                                : -1;
    if (strncmp(loader.host, copied, strlen(copied)) == 0)
        return number_parse(loader.host + strlen(copied), INT64_MAX, &self->last);
    return 0;
}

struct etcd_history *etcd_history_open(const struct store_options *options,
                                       char error[STORE_ERROR_SIZE])
{
    struct etcd_history *self = calloc(1, sizeof *self);

    if (self == NULL) {
        store_error_set(error, ENOMEM, "out of memory");
        return NULL;
    }
    self->file = store_sqlite_open(options, error);
    if (self->file != NULL && load(self, options->path, error) == 0)
        return self;
    etcd_history_close(self);
    return NULL;
}

void etcd_history_close(struct etcd_history *self)
{
    if (self == NULL)
        return;
    store_close(self->file);
    free(self);
}

/* An empty line stands behind each entry. */
void etcd_history_add(struct etcd_txn *txn, const struct store_batch *batch, struct buffer *scratch)
{
    const struct store_op *op;

    STAILQ_FOREACH(op, &batch->ops, next)
    {
        if (op->kind != STORE_OP_HISTORY)
            continue;
        etcd_value_write_history(&op->history, scratch);
        buffer_add_text(scratch, "\n");
        etcd_txn_add_history(txn, scratch->data, scratch->len);
    }
}

static void add_entries(struct store_batch *batch, char *text)
{
    while (*text != '\0') {
        char *end = strstr(text, "\n\n");
        struct store_history entry;
        const char *fault;

        if (end != NULL)
            *end = '\0';
        if (etcd_value_read_history(text, &entry, &fault) == 0)
            store_batch_history(batch, &entry);
        if (end == NULL)
            break;
        text = end + 2;
    }
}

int etcd_history_take(struct etcd_history *self, uint64_t number, const void *bytes, size_t len)
{
    struct store_batch *batch = number > self->last ? store_batch_create() : NULL;
    char *text = batch != NULL ? malloc(len + 1) : NULL;
    char host[sizeof copied + 24];

    if (number <= self->last)
        return 0;
    if (text == NULL) {
        store_batch_destroy(batch);
        errno = ENOMEM;
        return -1;
    }
    memcpy(text, bytes, len);
    text[len] = '\0';
    add_entries(batch, text);
    free(text);
    snprintf(host, sizeof host, "%s%" PRIu64, copied, number);
    store_batch_host(batch, host);
    store_commit(self->file, batch);
    if (self->last > 0 && number > self->last + 1) {
        self->hole_first = self->last + 1;
        self->hole_last = number - 1;
    }
    self->last = number;
    return 0;
}

uint64_t etcd_history_last(const struct etcd_history *self)
{
    return self->last;
}

bool etcd_history_hole(struct etcd_history *self, uint64_t *first, uint64_t *last)
{
    bool is_there = self->hole_last > 0;

    *first = self->hole_first;
    *last = self->hole_last;
    self->hole_first = self->hole_last = 0;
    return is_there;
}

struct store *etcd_history_file(struct etcd_history *self)
{
    return self->file;
}
