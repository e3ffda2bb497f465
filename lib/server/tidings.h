/* What happens to locks, told to one who is no client, as it happens.
 *
 * What is told may still be undone by a crash: see onlooker_is_safe().
 */
#ifndef FARMLOCK_SERVER_TIDINGS_H
#define FARMLOCK_SERVER_TIDINGS_H

#include <stdint.h>

#include "lock/table.h"
#include "store/store.h"

struct ipclocker_server;

enum tidings_kind {
    TIDINGS_ASKED, /* a request waits */
    TIDINGS_GRANTED,
    TIDINGS_RELEASED, /* by its owner, one lock of it */
    TIDINGS_BROKEN,
    TIDINGS_LOST, /* for any other reason */
    TIDINGS_LEFT, /* it waits no more */
    TIDINGS_OFFLINE,
    TIDINGS_ONLINE,
    TIDINGS_OUTSIDE, /* so many seats of a pool are in use elsewhere */
    TIDINGS_CONFIGURATION,
};

struct tidings {
    enum tidings_kind kind;
    int64_t at_ms;
    const struct lock_request *request; /* NULL where there is none; valid during the call */
    const char *name;                   /* of a lock or pool; NULL: all of the request */
    enum lock_reason reason;
    uint32_t seats; /* of OUTSIDE */
};

/* Has a function called with each, from inside the table: it must not change anything.  NULL has
 * nothing called. */
typedef void tidings_fn(void *context, const struct tidings *tidings);
void tidings_set(struct ipclocker_server *server, tidings_fn *tell, void *context);

/* For those who see it happen. */
void tidings_of_event(const struct ipclocker_server *server, const struct lock_event *event);
void tidings_of_seats(const struct ipclocker_server *server, const struct store_unusable *what);
void tidings_of_pools(const struct ipclocker_server *server);

#endif
