/* The timer for hold limits.
 * Must not know what a hold limit is: the lock table does. */
#include "deadline.h"

#include "context.h"
#include "pass.h"

enum { EXPIRED_A_PASS = 500 }; /* others have their turn in between */

/* What ends a grant changes the state, which must be able to keep that. */
static bool may_expire(const struct ipclocker_server *server)
{
    return server->state.phase == STATE_SERVING;
}

void deadline_arm(struct ipclocker_server *server)
{
    int64_t deadline_ms = may_expire(server) ? lock_table_next_deadline(server->table) : INT64_MAX;
    int64_t left_ms;
    struct timeval left;

    if (deadline_ms == server->armed_ms)
        return;
    server->armed_ms = deadline_ms;
    if (deadline_ms == INT64_MAX) {
        evtimer_del(&server->deadline);
        return;
    }
    left_ms = deadline_ms - context_now_ms(server);
    if (left_ms < 0)
        left_ms = 0;
    left.tv_sec = left_ms / 1000;
    left.tv_usec = left_ms % 1000 * 1000;
    evtimer_add(&server->deadline, &left);
}

static void on_deadline(evutil_socket_t fd, short events, void *context)
{
    struct ipclocker_server *server = context;

    (void)fd;
    (void)events;
    server->armed_ms = INT64_MAX;
    /* The state may have gone down in this very pass. */
    if (may_expire(server))
        lock_table_expire_some(server->table, context_now_ms(server), EXPIRED_A_PASS);
    /* Armed anew, also where it went off a moment too soon. */
    pass_queue_end(server);
}

void deadline_check(struct ipclocker_server *server)
{
    if (server->armed_ms != INT64_MAX && server->armed_ms < context_now_ms(server))
        event_active(&server->deadline, EV_TIMEOUT, 0);
}

void deadline_start(struct ipclocker_server *server)
{
    evtimer_assign(&server->deadline, server->base, on_deadline, server);
    server->armed_ms = INT64_MAX;
}

void deadline_stop(struct ipclocker_server *server)
{
    evtimer_del(&server->deadline);
}
