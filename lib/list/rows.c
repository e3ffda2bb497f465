/* A JSON list as arrays of structs.
 * Must not hold more of the document than one entry as objects. */
#include "rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "fail.h"
#include "row.h"

struct ipclocker_list {
    struct ipclocker_list_head head;
    struct ipclocker_list_lock *locks;
    struct ipclocker_list_waiter *waiters;
    struct ipclocker_list_pool *pools;
    struct ipclocker_list_offline *offline;
    size_t lock_count, lock_room, waiter_count, waiter_room, pool_count, pool_room;
    size_t offline_count, offline_room;
    bool has_locks, has_waiters;
    struct strings strings;
};

static int take_lock(struct ipclocker_list *list, struct json_object *entry)
{
    struct ipclocker_list_lock *rows =
        array_grow(list->locks, &list->lock_room, list->lock_count, sizeof *rows);

    if (rows == NULL)
        return -1;
    list->locks = rows;
    if (row_read_lock(entry, &list->strings, &rows[list->lock_count]) != 0)
        return errno == EPROTO ? 0 : -1;
    return ++list->lock_count <= LIST_ROWS_MAX ? 0 : list_fail(E2BIG);
}

static int take_waiter(struct ipclocker_list *list, struct json_object *entry)
{
    struct ipclocker_list_waiter *rows =
        array_grow(list->waiters, &list->waiter_room, list->waiter_count, sizeof *rows);

    if (rows == NULL)
        return -1;
    list->waiters = rows;
    if (row_read_waiter(entry, &list->strings, &rows[list->waiter_count]) != 0)
        return errno == EPROTO ? 0 : -1;
    return ++list->waiter_count <= LIST_ROWS_MAX ? 0 : list_fail(E2BIG);
}

static int take_pool(struct ipclocker_list *list, struct json_object *entry)
{
    struct ipclocker_list_pool *rows =
        array_grow(list->pools, &list->pool_room, list->pool_count, sizeof *rows);

    if (rows == NULL)
        return -1;
    list->pools = rows;
    if (row_read_pool(entry, &list->strings, &rows[list->pool_count]) != 0)
        return errno == EPROTO ? 0 : -1;
    return ++list->pool_count <= LIST_ROWS_MAX ? 0 : list_fail(E2BIG);
}

static int take_offline(struct ipclocker_list *list, struct json_object *entry)
{
    struct ipclocker_list_offline *rows =
        array_grow(list->offline, &list->offline_room, list->offline_count, sizeof *rows);

    if (rows == NULL)
        return -1;
    list->offline = rows;
    if (row_read_offline(entry, &list->strings, &rows[list->offline_count]) != 0)
        return errno == EPROTO ? 0 : -1;
    return ++list->offline_count <= LIST_ROWS_MAX ? 0 : list_fail(E2BIG);
}

/* An array by itself, before its entries. */
static bool is_array(const struct list_entry *entry)
{
    return entry->value == NULL && entry->text[0] == '[';
}

static int take_in_array(struct ipclocker_list *list, const struct list_entry *entry)
{
    bool is_begin = is_array(entry);

    if (strcmp(entry->key, "locks") == 0) {
        list->has_locks |= is_begin;
        return is_begin ? 0 : take_lock(list, entry->value);
    }
    if (strcmp(entry->key, "waiters") == 0) {
        list->has_waiters |= is_begin;
        return is_begin ? 0 : take_waiter(list, entry->value);
    }
    if (strcmp(entry->key, "pools") == 0)
        return is_begin ? 0 : take_pool(list, entry->value);
    if (strcmp(entry->key, "offline") == 0)
        return is_begin ? 0 : take_offline(list, entry->value);
    return 0;
}

int list_rows_take(void *context, const struct list_entry *entry)
{
    struct ipclocker_list *list = context;

    if (strcmp(entry->key, "server") == 0)
        return row_read_server(entry->value, &list->strings, &list->head);
    if (strcmp(entry->key, "time") == 0)
        row_read_time(entry->value, &list->head);
    return take_in_array(list, entry);
}

struct ipclocker_list *list_rows_create_empty(void)
{
    struct ipclocker_list *list = calloc(1, sizeof *list);

    if (list != NULL)
        list->head = (struct ipclocker_list_head){.time_ms = -1, .started_ms = -1, .protocol = 1};
    return list;
}

struct ipclocker_list *list_rows_create(const char *document)
{
    struct ipclocker_list *list = list_rows_create_empty();
    int result;

    if (list == NULL)
        return NULL;
    result = list_entries_read(document, list_rows_take, list);
    if (result == 0 && list->has_locks && list->has_waiters)
        return list;
    if (result == 0)
        errno = EPROTO;
    ipclocker_list_free(list);
    return NULL;
}

void list_rows_clear(struct ipclocker_list *list)
{
    list->lock_count = list->waiter_count = list->pool_count = list->offline_count = 0;
    strings_fini(&list->strings);
    list->head.version = NULL;
}

void ipclocker_list_free(struct ipclocker_list *list)
{
    int saved_errno = errno;

    if (list == NULL)
        return;
    strings_fini(&list->strings);
    free(list->locks);
    free(list->waiters);
    free(list->pools);
    free(list->offline);
    free(list);
    errno = saved_errno;
}

const struct ipclocker_list_head *ipclocker_list_head(const struct ipclocker_list *list)
{
    return &list->head;
}

size_t ipclocker_list_lock_count(const struct ipclocker_list *list)
{
    return list->lock_count;
}

const struct ipclocker_list_lock *ipclocker_list_lock(const struct ipclocker_list *list,
                                                      size_t index)
{
    return &list->locks[index];
}

size_t ipclocker_list_waiter_count(const struct ipclocker_list *list)
{
    return list->waiter_count;
}

const struct ipclocker_list_waiter *ipclocker_list_waiter(const struct ipclocker_list *list,
                                                          size_t index)
{
    return &list->waiters[index];
}

size_t ipclocker_list_pool_count(const struct ipclocker_list *list)
{
    return list->pool_count;
}

const struct ipclocker_list_pool *ipclocker_list_pool(const struct ipclocker_list *list,
                                                      size_t index)
{
    return &list->pools[index];
}

size_t ipclocker_list_offline_count(const struct ipclocker_list *list)
{
    return list->offline_count;
}

const struct ipclocker_list_offline *ipclocker_list_offline(const struct ipclocker_list *list,
                                                            size_t index)
{
    return &list->offline[index];
}
