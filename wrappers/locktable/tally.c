/* Sums up a list.
 * Must not know how it is shown. */
#include "tally.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"

/* One thing that counts for somebody. */
struct item {
    const char *key; /* NULL: none */
    bool is_wait;
    int64_t ms;
};

struct items {
    struct item *items;
    size_t count, room;
    bool failed;
};

static void add(struct items *items, const char *key, bool is_wait, int64_t ms)
{
    struct item *grown = array_grow(items->items, &items->room, items->count, sizeof *grown);

    if (grown == NULL) {
        items->failed = true;
        return;
    }
    items->items = grown;
    grown[items->count++] = (struct item){.key = key, .is_wait = is_wait, .ms = ms};
}

static const char *key_of(const struct ipclocker_list_owner *owner, enum tally_by by)
{
    if (by == TALLY_USER)
        return filter_user(owner);
    return by == TALLY_HOST ? owner->host : owner->job;
}

static void add_locks(struct items *items, const struct ipclocker_list *list,
                      const struct list_filter *filter, enum tally_by by)
{
    for (size_t i = 0; i < ipclocker_list_lock_count(list); i++) {
        const struct ipclocker_list_lock *lock = ipclocker_list_lock(list, i);

        if (filter_has_lock(filter, lock))
            add(items, by == TALLY_POOL ? lock->pool : key_of(&lock->by, by), false, lock->held_ms);
    }
}

static const char *find_pool(const struct ipclocker_list *list, const char *name)
{
    for (size_t i = 0; i < ipclocker_list_pool_count(list); i++) {
        if (strcmp(ipclocker_list_pool(list, i)->name, name) == 0)
            return ipclocker_list_pool(list, i)->name;
    }
    return NULL;
}

/* Who waits for two pools waits in both, and who waits for none, once. */
static void add_waits_for_pools(struct items *items, const struct ipclocker_list *list,
                                const struct ipclocker_list_waiter *waiter)
{
    bool is_in_one = false;

    for (size_t i = 0; i < waiter->group_count; i++) {
        const char *pool = find_pool(list, waiter->groups[i].names[0]);

        if (pool != NULL)
            add(items, pool, true, waiter->waited_ms);
        is_in_one |= pool != NULL;
    }
    if (!is_in_one)
        add(items, NULL, true, waiter->waited_ms);
}

static void add_waiters(struct items *items, const struct ipclocker_list *list,
                        const struct list_filter *filter, enum tally_by by)
{
    for (size_t i = 0; i < ipclocker_list_waiter_count(list); i++) {
        const struct ipclocker_list_waiter *waiter = ipclocker_list_waiter(list, i);

        if (!filter_has_waiter(filter, waiter))
            continue;
        if (by == TALLY_POOL)
            add_waits_for_pools(items, list, waiter);
        else
            add(items, key_of(&waiter->by, by), true, waiter->waited_ms);
    }
}

static int compare(const void *a, const void *b)
{
    const struct item *one = a, *other = b;

    if (one->key == NULL || other->key == NULL)
        return (one->key != NULL) - (other->key != NULL);
    return strcmp(one->key, other->key);
}

static void count(struct row_tally *tally, const struct item *item)
{
    int64_t *most = item->is_wait ? &tally->oldest_ms : &tally->longest_ms;

    if (item->is_wait)
        tally->waiting++;
    else
        tally->held++;
    if (item->ms > *most)
        *most = item->ms;
}

/* Returns how many it made of the sorted items. */
static size_t sum_up(const struct items *items, struct row_tally *tallies)
{
    size_t made = 0;

    for (size_t i = 0; i < items->count; i++) {
        if (i == 0 || compare(&items->items[i - 1], &items->items[i]) != 0)
            tallies[made++] =
                (struct row_tally){.key = items->items[i].key, .longest_ms = -1, .oldest_ms = -1};
        count(&tallies[made - 1], &items->items[i]);
    }
    return made;
}

static int add_rows(struct table_rows *rows, const struct row_tally *tallies, size_t made)
{
    for (size_t i = 0; i < made; i++) {
        struct table_row *row = rows_add(rows);

        if (row == NULL)
            return -1;
        row->tally = &tallies[i];
    }
    return 0;
}

struct row_tally *tally_add_rows(struct table_rows *rows, const struct ipclocker_list *list,
                                 const struct list_filter *filter, enum tally_by by)
{
    struct items items = {0};
    struct row_tally *tallies = NULL;

    add_locks(&items, list, filter, by);
    add_waiters(&items, list, filter, by);
    if (!items.failed)
        tallies = calloc(items.count + 1, sizeof *tallies);
    if (tallies != NULL) {
        if (items.count > 0)
            qsort(items.items, items.count, sizeof *items.items, compare);
        if (add_rows(rows, tallies, sum_up(&items, tallies)) != 0) {
            free(tallies);
            tallies = NULL;
        }
    }
    free(items.items);
    return tallies;
}
