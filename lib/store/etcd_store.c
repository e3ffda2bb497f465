/* The store that servers share in etcd: what its caller does while a thread asks etcd.
 * Must not let its caller wait for etcd, but for a while in closing. */
#include "etcd_store.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/descriptor.h"
#include "base/error_text.h"
#include "base/thread.h"
#include "error.h"
#include "etcd_engine.h"
#include "etcd_open.h"
#include "etcd_say.h"
#include "file.h"

enum { CLOSE_MS = 3000 }; /* for the last batch, and to resign */

static struct etcd_engine *engine_of(const struct store *store)
{
    return (struct etcd_engine *)(void *)(uintptr_t)store;
}

static void show_life(struct etcd_engine *self)
{
    atomic_store(&self->alive_ms, clock_ms(CLOCK_MONOTONIC));
}

static int load(struct store *store, struct store_loader *loader, char error[STORE_ERROR_SIZE])
{
    struct etcd_engine *self = engine_of(store);
    struct etcd_rows_said said = {.host = self->host};
    struct etcd_rows rows = {0};
    int result;

    pthread_mutex_lock(&self->mutex);
    if (!self->is_read) {
        self->wants_load |= self->leads && self->is_loaded;
        self->is_loaded = false;
        etcd_engine_forget_queue(self);
        pthread_cond_broadcast(&self->wake);
        pthread_mutex_unlock(&self->mutex);
        return store_error_set(error, EAGAIN, "the state is being read from etcd");
    }
    rows = self->rows;
    self->rows = (struct etcd_rows){0};
    self->is_read = false;
    said.next_ticket = self->next_ticket;
    said.next_token = self->next_token;
    said.now_ms = self->rows_now_ms;
    pthread_mutex_unlock(&self->mutex);
    result = etcd_rows_tell(&rows, &said, loader, error);
    etcd_rows_forget(&rows);
    show_life(self);
    pthread_mutex_lock(&self->mutex);
    self->is_loaded = result == 0 && self->leads && !self->is_deposed;
    self->wants_load = result != 0 && self->leads;
    self->failed &= result != 0;
    self->committed_bytes = 0;
    pthread_mutex_unlock(&self->mutex);
    return result;
}

static void commit(struct store *store, struct store_batch *batch)
{
    struct etcd_engine *self = engine_of(store);
    bool enough = true;

    show_life(self);
    pthread_mutex_lock(&self->mutex);
    if (self->is_loaded && !self->is_deposed && !self->wants_resign) {
        STAILQ_INSERT_TAIL(&self->queue, batch, next);
        self->gather.queued += batch->changes > 0 ? batch->changes : 1;
        enough = self->gather.queued >= self->gather.wanted;
        batch = NULL;
    }
    pthread_mutex_unlock(&self->mutex);
    store_batch_destroy(batch);
    if (enough)
        pthread_cond_broadcast(&self->wake);
}

static bool keeps_history(const struct store *store)
{
    return engine_of(store)->history != NULL;
}

static void ask(struct store *store, struct store_query *query)
{
    store_ask(etcd_history_file(engine_of(store)->history), query);
}

static struct store_query *answer(struct store *store)
{
    struct etcd_engine *self = engine_of(store);

    return self->history != NULL ? store_answer(etcd_history_file(self->history)) : NULL;
}

static int news_fd(const struct store *store)
{
    return engine_of(store)->all_fd;
}

/* Takes note of what the history's file has to say; that it cannot be written only ends that. */
static void look_at_history(struct etcd_engine *self)
{
    struct store_progress progress;

    store_progress(etcd_history_file(self->history), &progress);
    if (!progress.failed || self->history_has_failed)
        return;
    self->history_has_failed = true;
    pthread_mutex_lock(&self->mutex);
    etcd_say_beside(self, true,
                    "the history cannot be written any more, until lockerd is started anew: %s",
                    progress.error);
    pthread_mutex_unlock(&self->mutex);
}

static void progress(struct store *store, struct store_progress *out)
{
    struct etcd_engine *self = engine_of(store);
    uint64_t count;

    show_life(self);
    if (read(self->news_fd, &count, sizeof count) < 0)
        count = 0;
    if (self->history != NULL)
        look_at_history(self);
    pthread_mutex_lock(&self->mutex);
    out->committed = self->committed;
    out->committed_bytes = self->committed_bytes;
    out->written_anew = false;
    out->failed = self->failed;
    if (self->is_deposed)
        out->role = STORE_DEPOSED;
    else
        out->role =
            self->leads && (self->is_read || self->is_loaded || self->failed || self->wants_load)
                ? STORE_LEADS
                : STORE_STANDS_BY;
    /* It may lead again already: who is told of the one has to be told of the other. */
    if (self->is_deposed && self->leads)
        etcd_say_news(self);
    self->is_deposed = false;
    memcpy(self->told_cluster, self->cluster, sizeof self->told_cluster);
    if (self->failed)
        memcpy(out->error, self->error, sizeof out->error);
    pthread_mutex_unlock(&self->mutex);
}

static int64_t confirmed_ms(const struct store *store)
{
    show_life(engine_of(store));
    return etcd_replica_confirmed_ms(engine_of(store)->replica);
}

static int64_t takeover_ms(const struct store *store)
{
    return engine_of(store)->takeover_ms;
}

static int64_t mute_after_ms(const struct store *store)
{
    return etcd_mute_after_ms(engine_of(store)->takeover_ms);
}

static const char *cluster(const struct store *store)
{
    return engine_of(store)->told_cluster;
}

static void resign(struct store *store)
{
    struct etcd_engine *self = engine_of(store);

    pthread_mutex_lock(&self->mutex);
    self->wants_resign = self->leads;
    pthread_cond_broadcast(&self->wake);
    pthread_mutex_unlock(&self->mutex);
}

static bool standing(struct store *store, struct store_line *line)
{
    struct etcd_engine *self = engine_of(store);
    bool is_new;

    pthread_mutex_lock(&self->mutex);
    is_new = etcd_say_take(self, line);
    pthread_mutex_unlock(&self->mutex);
    return is_new;
}

static void outlook(const struct store *store, struct store_outlook *out)
{
    struct etcd_engine *self = engine_of(store);
    int64_t confirmed_ms = etcd_replica_confirmed_ms(self->replica);

    pthread_mutex_lock(&self->mutex);
    *out = self->outlook;
    pthread_mutex_unlock(&self->mutex);
    out->confirmed_ago_ms =
        confirmed_ms != INT64_MIN ? clock_ms(CLOCK_BOOTTIME) - confirmed_ms : -1;
    /* Where etcd cannot be asked, nothing tells that another one leads. */
    out->leads = out->leads && out->confirmed_ago_ms >= 0 &&
                 out->confirmed_ago_ms < etcd_mute_after_ms(self->takeover_ms);
}

/* Returns whether all was kept that was to be. */
static bool close_etcd(struct store *store)
{
    struct etcd_engine *self = engine_of(store);
    struct timespec until = thread_after_us(CLOSE_MS * INT64_C(1000));
    bool done;

    pthread_mutex_lock(&self->mutex);
    self->closing = true;
    pthread_cond_broadcast(&self->wake);
    while (!self->ended) {
        if (pthread_cond_timedwait(&self->wake, &self->mutex, &until) == ETIMEDOUT)
            break;
    }
    done = self->ended;
    self->leads = false; /* the thread ends with its next step */
    pthread_cond_broadcast(&self->wake);
    pthread_mutex_unlock(&self->mutex);
    if (!done)
        descriptor_notify(self->interrupt_fd);
    pthread_join(self->thread, NULL);
    etcd_engine_destroy(self);
    return done;
}

static const struct store_shared_engine shared = {
    .keeps_history = keeps_history,
    .confirmed_ms = confirmed_ms,
    .takeover_ms = takeover_ms,
    .mute_after_ms = mute_after_ms,
    .cluster = cluster,
    .resign = resign,
    .standing = standing,
    .outlook = outlook,
};

static const struct store_engine etcd_store_engine = {
    .keeps = true,
    .load = load,
    .commit = commit,
    .ask = ask,
    .answer = answer,
    .fd = news_fd,
    .progress = progress,
    .close = close_etcd,
    .shared = &shared,
};

/* opening */

static int64_t wall_ms(void *context)
{
    (void)context;
    return clock_wall_ms();
}

static int poll_too(const struct etcd_engine *self, int fd, char error[STORE_ERROR_SIZE])
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

    if (epoll_ctl(self->all_fd, EPOLL_CTL_ADD, fd, &event) == 0)
        return 0;
    return store_error_set(error, errno, "no descriptor can be polled: %s", error_text(errno));
}

static int open_history(struct etcd_engine *self, const struct store_options *options,
                        char error[STORE_ERROR_SIZE])
{
    struct store_options file = *options;

    if (options->etcd.history_file == NULL || options->history_ms == 0)
        return 0;
    file.path = options->etcd.history_file;
    file.must_exist = false;
    self->history = etcd_history_open(&file, error);
    if (self->history == NULL)
        return -1;
    return poll_too(self, store_fd(etcd_history_file(self->history)), error);
}

/* Where a history is kept, its file is locked already. */
static int lock_mark(struct etcd_engine *self, const char *history_file,
                     char error[STORE_ERROR_SIZE])
{
    if (store_file_prepare(history_file, false, error) != 0)
        return -1;
    self->mark_lock_fd = store_file_lock(history_file, error);
    return self->mark_lock_fd >= 0 ? 0 : -1;
}

/* What an earlier life has seen of etcd, in the same place. */
static int open_mark(struct etcd_engine *self, const struct store_etcd_options *etcd,
                     char error[STORE_ERROR_SIZE])
{
    if (etcd->history_file == NULL) {
        etcd_say_beside(self, false,
                        "without --history-file nothing is kept of what is seen of etcd: after a "
                        "restart an older state that was restored is not told apart");
        return 0;
    }
    if (self->history == NULL && lock_mark(self, etcd->history_file, error) != 0)
        return -1;
    self->marks = etcd_mark_keeper_open(etcd->history_file, self->prefix, etcd->accepts_older,
                                        &self->mark, error);
    return self->marks != NULL ? 0 : -1;
}

static int open_all(struct etcd_engine *self, const struct store_options *options,
                    char error[STORE_ERROR_SIZE])
{
    struct etcd_replica_options calls = {
        .on_row = etcd_engine_take_row,
        .on_history = etcd_engine_take_history,
        .wall_ms = wall_ms,
        .watches = true,
        .accepts = options->etcd.accepts_older,
        .context = self,
    };
    int result;

    if (self->news_fd < 0 || self->interrupt_fd < 0 || self->all_fd < 0)
        return store_error_set(error, errno, "no descriptor can be had: %s", error_text(errno));
    self->members = etcd_open_members(options, self->interrupt_fd, &self->prefix, error);
    if (self->members == NULL || poll_too(self, self->news_fd, error) != 0 ||
        open_history(self, options, error) != 0 || open_mark(self, &options->etcd, error) != 0)
        return -1;
    calls.mark = self->mark;
    self->replica = etcd_open_replica(&options->etcd, self->prefix, &calls);
    if (self->replica == NULL)
        return store_error_set(error, errno, "etcd: %s", error_text(errno));
    self->txn = etcd_txn_create(self->prefix);
    self->next = etcd_txn_create(self->prefix);
    if (self->txn == NULL || self->next == NULL)
        return store_error_set(error, ENOMEM, "out of memory");
    show_life(self);
    result = thread_start(&self->thread, 0, etcd_engine_run, self);
    if (result != 0)
        return store_error_set(error, result, "no thread can be started: %s", error_text(result));
    return 0;
}

static struct etcd_engine *create(const struct store_options *options)
{
    struct etcd_engine *self = calloc(1, sizeof *self);

    if (self == NULL)
        return NULL;
    self->store.engine = &etcd_store_engine;
    self->takeover_ms = options->etcd.takeover_ms;
    self->quota_bytes = options->etcd.quota_bytes;
    snprintf(self->host, sizeof self->host, "%s", options->etcd.host);
    STAILQ_INIT(&self->queue);
    STAILQ_INIT(&self->under_way);
    pthread_mutex_init(&self->mutex, NULL);
    thread_cond_init(&self->wake);
    self->mark_lock_fd = -1;
    self->news_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    self->all_fd = epoll_create1(EPOLL_CLOEXEC);
    self->interrupt_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return self;
}

struct store *store_etcd_open(const struct store_options *options, char error[STORE_ERROR_SIZE])
{
    struct etcd_engine *self = create(options);

    if (self == NULL) {
        store_error_set(error, ENOMEM, "out of memory");
        return NULL;
    }
    if (open_all(self, options, error) == 0)
        return &self->store;
    etcd_engine_destroy(self);
    return NULL;
}
