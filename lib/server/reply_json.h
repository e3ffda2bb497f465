/* The entries of the JSON list. */
#ifndef FARMLOCK_SERVER_REPLY_JSON_H
#define FARMLOCK_SERVER_REPLY_JSON_H

#include "list/json.h"
#include "server.h"

/* Begins the list as of now, or one of pools.  Returns NULL when there is no memory. */
struct lock_json *reply_json_begin(const struct ipclocker_server *server, bool only_pools);

/* Adds the next pool; `*index` is 0 at first.  Returns false behind the last. */
bool reply_json_add_pool(struct lock_json *json, const struct ipclocker_server *server,
                         const struct store_view *view, size_t *index);

/* Adds a lock that is held; whose it is only where the view shows that. */
void reply_json_add_held(struct lock_json *json, struct ipclocker_server *server,
                         const struct store_view *view, const struct lock_seat *seat);

/* Adds a request that waits.  Returns false when there is no memory. */
bool reply_json_add_waiter(struct lock_json *json, struct ipclocker_server *server,
                           const struct store_view *view, const struct lock_request *request);

/* Adds all that is offline. */
void reply_json_add_offline(struct lock_json *json, const struct ipclocker_server *server);

#endif
