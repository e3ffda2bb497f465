/* The thread that reads the history.
 * Must not write to the file, nor keep it open between questions: it may be written anew. */
#include "history_reader.h"

#include <errno.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/thread.h"
#include "history_scan.h"

enum {
    LONGEST_US = 200000, /* at one question: the rest is for the next one, and others have a turn */
    ROWS_A_LOOK = 256,
    BUSY_MS = 1000,
    END_S = 1,
};

struct store_history_reader {
    store_history_done_fn *done;
    void *context;
    pthread_t thread;
    bool has_thread;
    pthread_mutex_t mutex; /* over all below */
    pthread_cond_t wake;
    struct store_query_queue asked, behind; /* the second: of those that come last */
    unsigned taken;
    bool closing, abandoned;
    char path[];
};

struct store_history_reader *store_history_reader_create(const char *path,
                                                         store_history_done_fn *done, void *context)
{
    size_t size = strlen(path) + 1;
    struct store_history_reader *self = calloc(1, sizeof *self + size);

    if (self == NULL)
        return NULL;
    self->done = done;
    self->context = context;
    memcpy(self->path, path, size);
    STAILQ_INIT(&self->asked);
    STAILQ_INIT(&self->behind);
    pthread_mutex_init(&self->mutex, NULL);
    pthread_cond_init(&self->wake, NULL);
    return self;
}

/* Takes a row, if it is meant. */
static bool take_row(struct store_query *query, struct history_scan *scan)
{
    struct store_history entry;

    query->next = (uint64_t)history_scan_id(scan);
    if (!history_scan_is_meant(scan))
        return false;
    history_scan_load(scan, &entry);
    if (entry.lock != NULL && entry.owner != NULL)
        query->on_entry(query, &entry);
    return true;
}

/* Returns whether it could be read. */
static bool read_rows(struct store_query *query, struct history_scan *scan)
{
    const int64_t until_us = clock_now_us() + LONGEST_US;
    size_t taken = 0;
    int result;

    for (size_t seen = 1; (result = history_scan_step(scan)) == SQLITE_ROW; seen++) {
        taken += take_row(query, scan);
        if (taken == query->limit || query->is_forgotten ||
            (seen % ROWS_A_LOOK == 0 && clock_now_us() >= until_us))
            return true;
    }
    query->next = 0;
    return result == SQLITE_DONE;
}

static bool answer(const struct store_history_reader *self, struct store_query *query)
{
    struct history_scan scan = {.since_ms = query->since_ms, .until_ms = query->until_ms};
    sqlite3 *db = NULL;
    bool is_read = false;

    if (sqlite3_open_v2(self->path, &db,
                        SQLITE_OPEN_READONLY | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_NOMUTEX,
                        NULL) == SQLITE_OK) {
        sqlite3_busy_timeout(db, BUSY_MS);
        if (history_scan_open(&scan, db, (int64_t)query->after) == SQLITE_OK)
            is_read = read_rows(query, &scan);
    }
    history_scan_close(&scan);
    sqlite3_close(db);
    return is_read || query->text.len > 0;
}

static struct store_query *take_head(struct store_query_queue *queue)
{
    struct store_query *query = STAILQ_FIRST(queue);

    if (query != NULL)
        STAILQ_REMOVE_HEAD(queue, queue);
    return query;
}

/* The next one, or NULL.  Who comes last has his turn at times, as he may still be there. */
static struct store_query *take_query(struct store_history_reader *self)
{
    enum { ONE_OF = 8 };
    struct store_query *query;

    if (++self->taken % ONE_OF == 0 && (query = take_head(&self->behind)) != NULL)
        return query;
    while ((query = take_head(&self->asked)) != NULL) {
        if (!query->comes_last)
            return query;
        STAILQ_INSERT_TAIL(&self->behind, query, queue);
    }
    return take_head(&self->behind);
}

static void destroy(struct store_history_reader *self)
{
    struct store_query *query;

    while ((query = take_query(self)) != NULL)
        store_query_destroy(query);
    pthread_cond_destroy(&self->wake);
    pthread_mutex_destroy(&self->mutex);
    free(self);
}

/* Is called with the mutex, and returns with it. */
static void take_turn(struct store_history_reader *self, struct store_query *query)
{
    bool is_answered;

    pthread_mutex_unlock(&self->mutex);
    is_answered = query->is_forgotten || answer(self, query);
    pthread_mutex_lock(&self->mutex);
    if (self->abandoned)
        store_query_destroy(query);
    else
        self->done(self->context, query, is_answered);
}

static void *serve(void *context)
{
    struct store_history_reader *self = context;
    struct store_query *query;
    bool abandoned;

    pthread_mutex_lock(&self->mutex);
    while (!self->closing) {
        query = take_query(self);
        if (query != NULL)
            take_turn(self, query);
        else
            pthread_cond_wait(&self->wake, &self->mutex);
    }
    abandoned = self->abandoned;
    pthread_mutex_unlock(&self->mutex);
    if (abandoned)
        destroy(self);
    return NULL;
}

static bool start_thread(struct store_history_reader *self)
{
    if (!self->has_thread)
        self->has_thread = thread_start(&self->thread, 0, serve, self) == 0;
    return self->has_thread;
}

bool store_history_reader_ask(struct store_history_reader *self, struct store_query *query)
{
    if (!start_thread(self))
        return false;
    pthread_mutex_lock(&self->mutex);
    STAILQ_INSERT_TAIL(&self->asked, query, queue);
    pthread_cond_signal(&self->wake);
    pthread_mutex_unlock(&self->mutex);
    return true;
}

void store_history_reader_destroy(struct store_history_reader *self)
{
    struct timespec until;
    bool has_ended;

    if (self == NULL)
        return;
    pthread_mutex_lock(&self->mutex);
    self->closing = true;
    pthread_cond_signal(&self->wake);
    pthread_mutex_unlock(&self->mutex);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += END_S;
    has_ended = !self->has_thread || pthread_timedjoin_np(self->thread, NULL, &until) == 0;
    if (has_ended) {
        destroy(self);
        return;
    }
    pthread_detach(self->thread);
    pthread_mutex_lock(&self->mutex);
    self->abandoned = true;
    pthread_mutex_unlock(&self->mutex);
}
