/* Who holds the locks that a connection has named.
 * Must not end anybody, nor look at more than a client pays for. */
#include "holders.h"

#include <string.h>

#include "lock/pools.h"
#include "pools.h"

const char *holders_seat(const struct lock_request *holder, const char *pool)
{
    for (size_t i = 0; i < holder->seat_count; i++) {
        const struct pool_config *of = lock_seat_pool(&holder->seats[i]);

        if (of != NULL && strcmp(of->name, pool) == 0)
            return lock_seat_name(&holder->seats[i]);
    }
    return pool;
}

size_t holders_of_pool(const struct conn *conn, const char *name, struct lock_request **out,
                       size_t most)
{
    return pools_are_there(conn->server)
               ? lock_table_list_holders(conn->server->table, name, out, most)
               : 0;
}

/* Goes on to the next pool, whose holders are many, or the next lock. */
static struct lock_request *next_name(const struct conn *conn, struct holders *holders,
                                      const char **lock)
{
    const struct lock_table *table = conn->server->table;

    while (holders->name < conn->demand.name_count) {
        const char *name = conn->demand.names[holders->name];
        struct lock_request *holder = lock_table_holder(table, name), *any;

        if (holders->skips_pools && holders_of_pool(conn, name, &any, 1) > 0) {
            holders->name++;
            continue;
        }
        *lock = name;
        if ((holder != NULL && holder->shares) ||
            (pools_are_there(conn->server) && lock_table_is_pool(table, name)))
            holders->next = holder != NULL ? lock_table_next_holder(table, name, holder) : NULL;
        holders->name += holders->next == NULL;
        if (holder != NULL)
            return holder;
    }
    return NULL;
}

static struct lock_request *next_of_all(const struct conn *conn, struct holders *holders,
                                        const char **lock)
{
    struct lock_request *holder = holders->next;

    if (holder == NULL) {
        holder = next_name(conn, holders, lock);
    } else {
        *lock = conn->demand.names[holders->name];
        holders->next = holders->looked_at++ < LOCK_HOLDERS_MOST
                            ? lock_table_next_holder(conn->server->table, *lock, holder)
                            : NULL;
        holders->name += holders->next == NULL;
    }
    if (holder != NULL && pools_are_there(conn->server))
        *lock = holders_seat(holder, *lock);
    return holder;
}

struct lock_request *holders_next(const struct conn *conn, struct holders *holders,
                                  const char **lock)
{
    struct lock_request *holder;

    do {
        holder = next_of_all(conn, holders, lock);
    } while (holder != NULL && holder->is_kept);
    return holder;
}
