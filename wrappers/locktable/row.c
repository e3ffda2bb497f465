/* Rows of tables, made of a list.
 * Must not copy what the list has: a row points there. */
#include "row.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/name_fold.h"
#include "base/natural_order.h"

struct table_row *rows_add(struct table_rows *rows)
{
    struct table_row *grown = array_grow(rows->rows, &rows->room, rows->count, sizeof *grown);

    if (grown == NULL)
        return NULL;
    rows->rows = grown;
    grown[rows->count] = (struct table_row){.waiting = -1};
    return &grown[rows->count++];
}

void rows_fini(struct table_rows *rows)
{
    for (size_t i = 0; i < rows->count; i++)
        free(rows->rows[i].names);
    free(rows->rows);
    *rows = (struct table_rows){0};
}

/* A lock that a filter lets through. */
struct picked {
    const struct ipclocker_list_lock *lock;
};

static int compare_texts(const char *a, const char *b)
{
    return strcmp(a != NULL ? a : "", b != NULL ? b : "");
}

/* 0 for locks that one request has got, as far as the server tells. */
static int compare_grants(const struct ipclocker_list_lock *a, const struct ipclocker_list_lock *b)
{
    int order = (a->token > b->token) - (a->token < b->token);

    if (order == 0)
        order = (a->since_ms > b->since_ms) - (a->since_ms < b->since_ms);
    if (order == 0)
        order = (a->by.pid > b->by.pid) - (a->by.pid < b->by.pid);
    if (order == 0)
        order = compare_texts(a->by.owner, b->by.owner);
    if (order == 0)
        order = compare_texts(a->by.host, b->by.host);
    if (order == 0)
        order = compare_texts(a->pool, b->pool);
    if (order == 0)
        order = (int)a->kept - (int)b->kept;
    return order != 0 ? order : (int)a->shared - (int)b->shared;
}

/* Equal ones stay as they came: they are parts of one array. */
static int compare_picked(const void *a, const void *b)
{
    const struct picked *one = a, *other = b;
    int order = compare_grants(one->lock, other->lock);

    return order != 0 ? order : (one->lock > other->lock) - (one->lock < other->lock);
}

static char *fold(const struct picked *locks, size_t count)
{
    const char **names = malloc(count * sizeof *names);
    char *text;

    if (names == NULL)
        return NULL;
    for (size_t i = 0; i < count; i++)
        names[i] = locks[i].lock->name;
    text = name_fold(names, count);
    free(names);
    return text;
}

static int add_grant(struct table_rows *rows, const struct picked *locks, size_t count)
{
    struct table_row *row = rows_add(rows);

    if (row == NULL)
        return -1;
    row->lock = locks[0].lock;
    row->by = &locks[0].lock->by;
    row->count = (int64_t)count;
    for (size_t i = 0; i < count; i++) {
        if (locks[i].lock->waiting > row->waiting)
            row->waiting = locks[i].lock->waiting;
        if (natural_order_compare(locks[i].lock->name, row->lock->name) < 0)
            row->lock = locks[i].lock;
    }
    if (count > 1)
        row->names = fold(locks, count);
    return count == 1 || row->names != NULL ? 0 : -1;
}

/* Where the server tells neither tokens nor times, as a classic one, nothing is known to have come
 * together. */
static size_t count_together(const struct picked *locks, size_t count)
{
    size_t together = 1;

    if (locks[0].lock->token == 0 && locks[0].lock->since_ms < 0)
        return 1;
    while (together < count && compare_grants(locks[0].lock, locks[together].lock) == 0)
        together++;
    return together;
}

static int add_picked(struct table_rows *rows, struct picked *locks, size_t count, bool expands)
{
    if (!expands)
        qsort(locks, count, sizeof *locks, compare_picked);
    for (size_t i = 0, used; i < count; i += used) {
        used = expands ? 1 : count_together(&locks[i], count - i);
        if (add_grant(rows, &locks[i], used) != 0)
            return -1;
    }
    return 0;
}

int rows_add_locks(struct table_rows *rows, const struct ipclocker_list *list,
                   const struct list_filter *filter, bool expands)
{
    size_t all = ipclocker_list_lock_count(list), count = 0;
    struct picked *locks = malloc((all + 1) * sizeof *locks);
    int result;

    if (locks == NULL)
        return -1;
    for (size_t i = 0; i < all; i++) {
        const struct ipclocker_list_lock *lock = ipclocker_list_lock(list, i);

        if (filter_has_lock(filter, lock))
            locks[count++].lock = lock;
    }
    result = add_picked(rows, locks, count, expands);
    free(locks);
    return result;
}

/* "2 of vcs[1-8] and shared db", as a request is written everywhere. */
static bool write_wants(FILE *out, const struct ipclocker_list_waiter *waiter)
{
    for (size_t i = 0; i < waiter->group_count; i++) {
        const struct ipclocker_list_group *group = &waiter->groups[i];
        char *names = name_fold(group->names, group->name_count);

        if (names == NULL)
            return false;
        if (i > 0)
            fputs(" and ", out);
        if (group->shared)
            fputs("shared ", out);
        if (group->count != 1)
            fprintf(out, "%llu of ", (unsigned long long)group->count);
        fputs(names, out);
        free(names);
    }
    return true;
}

static char *describe_wants(const struct ipclocker_list_waiter *waiter)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    bool is_whole = out != NULL && write_wants(out, waiter);

    if (out != NULL && fclose(out) == 0 && is_whole)
        return text;
    free(text);
    errno = ENOMEM;
    return NULL;
}

int rows_add_waiters(struct table_rows *rows, const struct ipclocker_list *list,
                     const struct list_filter *filter)
{
    for (size_t i = 0; i < ipclocker_list_waiter_count(list); i++) {
        const struct ipclocker_list_waiter *waiter = ipclocker_list_waiter(list, i);
        struct table_row *row;

        if (!filter_has_waiter(filter, waiter))
            continue;
        row = rows_add(rows);
        if (row == NULL)
            return -1;
        row->waiter = waiter;
        row->by = &waiter->by;
        row->names = describe_wants(waiter);
        if (row->names == NULL)
            return -1;
    }
    return 0;
}
