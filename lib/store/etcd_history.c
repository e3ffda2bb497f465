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
#include "protocol/past.h"
#include "sqlite.h"
#include "store/etcd/record.h"

struct etcd_history {
    struct store *file;
    int64_t history_ms;
    uint64_t last;
    char cluster[ETCD_ID_SIZE]; /* the farm's that it was copied of; "": not known */
    int64_t ended_ms;           /* when the last entry ended that was copied; 0: not known */
    uint64_t accepted;          /* that was met last, where it is known */
    bool knows_accepted;
    struct etcd_hole missing; /* to be noted before the next entry; `why` NULL: nothing */
    struct etcd_hole noted;   /* and not told yet; likewise */
};

static const char copied[] = "outbox ";

enum { COPIED_SIZE = sizeof copied + ETCD_ID_SIZE + 72 };

static int refuse_request(void *context, const struct lock_record *record)
{
    (void)context;
    (void)record;
    errno = EINVAL;
    return -1;
}

/* NUMBER [CLUSTER ENDED [ACCEPTED]]: earlier versions have noted less; later ones may add words. */
static int read_copied(struct etcd_history *self, char *text)
{
    const char *number = strsep(&text, " "), *cluster = strsep(&text, " ");
    const char *ended = strsep(&text, " "), *accepted = strsep(&text, " ");
    uint64_t ended_ms;

    if (number_parse(number, INT64_MAX, &self->last) != 0)
        return -1;
    if (cluster == NULL || strlen(cluster) >= sizeof self->cluster || ended == NULL ||
        number_parse(ended, INT64_MAX, &ended_ms) != 0)
        return 0;
    snprintf(self->cluster, sizeof self->cluster, "%s", cluster);
    self->ended_ms = (int64_t)ended_ms;
    self->knows_accepted =
        accepted != NULL && number_parse(accepted, INT64_MAX, &self->accepted) == 0;
    return 0;
}

static void note_copied(const struct etcd_history *self, struct store_batch *batch, uint64_t number)
{
    char host[COPIED_SIZE];
    int len = snprintf(host, sizeof host, "%s%" PRIu64, copied, number);

    if (self->cluster[0] != '\0')
        snprintf(host + len, sizeof host - (size_t)len, " %s %" PRId64 " %" PRIu64, self->cluster,
                 self->ended_ms, self->accepted);
    store_batch_host(batch, host);
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
    if (strncmp(loader.host, copied, strlen(copied)) != 0 ||
        read_copied(self, loader.host + strlen(copied)) == 0)
        return 0;
    return store_error_set(error, EUCLEAN, "the history file %s is damaged: name another", path);
}

struct etcd_history *etcd_history_open(const struct store_options *options,
                                       char error[STORE_ERROR_SIZE])
{
    struct etcd_history *self = calloc(1, sizeof *self);

    if (self == NULL) {
        store_error_set(error, ENOMEM, "out of memory");
        return NULL;
    }
    self->history_ms = options->history_ms;
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

/* Before the first entry behind the hole, whose end is where that ends. */
static void note_hole(struct etcd_history *self, struct store_batch *batch, int64_t to_ms)
{
    struct etcd_hole *hole = &self->missing;
    int64_t from_ms = self->ended_ms > 0 ? self->ended_ms : to_ms - self->history_ms;
    struct store_history entry = {.past = STORE_PAST_HOLE, .owner = "-"};

    hole->from_ms = from_ms > to_ms ? to_ms : from_ms > 0 ? from_ms : 0;
    hole->to_ms = to_ms;
    entry.lock = hole->why;
    entry.token = hole->count;
    entry.asked_ms = hole->from_ms;
    entry.ended_ms = hole->to_ms;
    store_batch_history(batch, &entry);
    self->noted = *hole;
    *hole = (struct etcd_hole){0};
}

static void add_entry(struct etcd_history *self, struct store_batch *batch,
                      const struct store_history *entry)
{
    if (self->missing.why != NULL)
        note_hole(self, batch, entry->ended_ms);
    store_batch_history(batch, entry);
    if (self->ended_ms < entry->ended_ms)
        self->ended_ms = entry->ended_ms;
}

static void add_entries(struct etcd_history *self, struct store_batch *batch, char *text)
{
    while (*text != '\0') {
        char *end = strstr(text, "\n\n");
        struct store_history entry;
        const char *fault;

        if (end != NULL)
            *end = '\0';
        if (etcd_value_read_history(text, &entry, &fault) == 0)
            add_entry(self, batch, &entry);
        if (end == NULL)
            break;
        text = end + 2;
    }
}

void etcd_history_meet(struct etcd_history *self, const char *cluster, uint64_t accepted,
                       uint64_t number)
{
    bool is_other = self->cluster[0] != '\0' && strcmp(self->cluster, cluster) != 0;
    bool is_accepted = self->knows_accepted && self->last > 0 && accepted > self->accepted;

    if (is_other || number < self->last) {
        /* Without an id to go by, an old file's copy may be of another farm as well. */
        bool is_new = is_other || self->cluster[0] == '\0';

        self->missing = (struct etcd_hole){.why = is_new ? PAST_HOLE_NEW_ETCD : PAST_HOLE_EARLIER};
        self->last = is_new ? 0 : number;
    } else if (is_accepted) {
        self->missing = (struct etcd_hole){.why = PAST_HOLE_EARLIER};
    }
    snprintf(self->cluster, sizeof self->cluster, "%s", cluster);
    /* A lockerd of an earlier version that leads does not know of it. */
    if (!self->knows_accepted || self->accepted < accepted || is_other)
        self->accepted = accepted;
    self->knows_accepted = true;
}

/* Who begins has missed nothing. */
static void find_hole(struct etcd_history *self, uint64_t number)
{
    if (self->last == 0 || number == self->last + 1)
        return;
    if (self->missing.why == NULL)
        self->missing.why = PAST_HOLE_AWAY;
    if (strcmp(self->missing.why, PAST_HOLE_AWAY) == 0)
        self->missing.count += number - self->last - 1;
}

int etcd_history_take(struct etcd_history *self, uint64_t number, const void *bytes, size_t len)
{
    struct store_batch *batch = number > self->last ? store_batch_create() : NULL;
    char *text = batch != NULL ? malloc(len + 1) : NULL;

    if (number <= self->last)
        return 0;
    if (text == NULL) {
        store_batch_destroy(batch);
        errno = ENOMEM;
        return -1;
    }
    memcpy(text, bytes, len);
    text[len] = '\0';
    find_hole(self, number);
    add_entries(self, batch, text);
    free(text);
    note_copied(self, batch, number);
    store_commit(self->file, batch);
    self->last = number;
    return 0;
}

uint64_t etcd_history_last(const struct etcd_history *self)
{
    return self->last;
}

bool etcd_history_hole(struct etcd_history *self, struct etcd_hole *hole)
{
    *hole = self->noted;
    self->noted = (struct etcd_hole){0};
    return hole->why != NULL;
}

struct store *etcd_history_file(struct etcd_history *self)
{
    return self->file;
}
