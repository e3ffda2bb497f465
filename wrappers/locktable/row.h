/* What a line of a table is about. */
#ifndef FARMLOCK_LOCKTABLE_ROW_H
#define FARMLOCK_LOCKTABLE_ROW_H

#include "filter.h"
#include "ipclocker.h"

enum table_kind { TABLE_LOCKS, TABLE_QUEUE, TABLE_TALLY };

/* What somebody, or something, has in all. */
struct row_tally {
    const char *key;                              /* NULL: all that have none */
    int64_t held, longest_ms, waiting, oldest_ms; /* -1: nothing that has a length */
};

/* A row; of `lock`, `waiter` and `tally` there is one. */
struct table_row {
    const struct ipclocker_list_lock *lock; /* the first of those that are one row */
    const struct ipclocker_list_waiter *waiter;
    const struct row_tally *tally;
    const struct ipclocker_list_owner *by; /* NULL of a tally */
    char *names;     /* of a lock: all that were granted together, folded, or NULL where it is one;
                      * of a waiter: what it wants */
    int64_t count;   /* of locks */
    int64_t waiting; /* behind the lock that most wait for; -1: not known */
};

/* All zero is none. */
struct table_rows {
    struct table_row *rows;
    size_t count, room;
};

/* Adds the locks that a filter lets through, those that were granted to one request as one row
 * unless `expands`; or the waiters.  What they point to is the list's.  Returns 0, or -1 with errno
 * ENOMEM. */
int rows_add_locks(struct table_rows *rows, const struct ipclocker_list *list,
                   const struct list_filter *filter, bool expands);
int rows_add_waiters(struct table_rows *rows, const struct ipclocker_list *list,
                     const struct list_filter *filter);

/* Adds one row.  Returns it, or NULL with errno ENOMEM. */
struct table_row *rows_add(struct table_rows *rows);

void rows_fini(struct table_rows *rows);

#endif
