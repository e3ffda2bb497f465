/* What a process that has ended leaves behind: its claims, a part of them in each pass.
 * Must not find out whether a process has ended: owner_watch.c does. */
#include "owner_end.h"

#include "context.h"
#include "lock/ending.h"
#include "pass.h"
#include "turn.h"

bool owner_end_may_go_on(const struct ipclocker_server *server)
{
    return server->state.phase == STATE_SERVING && !turn_is_held_up(server);
}

/* A promise that one wait leaves must not complete another.  Each returns how many looks it has
 * cost; 0 for NULL. */
static size_t mark(struct owner_process *owner, struct claim *claim)
{
    if (claim == NULL)
        return 0;
    LIST_REMOVE(claim, of_owner);
    LIST_INSERT_HEAD(&owner->absent, claim, of_owner);
    lock_table_set_present(claim->server->table, claim->request, false,
                           context_now_ms(claim->server));
    return 1;
}

static size_t end(struct claim *claim)
{
    struct lock_request *request = claim != NULL ? claim->request : NULL;
    size_t locks;

    if (request == NULL)
        return 0;
    locks = request->state == LOCK_HELD ? request->held_count : 1;
    LIST_REMOVE(claim, of_owner);
    claim->owner = NULL;
    lock_table_end(claim->server->table, request, LOCK_REASON_DEAD, context_now_ms(claim->server));
    return LOCK_ENDING_LOOKS_AN_END * locks;
}

/* Returns 0 where nothing is left of the step. */
static size_t take_next(struct owner_process *owner)
{
    switch ((enum owner_end_step)owner->step) {
    case OWNER_END_MARKS:
        return mark(owner, LIST_FIRST(&owner->waits));
    case OWNER_END_WAITS:
        return end(LIST_FIRST(&owner->absent));
    default:
        return end(LIST_FIRST(&owner->grants));
    }
}

static void forget(struct ipclocker_server *server, struct owner_process *owner)
{
    TAILQ_REMOVE(&server->ending[owner->step], owner, in_ending);
    owner_process_unfile(server, owner);
    owner_process_destroy(owner);
}

static void end_step(struct ipclocker_server *server, struct owner_process *owner)
{
    if (owner->step == OWNER_END_GRANTS)
        forget(server, owner);
    else
        owner_process_set_step(server, owner, owner->step + 1);
}

/* None is given anything back while any of them waits.  NULL where none is left. */
static struct owner_process *first_ending(const struct ipclocker_server *server)
{
    for (size_t step = 0; step < OWNER_END_STEPS; step++) {
        if (!TAILQ_EMPTY(&server->ending[step]))
            return TAILQ_FIRST(&server->ending[step]);
    }
    return NULL;
}

static void on_ends(evutil_socket_t fd, short events, void *context)
{
    struct ipclocker_server *server = context;
    struct owner_process *owner;
    size_t looks = 0;

    (void)fd;
    (void)events;
    while (looks < TURN_LOOKS && owner_end_may_go_on(server) &&
           (owner = first_ending(server)) != NULL) {
        size_t cost = take_next(owner);

        if (cost == 0)
            end_step(server, owner);
        looks += cost + 1;
    }
    pass_queue_end(server);
}

void owner_end_begin(struct ipclocker_server *server, struct owner_process *owner)
{
    /* Of a bare pid the next claim may be another process's. */
    if (owner->start == 0)
        owner_process_unfile(server, owner);
    owner->ending = true;
    owner->step = OWNER_END_MARKS;
    LIST_INIT(&owner->absent);
    TAILQ_INSERT_TAIL(&server->ending[OWNER_END_MARKS], owner, in_ending);
    event_active(&server->owner_ends, EV_TIMEOUT, 0);
}

void owner_end_end_pass(struct ipclocker_server *server)
{
    static const struct timeval at_once = {0};

    /* Who waits for the disk hears from it.  To add what is about to run would put it off. */
    if (first_ending(server) != NULL && owner_end_may_go_on(server) &&
        !evtimer_pending(&server->owner_ends, NULL))
        evtimer_add(&server->owner_ends, &at_once);
}

void owner_end_init(struct ipclocker_server *server)
{
    for (size_t step = 0; step < OWNER_END_STEPS; step++)
        TAILQ_INIT(&server->ending[step]);
}

void owner_end_start(struct ipclocker_server *server)
{
    evtimer_assign(&server->owner_ends, server->base, on_ends, server);
    pass_queue_end(server);
}

void owner_end_stop(struct ipclocker_server *server)
{
    event_del(&server->owner_ends);
}

void owner_end_fini(struct ipclocker_server *server)
{
    struct owner_process *owner;

    while ((owner = first_ending(server)) != NULL)
        forget(server, owner);
}
