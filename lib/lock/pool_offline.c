/* Seats that are out of use, and who waits for no more than to see them back.
 * Must not change anything. */
#include "pool_offline.h"

#include "pool_rules.h"
#include "pool_seat.h"
#include "pool_tree.h"

/* Counts those of the seats from `first` to before `end`, and names the lowest in *name, unless one
 * is named there already. */
static int64_t count_run(const struct pool *pool, uint32_t first, uint32_t end, const char **name)
{
    int64_t count = 0;

    for (; first < end && first < pool->size; first++) {
        const struct lock *seat = pool->seats[first].lock;

        count += seat->is_offline;
        if (seat->is_offline && *name == NULL)
            *name = seat->name;
    }
    return count;
}

/* The seats of a want that is not for the whole pool. */
static int64_t count_some(const struct pool_want *want, const char **name)
{
    int64_t count = 0;

    for (uint32_t i = 0; i < want->entry_count; i++) {
        uint32_t first, end;

        pool_tree_seats(want->tie->pool, want->entries[i].queue, &first, &end);
        count += count_run(want->tie->pool, first, end, name);
    }
    return count;
}

int64_t pool_count_offline(const struct pool_want *want)
{
    const struct pool *pool = want->tie->pool;
    const char *unused = NULL;

    return want->is_whole || pool->offline_count == 0 ? pool->offline_count
                                                      : count_some(want, &unused);
}

/* NULL where it could be served as it is, or not even with all its seats in use. */
static const char *offline_of_want(const struct pool_want *want)
{
    const struct pool *pool = want->tie->pool;
    int64_t needed = want->tie->request->groups[want->group].needed;
    int64_t seats = want->is_whole ? pool->size : want->seat_count;
    int64_t most = pool_rules_capacity(pool->config, want->tie->reserve_class, seats) -
                   (int64_t)pool_outside(pool);
    const char *name = NULL;
    int64_t offline =
        want->is_whole ? count_run(pool, 0, pool->size, &name) : count_some(want, &name);

    return needed <= most && needed > most - offline ? name : NULL;
}

const char *pool_offline_in_the_way(const struct lock_request *request)
{
    const struct pool_standing *standing = request->pooled;
    const char *name = NULL;

    if (standing->stage != POOL_ASIDE || standing->aside.rule != LOCK_RULE_OUTSIDE)
        return NULL;
    for (uint32_t i = 0; i < standing->want_count && name == NULL; i++)
        name = offline_of_want(&standing->wants[i]);
    return name;
}
