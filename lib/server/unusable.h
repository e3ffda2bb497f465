/* Locks and seats that nobody is given, as they are offline or in use elsewhere: what was said of
 * them, which outlives reloads and restarts, also where no pool has such a name just now. */
#ifndef FARMLOCK_SERVER_UNUSABLE_H
#define FARMLOCK_SERVER_UNUSABLE_H

#include "server.h"

/* Has it count from now on, in the table and in the state; with 0 seats nothing is said any more.
 * Returns -1 with errno, and nothing has changed: ENOMEM; or ENOSPC, as the names that are no seats
 * of pools are as many as may be offline. */
int unusable_set(struct ipclocker_server *server, const struct store_unusable *what);

/* What was said of a seat or pool; NULL for nothing. */
const struct store_unusable *unusable_find(const struct ipclocker_server *server,
                                           enum store_unusable_kind kind, const char *name);

/* Calls `see` for all that is offline. */
typedef void unusable_fn(void *context, const struct store_unusable *what);
void unusable_visit_offline(const struct ipclocker_server *server, unusable_fn *see, void *context);

/* Lets go of what is over.  To be called about once a second. */
void unusable_expire(struct ipclocker_server *server);

/* Tells a table, whose pools are new, of all. */
void unusable_apply(const struct ipclocker_server *server, struct lock_table *table);

/* Has all of it noted again: times may have been moved since they were written. */
void unusable_note_all(struct ipclocker_server *server);

/* Keeps what is loaded, for later.  Returns -1 with errno ENOMEM. */
int unusable_keep(struct unusable_list *list, const struct store_unusable *what);
void unusable_forget(struct unusable_list *list);

/* The first list has what the second one had, which is empty then. */
void unusable_replace(struct unusable_list *list, struct unusable_list *by);

#endif
