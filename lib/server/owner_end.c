/* What a process that has ended leaves behind: its claims, a part of them in each pass.
 * Must not find out whether a process has ended: owner_watch.c does. */
#include "owner_end.h"

#include "context.h"
#include "lock/ending.h"
#include "pass.h"
#include "turn.h"

enum { LOOKS_A_PASS = TURN_COST_US * TURN_LOOKS_A_US };

/* A promise that one wait leaves must not complete another. */
static void sort(struct owner_process *owner, struct claim *claim)
{
    struct ipclocker_server *server = claim->server;
    bool waits = claim->request->state == LOCK_WAITING;

    LIST_REMOVE(claim, of_owner);
    LIST_INSERT_HEAD(waits ? &owner->waits : &owner->grants, claim, of_owner);
    if (waits)
        lock_table_set_present(server->table, claim->request, false, context_now_ms(server));
}

/* Returns how many looks it has cost. */
static size_t end(struct claim *claim)
{
    struct ipclocker_server *server = claim->server;
    struct lock_request *request = claim->request;
    size_t locks = request->state == LOCK_HELD ? request->held_count : 1;

    LIST_REMOVE(claim, of_owner);
    claim->owner = NULL;
    lock_table_end(server->table, request, LOCK_REASON_DEAD, context_now_ms(server));
    return LOCK_ENDING_LOOKS_AN_END * locks;
}

/* Returns how many looks it has cost, or 0 where there is nothing more to end. */
static size_t end_next(struct owner_process *owner)
{
    if (!LIST_EMPTY(&owner->claims)) {
        sort(owner, LIST_FIRST(&owner->claims));
        return 1;
    }
    if (!LIST_EMPTY(&owner->waits))
        return end(LIST_FIRST(&owner->waits));
    return LIST_EMPTY(&owner->grants) ? 0 : end(LIST_FIRST(&owner->grants));
}

static void forget(struct ipclocker_server *server, struct owner_process *owner)
{
    TAILQ_REMOVE(&server->ending, owner, in_ending);
    owner_process_unfile(server, owner);
    owner_process_destroy(owner);
}

static void on_ends(evutil_socket_t fd, short events, void *context)
{
    struct ipclocker_server *server = context;
    size_t looks = 0;

    (void)fd;
    (void)events;
    while (!TAILQ_EMPTY(&server->ending) && looks < LOOKS_A_PASS && !turn_is_held_up(server)) {
        struct owner_process *owner = TAILQ_FIRST(&server->ending);
        size_t cost = end_next(owner);

        if (cost == 0)
            forget(server, owner);
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
    LIST_INIT(&owner->waits);
    LIST_INIT(&owner->grants);
    TAILQ_INSERT_TAIL(&server->ending, owner, in_ending);
    event_active(&server->owner_ends, EV_TIMEOUT, 0);
}

void owner_end_end_pass(struct ipclocker_server *server)
{
    static const struct timeval at_once = {0};

    /* Who waits for the disk hears from it.  To add what is about to run would put it off. */
    if (!TAILQ_EMPTY(&server->ending) && !turn_is_held_up(server) &&
        !evtimer_pending(&server->owner_ends, NULL))
        evtimer_add(&server->owner_ends, &at_once);
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
    if (event_initialized(&server->owner_ends))
        event_del(&server->owner_ends);
    while (!TAILQ_EMPTY(&server->ending))
        forget(server, TAILQ_FIRST(&server->ending));
}
