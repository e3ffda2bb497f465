/* Who holds the locks that a connection has named: of a pool, all who hold seats. */
#ifndef FARMLOCK_SERVER_HOLDERS_H
#define FARMLOCK_SERVER_HOLDERS_H

#include "server.h"

/* Where one is among them; all 0 at first. */
struct holders {
    struct lock_request *next; /* of the same pool; NULL: of the next name */
    size_t name;
    size_t looked_at;
    bool skips_pools; /* whoever holds their seats is looked for by holders_of_pool() */
};

/* The next holder, and in *lock what it holds: the name, or one of its seats.  It may be ended
 * before the next call.  NULL at the end, or when so many were looked at that others would wait for
 * it. */
struct lock_request *holders_next(const struct conn *conn, struct holders *holders,
                                  const char **lock);

/* Lists those of them that hold seats of a pool that was named, so many at most; for each of a
 * crowd a step through a tree is too much.  Returns how many; none where the name is no pool's. */
size_t holders_of_pool(const struct conn *conn, const char *name, struct lock_request **out,
                       size_t most);

/* The seat that one of them has. */
const char *holders_seat(const struct lock_request *holder, const char *pool);

#endif
