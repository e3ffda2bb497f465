/* Declaring pools in place of those before, under holders and waiters.
 * Must not change anything until all memory is there; must not end a wait or a grant. */
#include <errno.h>
#include <stdlib.h>

#include "pool_create.h"
#include "pool_early.h"
#include "pool_end.h"
#include "pool_groups.h"
#include "pool_move.h"
#include "pool_prepare.h"
#include "pool_replace.h"
#include "pool_row.h"
#include "pool_seat.h"
#include "pools.h"
#include "recent.h"

static void install_pools(struct pool_reload *reload)
{
    struct lock_table *table = reload->table;
    struct pool_set *set = table->pools;

    lock_recent_clear(table);
    for (size_t i = 0; i < reload->config->pool_count; i++) {
        struct pool *pool = reload->pools[i];

        if (!pool->is_kept) {
            pool_take_name(table, pool);
            pool_adopt_seats(table, pool);
        }
        pool->config = &reload->config->pools[i];
    }
    for (size_t i = 0; i < set->pool_count; i++) {
        if (set->pools[i]->is_kept)
            continue;
        pool_retire(table, set->pools[i]);
        set->pools[reload->retired_count++] = set->pools[i];
    }
    reload->retired = set->pools;
    pool_index_fini(&set->index);
    set->pools = reload->pools;
    set->pool_count = reload->config->pool_count;
    set->index = reload->index;
    set->last_found = NULL;
    set->config = reload->config;
    set->has_other_groups = false;
    for (size_t i = 0; i < set->pool_count; i++)
        pool_count_seats(set, set->pools[i]);
}

static void move_out(struct lock_table *table, struct pool_moves *moves)
{
    for (size_t i = 0; i < moves->count; i++) {
        if (moves->items[i].dropped == NULL)
            pool_move_out(table, moves->items[i].request);
    }
}

enum { AHEAD = 8, STANDING_SIZE = 512 };

/* What will be moved soon: each is far from the next in memory. */
static void fetch(const struct pool_moves *moves, size_t at)
{
    if (at >= moves->count)
        return;
    pool_fetch(moves->items[at].request, sizeof(struct lock_request));
    pool_fetch(moves->items[at].standing, STANDING_SIZE);
}

static void move_in(struct lock_table *table, const struct pool_moves *moves)
{
    for (size_t i = 0; i < moves->count; i++) {
        fetch(moves, i + AHEAD);
        moves->items[i].request->pooled = moves->items[i].standing;
        pool_move_in(table, &moves->items[i]);
    }
}

static void move_all_in(struct pool_reload *reload)
{
    struct lock_table *table = reload->table;

    move_in(table, &reload->held);
    table->pools->is_in_order = reload->in_order;
    for (size_t i = 0; i < table->pools->pool_count && reload->in_order; i++)
        pool_rows_begin(table->pools->pools[i]);
    move_in(table, &reload->waiting);
    for (size_t i = 0; i < table->pools->pool_count && reload->in_order; i++)
        pool_rows_end(table->pools->pools[i]);
    table->pools->is_in_order = false;
}

/* Lets those look who have moved to where they may collect. */
static void resume_moved(struct pool_reload *reload, int64_t now_ms)
{
    const struct pool_moves *waiting = &reload->waiting;

    reload->table->pools->is_restoring = false;
    for (size_t i = 0; i < waiting->count; i++) {
        const struct pool_standing *standing = waiting->items[i].standing;

        if (standing == NULL || standing->stage == POOL_SELECTED)
            pool_resume_one(reload->table, waiting->items[i].request, now_ms);
    }
    pool_resume_pools(reload->table, now_ms);
}

static void move_all(struct pool_reload *reload, int64_t now_ms)
{
    struct lock_table *table = reload->table;

    table->pools->is_restoring = true;
    move_out(table, &reload->waiting);
    move_out(table, &reload->held);
    install_pools(reload);
    move_all_in(reload);
    if (reload->moves_locks)
        pool_sweep_locks(table);
    if (reload->lets_others_in)
        pool_resume(table, now_ms);
    else
        resume_moved(reload, now_ms);
}

static bool is_of(const struct pool_reload *reload, const struct pools_config *config)
{
    return reload != NULL && reload->config == config;
}

/* A pool that was to stay as it is may have to go by other groups of its users since. */
static bool is_overtaken(const struct pool_reload *reload)
{
    bool stays = false;

    for (size_t i = 0; i < reload->config->pool_count; i++)
        stays |= reload->pools[i]->is_kept && pool_groups_matter(&reload->config->pools[i]);
    return stays && reload->table->pools->has_other_groups;
}

static void forget(struct pool_set *set)
{
    pool_reload_cancel(set->reload);
    set->reload = NULL;
}

/* What is prepared for a configuration, which may be nothing but its pools.  NULL with errno
 * ENOMEM. */
static struct pool_reload *reload_of(struct lock_table *table, const struct pools_config *config)
{
    if (table->pools == NULL)
        table->pools = pool_set_create();
    if (table->pools == NULL)
        return NULL;
    if (!is_of(table->pools->reload, config) || is_overtaken(table->pools->reload))
        forget(table->pools);
    if (table->pools->reload == NULL)
        table->pools->reload = pool_reload_create(table, config);
    return table->pools->reload;
}

bool lock_table_tidy_pools(struct lock_table *table, size_t most)
{
    struct pool_set *set = table->pools;

    if (set != NULL && set->done != NULL && pool_reload_free_some(set->done, most))
        set->done = NULL;
    return set != NULL && set->done != NULL;
}

void lock_table_forget_pools(struct lock_table *table, const struct pools_config *config)
{
    if (table != NULL && table->pools != NULL &&
        (config == NULL || is_of(table->pools->reload, config)))
        forget(table->pools);
}

int lock_table_prepare_pools(struct lock_table *table, const struct pools_config *config,
                             size_t most)
{
    struct pool_reload *reload = reload_of(table, config);
    int result = reload != NULL ? pool_early_prepare(reload, most) : -1;

    if (result == -1) {
        lock_table_forget_pools(table, config);
        errno = ENOMEM;
    }
    return result;
}

/* What readers have or want cannot become a seat, which is with one; nor is there room for a seat
 * that leaves its pool where they have the lock of its name. */
static bool meets_readers(struct lock_table *table, const struct pool_reload *reload)
{
    struct pool_set *set = table->pools;

    if (set->has_apart)
        set->has_apart = pool_names_are_shared(table, &set->index);
    return set->has_apart ||
           (reload->has_new_names && pool_names_are_shared(table, &reload->index));
}

int lock_table_set_pools(struct lock_table *table, const struct pools_config *config,
                         int64_t now_ms)
{
    struct pool_reload *reload = reload_of(table, config);

    if (reload != NULL && meets_readers(table, reload)) {
        lock_table_forget_pools(table, config);
        errno = EBUSY;
        return -1;
    }
    if (reload == NULL || pool_reload_prepare_all(reload) != 0) {
        lock_table_forget_pools(table, config);
        errno = ENOMEM;
        return -1;
    }
    table->pools->reload = NULL;
    lock_table_tidy_pools(table, SIZE_MAX);
    move_all(reload, now_ms);
    table->pools->done = reload;
    return 0;
}
