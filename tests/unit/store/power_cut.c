/* What a power cut would leave.
 * Must not let a byte count as safe that was written when its sync had begun. */
#include "power_cut.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include <cmocka.h>

/* Something that was done, and is not safe; without bytes the file was cut off there. */
struct change {
    STAILQ_ENTRY(change) next;
    size_t at, len;
    char data[];
};
STAILQ_HEAD(changes, change);

struct power_file {
    SLIST_ENTRY(power_file) next;
    char *name;
    struct changes changes;
    char *safe;
    size_t safe_len, safe_size;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER; /* over all files */
static SLIST_HEAD(, power_file) files = SLIST_HEAD_INITIALIZER(files);
static atomic_long sync_most_us = -1;

void power_cut_follow(long sync_us)
{
    atomic_store(&sync_most_us, sync_us);
}

static struct power_file *find(const char *name)
{
    struct power_file *file;

    SLIST_FOREACH(file, &files, next)
    {
        if (strcmp(file->name, name) == 0)
            return file;
    }
    return NULL;
}

struct power_file *power_cut_open(const char *name)
{
    struct power_file *file = NULL;

    if (name == NULL || atomic_load(&sync_most_us) < 0)
        return NULL;
    pthread_mutex_lock(&mutex);
    file = find(name);
    if (file == NULL) {
        file = calloc(1, sizeof *file);
        assert_non_null(file);
        file->name = strdup(name);
        STAILQ_INIT(&file->changes);
        SLIST_INSERT_HEAD(&files, file, next);
    }
    pthread_mutex_unlock(&mutex);
    return file;
}

static void note(struct power_file *file, const void *data, size_t len, size_t at)
{
    struct change *change = malloc(sizeof *change + len);

    assert_non_null(change);
    change->at = at;
    change->len = len;
    if (len > 0)
        memcpy(change->data, data, len);
    pthread_mutex_lock(&mutex);
    STAILQ_INSERT_TAIL(&file->changes, change, next);
    pthread_mutex_unlock(&mutex);
}

void power_cut_write(struct power_file *file, const void *data, int len, sqlite3_int64 at)
{
    if (file != NULL && len > 0)
        note(file, data, (size_t)len, (size_t)at);
}

void power_cut_truncate(struct power_file *file, sqlite3_int64 size)
{
    if (file != NULL)
        note(file, NULL, 0, (size_t)size);
}

static void make_room(struct power_file *file, size_t size)
{
    if (size > file->safe_size) {
        file->safe_size = size * 2;
        file->safe = realloc(file->safe, file->safe_size);
        assert_non_null(file->safe);
    }
    if (size > file->safe_len) {
        memset(file->safe + file->safe_len, 0, size - file->safe_len);
        file->safe_len = size;
    }
}

static void make_safe(struct power_file *file, const struct change *change)
{
    make_room(file, change->at + change->len);
    if (change->len > 0)
        memcpy(file->safe + change->at, change->data, change->len);
    else
        file->safe_len = change->at;
}

/* With `file`, the changes are safe. */
static void take_all(struct changes *changes, struct power_file *file)
{
    struct change *change;

    while ((change = STAILQ_FIRST(changes)) != NULL) {
        STAILQ_REMOVE_HEAD(changes, next);
        if (file != NULL)
            make_safe(file, change);
        free(change);
    }
}

void power_cut_sync(struct power_file *file)
{
    struct changes done = STAILQ_HEAD_INITIALIZER(done);
    long most_us = atomic_load(&sync_most_us);

    if (file == NULL)
        return;
    pthread_mutex_lock(&mutex);
    STAILQ_CONCAT(&done, &file->changes);
    pthread_mutex_unlock(&mutex);
    if (most_us > 0)
        usleep((useconds_t)(random() % most_us));
    pthread_mutex_lock(&mutex);
    take_all(&done, file);
    pthread_mutex_unlock(&mutex);
}

static void leave(const char *from, const char *to, const char *suffix)
{
    char name[256];
    const struct power_file *file;
    FILE *out;

    snprintf(name, sizeof name, "%s%s", from, suffix);
    file = find(name);
    snprintf(name, sizeof name, "%s%s", to, suffix);
    out = fopen(name, "w");
    assert_non_null(out);
    if (file != NULL && file->safe_len > 0)
        assert_int_equal(fwrite(file->safe, file->safe_len, 1, out), 1);
    assert_int_equal(fclose(out), 0);
}

void power_cut(const char *from, const char *to)
{
    pthread_mutex_lock(&mutex);
    leave(from, to, "");
    leave(from, to, "-wal");
    pthread_mutex_unlock(&mutex);
}

void power_cut_forget(void)
{
    struct power_file *file;

    while ((file = SLIST_FIRST(&files)) != NULL) {
        SLIST_REMOVE_HEAD(&files, next);
        take_all(&file->changes, NULL);
        free(file->safe);
        free(file->name);
        free(file);
    }
}
