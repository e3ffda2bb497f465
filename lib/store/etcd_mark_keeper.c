/* The thread that keeps what was seen of etcd in a file.
 * Must not hold the mutex while it writes. */
#include "etcd_mark_keeper.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error_text.h"
#include "base/thread.h"
#include "error.h"
#include "etcd_mark_file.h"

enum {
    SOON_MS = 1000,
    LATE_MS = 10000, /* for what only heartbeats change */
    HANGS_MS = 10000,
    CLOSE_MS = 2000,
};

struct etcd_mark_keeper {
    char path[PATH_MAX], prefix[ETCD_MARK_PREFIX_SIZE];
    struct etcd_marks marks; /* the thread's, when there is one */

    pthread_t thread;
    pthread_mutex_t mutex; /* over all below */
    pthread_cond_t wake, has_ended;
    struct etcd_mark seen, kept;
    int64_t not_before_ms;
    int64_t since_ms; /* it writes; 0: it does not */
    char error[STORE_ERROR_SIZE];
    bool failed, told_failed, told_hangs;
    bool closing, ended, is_left;
};

static void destroy(struct etcd_mark_keeper *self)
{
    pthread_cond_destroy(&self->wake);
    pthread_cond_destroy(&self->has_ended);
    pthread_mutex_destroy(&self->mutex);
    free(self);
}

/* when */

/* More than what heartbeats change. */
static bool is_urgent(const struct etcd_mark_keeper *self)
{
    return self->seen.next_token != self->kept.next_token ||
           self->seen.cluster_id != self->kept.cluster_id ||
           self->seen.accepted != self->kept.accepted;
}

static bool is_new(const struct etcd_mark_keeper *self)
{
    return self->seen.revision != self->kept.revision || is_urgent(self);
}

/* How long it may wait behind the last time. */
static int64_t pause_ms(const struct etcd_mark_keeper *self)
{
    return is_urgent(self) ? SOON_MS : LATE_MS;
}

/* Until it is due; INT64_MAX: nothing is.  An end waits for nothing. */
static int64_t wait_ms(const struct etcd_mark_keeper *self)
{
    int64_t left_ms;

    if (!is_new(self))
        return INT64_MAX;
    left_ms = self->not_before_ms + pause_ms(self) - clock_now_ms();
    return self->closing || left_ms < 0 ? 0 : left_ms;
}

/* the thread: all are called with the mutex, and return with it */

static void write_mark(struct etcd_mark_keeper *self)
{
    struct etcd_mark mark = self->seen;
    char error[STORE_ERROR_SIZE] = "";
    int result;

    self->since_ms = clock_now_ms();
    pthread_mutex_unlock(&self->mutex);
    etcd_marks_set(&self->marks, self->prefix, &mark);
    result = etcd_mark_file_write(self->path, &self->marks, error);
    pthread_mutex_lock(&self->mutex);
    self->since_ms = 0;
    self->not_before_ms = clock_now_ms();
    self->failed = result != 0;
    memcpy(self->error, error, sizeof error);
    if (result == 0)
        self->kept = mark;
}

static void wait_until_due(struct etcd_mark_keeper *self, int64_t ms)
{
    struct timespec until;

    if (ms == INT64_MAX) {
        pthread_cond_wait(&self->wake, &self->mutex);
        return;
    }
    until = thread_after_us(ms * 1000);
    pthread_cond_timedwait(&self->wake, &self->mutex, &until);
}

static void *run(void *context)
{
    struct etcd_mark_keeper *self = context;
    bool is_left;

    pthread_mutex_lock(&self->mutex);
    for (;;) {
        /* Of before it writes: what was noted meanwhile is to be written, too. */
        bool is_last = self->closing;
        int64_t ms = wait_ms(self);

        if (ms == 0)
            write_mark(self);
        if (is_last)
            break;
        if (ms != 0)
            wait_until_due(self, ms);
    }
    self->ended = true;
    is_left = self->is_left;
    pthread_cond_signal(&self->has_ended);
    pthread_mutex_unlock(&self->mutex);
    if (is_left)
        destroy(self);
    return NULL;
}

/* the caller's */

void etcd_mark_keeper_note(struct etcd_mark_keeper *self, const struct etcd_mark *mark)
{
    bool wakes;
    int64_t before_ms;

    pthread_mutex_lock(&self->mutex);
    before_ms = is_new(self) ? pause_ms(self) : INT64_MAX;
    self->seen = *mark;
    wakes = is_new(self) && pause_ms(self) < before_ms;
    pthread_mutex_unlock(&self->mutex);
    if (wakes)
        pthread_cond_signal(&self->wake);
}

static void say(struct store_line *line, bool is_trouble, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void say(struct store_line *line, bool is_trouble, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(line->text, sizeof line->text, format, arguments);
    va_end(arguments);
    line->is_trouble = is_trouble;
    line->is_beside = true;
}

/* One line for each time that it fails, or hangs, and one behind that. */
static bool take_news(struct etcd_mark_keeper *self, struct store_line *line)
{
    bool is_writing = self->since_ms != 0;

    if (is_writing && clock_now_ms() - self->since_ms >= HANGS_MS && !self->told_hangs) {
        self->told_hangs = self->told_failed = true;
        say(line, true,
            "what was seen of etcd cannot be kept in %s, whose disk does not answer: an etcd that "
            "is put back to an earlier time may go unnoticed",
            self->path);
        return true;
    }
    if (self->failed && !self->told_failed) {
        self->told_failed = true;
        say(line, true,
            "what was seen of etcd cannot be kept: %s; an etcd that is put back to an earlier time "
            "may go unnoticed",
            self->error);
        return true;
    }
    if (is_writing || self->failed || !self->told_failed)
        return false;
    self->told_failed = self->told_hangs = false;
    say(line, false, "what was seen of etcd is kept again");
    return true;
}

bool etcd_mark_keeper_news(struct etcd_mark_keeper *self, struct store_line *line)
{
    bool is_there;

    pthread_mutex_lock(&self->mutex);
    is_there = take_news(self, line);
    pthread_mutex_unlock(&self->mutex);
    return is_there;
}

/* beginning and end */

/* Beside the file itself, where that is named by a link, as its lock is. */
static int find_path(struct etcd_mark_keeper *self, const char *history_file,
                     char error[STORE_ERROR_SIZE])
{
    char *real = realpath(history_file, NULL);
    int len =
        snprintf(self->path, sizeof self->path, "%s.mark", real != NULL ? real : history_file);

    free(real);
    if (len < (int)sizeof self->path)
        return 0;
    return store_error_set(error, ENAMETOOLONG, "the path of the history file is too long");
}

static int read_mark(struct etcd_mark_keeper *self, bool may_be_damaged,
                     char error[STORE_ERROR_SIZE])
{
    if (etcd_mark_file_read(self->path, &self->marks, error) != 0 &&
        !(errno == EBADMSG && may_be_damaged))
        return -1;
    self->seen = self->kept = etcd_marks_get(&self->marks, self->prefix);
    return 0;
}

struct etcd_mark_keeper *etcd_mark_keeper_open(const char *history_file, const char *prefix,
                                               bool may_be_damaged, struct etcd_mark *mark,
                                               char error[STORE_ERROR_SIZE])
{
    struct etcd_mark_keeper *self = calloc(1, sizeof *self);
    int result;

    if (self == NULL) {
        store_error_set(error, ENOMEM, "out of memory");
        return NULL;
    }
    snprintf(self->prefix, sizeof self->prefix, "%s", prefix);
    self->not_before_ms = clock_now_ms() - LATE_MS;
    pthread_mutex_init(&self->mutex, NULL);
    thread_cond_init(&self->wake);
    thread_cond_init(&self->has_ended);
    result = find_path(self, history_file, error);
    if (result == 0)
        result = read_mark(self, may_be_damaged, error);
    if (result == 0) {
        *mark = self->kept;
        result = thread_start(&self->thread, 0, run, self);
        if (result != 0)
            store_error_set(error, result, "no thread can be started: %s", error_text(result));
    }
    if (result == 0)
        return self;
    result = errno;
    destroy(self);
    errno = result;
    return NULL;
}

void etcd_mark_keeper_close(struct etcd_mark_keeper *self)
{
    struct timespec until = thread_after_us(CLOSE_MS * INT64_C(1000));
    pthread_t thread;
    bool ended;

    if (self == NULL)
        return;
    pthread_mutex_lock(&self->mutex);
    self->closing = true;
    pthread_cond_signal(&self->wake);
    while (!self->ended) {
        if (pthread_cond_timedwait(&self->has_ended, &self->mutex, &until) == ETIMEDOUT)
            break;
    }
    ended = self->ended;
    self->is_left = !ended;
    thread = self->thread;
    pthread_mutex_unlock(&self->mutex);
    if (!ended) {
        pthread_detach(thread);
        return;
    }
    pthread_join(thread, NULL);
    destroy(self);
}
