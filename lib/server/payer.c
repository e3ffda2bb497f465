/* Who answers for a request, and how much each has.
 * Must not answer a client. */
#include "payer.h"

#include <string.h>

#include "account.h"
#include "limit.h"

/* Who has few locks has few under any name: only those of others are counted by owner, in counters
 * that owners share by a keyed hash. */
enum { COUNT_OWNERS_FROM = 1000, NAMES_A_WAITER = 32 };

static __attribute__((noinline)) struct account *find_payer(struct conn *conn)
{
    struct account *payer = conn->account, *user = NULL;

    payer_forget(conn);
    if (conn->asker.proof != LOCK_CLAIMED)
        user = account_open(&conn->server->accounts, account_key_of_user(conn->asker.uid));
    if (user != NULL)
        payer = user;
    payer->holders++;
    conn->payer = payer;
    conn->payer_proof = conn->asker.proof;
    return payer;
}

/* It is looked for once a connection, and again when that has proven more. */
static inline struct account *payer_of(struct conn *conn)
{
    bool is_known = conn->payer != NULL && conn->payer_proof == conn->asker.proof;

    return is_known ? conn->payer : find_payer(conn);
}

void payer_forget(struct conn *conn)
{
    if (conn->payer != NULL)
        conn->payer->holders--;
    conn->payer = NULL;
}

static uint32_t *owner_locks(struct ipclocker_server *server, const char *owner)
{
    uint64_t hash = siphash(&server->boot_key, owner, strlen(owner));

    return &server->owner_locks[hash % OWNER_COUNTERS];
}

static bool counts_owners(const struct ipclocker_server *server, const struct account *payer)
{
    return payer->locks >= COUNT_OWNERS_FROM || server->limits[IPCLOCKER_LIMIT_OWNER_LOCKS] > 0;
}

/* One that waits in many queues, or for many seats, is as many. */
static size_t weight(size_t names)
{
    return 1 + names / NAMES_A_WAITER;
}

/* Queues of names, or seats of a pool. */
static size_t weight_of_demand(const struct lock_demand *demand)
{
    size_t seats = lock_demand_needed(demand);

    return weight(seats > demand->name_count ? seats : demand->name_count);
}

/* An owner that asks for what it has or waits for already needs no room. */
static bool has_already(const struct conn *conn)
{
    return lock_table_find(conn->server->table, conn->user, conn->demand.names[0]) != NULL;
}

static bool has_too_many(struct conn *conn, size_t more)
{
    return *owner_locks(conn->server, conn->user) + more >
           limit_value(conn->server, IPCLOCKER_LIMIT_OWNER_LOCKS);
}

enum ipclocker_limit payer_limit_of_locks(struct conn *conn)
{
    struct ipclocker_server *server = conn->server;
    const struct account *payer = payer_of(conn);
    enum ipclocker_limit limit = IPCLOCKER_LIMITS;
    size_t more = lock_demand_needed(&conn->demand);

    if (lock_table_name_count(server->table) >= server->limits[IPCLOCKER_LIMIT_LOCKS])
        limit = IPCLOCKER_LIMIT_LOCKS;
    else if (payer->locks + more > limit_value(server, IPCLOCKER_LIMIT_CLIENT_LOCKS))
        limit = IPCLOCKER_LIMIT_CLIENT_LOCKS;
    else if (counts_owners(server, payer) && has_too_many(conn, more))
        limit = IPCLOCKER_LIMIT_OWNER_LOCKS;
    return limit != IPCLOCKER_LIMITS && has_already(conn) ? IPCLOCKER_LIMITS : limit;
}

enum ipclocker_limit payer_limit_of_wait(struct conn *conn)
{
    struct ipclocker_server *server = conn->server;
    const struct account *payer = payer_of(conn);
    enum ipclocker_limit limit = IPCLOCKER_LIMITS;

    if (lock_table_waiter_count(server->table) >= server->limits[IPCLOCKER_LIMIT_WAITERS])
        limit = IPCLOCKER_LIMIT_WAITERS;
    else if (payer->waiters + weight_of_demand(&conn->demand) >
             limit_value(server, IPCLOCKER_LIMIT_CLIENT_WAITERS))
        limit = IPCLOCKER_LIMIT_CLIENT_WAITERS;
    return limit != IPCLOCKER_LIMITS && has_already(conn) ? IPCLOCKER_LIMITS : limit;
}

const struct refusal *payer_refuse(struct conn *conn, enum ipclocker_limit limit)
{
    return limit_refuse(conn->server, limit, payer_of(conn));
}

void payer_forget_requests(struct ipclocker_server *server)
{
    account_book_forget_requests(&server->accounts);
    memset(server->owner_locks, 0, sizeof server->owner_locks);
}

static void count_locks(struct ipclocker_server *server, struct lock_request *request, size_t locks)
{
    struct account *payer = request->payer;

    payer->locks += locks;
    if (!counts_owners(server, payer))
        return;
    request->is_counted = true;
    *owner_locks(server, request->owner) += (uint32_t)locks;
}

/* As much as it was, whatever a reload makes of its seats. */
static void count_wait(struct lock_request *request)
{
    struct account *payer = request->payer;

    request->weight = (uint32_t)weight(request->seat_count);
    payer->waiters += request->weight;
}

void payer_take(struct conn *conn, struct lock_request *request)
{
    if (request->payer != NULL)
        return;
    request->payer = payer_of(conn);
    if (request->state == LOCK_WAITING)
        count_wait(request);
    else
        count_locks(conn->server, request, request->held_count);
}

void payer_on_event(struct ipclocker_server *server, const struct lock_event *event)
{
    struct lock_request *request = event->request;
    struct account *payer = request->payer;

    if (payer == NULL)
        return;
    if (event->kind == LOCK_EVENT_GRANTED) {
        payer->waiters -= request->weight;
        count_locks(server, request, request->held_count);
    } else if (event->kind == LOCK_EVENT_LEFT) {
        payer->waiters -= request->weight;
    } else if (event->kind == LOCK_EVENT_RELEASED) {
        payer->locks--;
        if (request->is_counted)
            --*owner_locks(server, request->owner);
    }
}
