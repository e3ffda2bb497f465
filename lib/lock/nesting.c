/* Who waits for himself, and who in a circle: by what is inside what.
 * Must not change anything, nor look at more than so many requests. */
#include "nesting.h"

#include "grant.h"
#include "nesting_links.h"
#include "pool_seat.h"
#include "pool_types.h"
#include "sharing.h"

/* So many locks and links are looked at for a circle, however often. */
enum { LOOKS_MOST = 2048 };

/* Requests of which it is asked what would be if they never gave back what they have. */
struct stuck {
    const struct lock_request *nodes[LOCK_OUTERS_MOST];
    size_t count;
    size_t looks; /* that may be taken yet; with none left nobody is stuck */
    size_t steps; /* that were taken, each of which costs about as much */
};

static bool look(struct stuck *stuck)
{
    stuck->looks -= stuck->looks > 0;
    stuck->steps++;
    return stuck->looks > 0;
}

static bool is_stuck(const struct stuck *stuck, const struct lock_request *request)
{
    for (size_t i = 0; i < stuck->count; i++) {
        if (stuck->nodes[i] == request)
            return true;
    }
    return false;
}

/* Who of the stuck has what a seat wants; NULL for none.  Of readers all have to go before a writer
 * can have it, and before a reader behind him can. */
static const struct lock_request *stuck_taker(const struct lock_seat *seat, struct stuck *stuck)
{
    const struct lock *lock = seat->lock;

    for (size_t i = 0; lock->taken != NULL && i < stuck->count && look(stuck); i++) {
        const struct lock_request *node = stuck->nodes[i];

        if (node != seat->request &&
            (lock_has_readers(lock) ? lock_has_reader(lock, node) : lock->taken->request == node))
            return node;
    }
    return NULL;
}

/* Whether too few names of a group of single locks can come free. */
static bool singles_are_short(const struct lock_request *request, uint32_t group,
                              struct stuck *stuck, struct lock_wait_step *step)
{
    uint32_t can_be_had = 0;

    for (uint32_t i = 0; i < request->seat_count; i++) {
        const struct lock_seat *seat = &request->seats[i];
        const struct lock_request *by;

        if (seat->group != group || seat->lock == NULL)
            continue;
        by = seat->state != LOCK_SEAT_PROMISED ? stuck_taker(seat, stuck) : NULL;
        if (by == NULL)
            can_be_had++;
        else
            *step = (struct lock_wait_step){seat->lock->name, by};
    }
    return can_be_had < request->groups[group].needed;
}

/* How many of the seats that a want may choose from are with one request. */
static uint32_t taken_of_want(const struct pool_want *want, const struct lock_request *by,
                              struct stuck *stuck)
{
    const struct pool *pool = want->tie->pool;
    uint32_t taken = 0;

    stuck->steps += by->seat_count;
    for (uint32_t i = 0; i < by->seat_count; i++) {
        const struct lock *lock = by->seats[i].lock;

        taken += lock != NULL && lock->pool == pool && lock->taken == &by->seats[i] &&
                 (want->is_whole || pool_want_has(want, lock->number));
    }
    return taken;
}

static bool want_is_short(const struct pool_want *want, struct stuck *stuck,
                          struct lock_wait_step *step)
{
    const struct pool *pool = want->tie->pool;
    uint32_t most = want->is_whole ? pool->size : want->seat_count, lost = 0;
    uint32_t needed =
        want->is_whole ? want->tie->amount : want->tie->request->groups[want->group].needed;

    for (size_t i = 0; i < stuck->count; i++) {
        const struct lock_request *by = stuck->nodes[i];
        uint32_t taken =
            by != want->tie->request && look(stuck) ? taken_of_want(want, by, stuck) : 0;

        if (taken > 0)
            *step = (struct lock_wait_step){pool->name, by};
        lost += taken;
    }
    return lost > 0 && lost + needed > most;
}

/* What one request has of a limit. */
static uint32_t used_of(const struct pool_counter *counter, const struct lock_request *by)
{
    const struct pool_standing *standing = by->pooled;
    uint32_t used = 0;

    for (uint32_t i = 0; standing != NULL && i < standing->credits_taken; i++) {
        if (standing->credits[i].counter == counter)
            used += standing->credits[i].tie->amount;
    }
    return used;
}

static bool credit_is_short(const struct pool_credit *credit, struct stuck *stuck,
                            struct lock_wait_step *step)
{
    const struct pool_counter *counter = credit->counter;
    uint32_t used = 0;

    for (size_t i = 0; i < stuck->count; i++) {
        const struct lock_request *by = stuck->nodes[i];
        uint32_t more = by != credit->tie->request && look(stuck) ? used_of(counter, by) : 0;

        if (more > 0)
            *step = (struct lock_wait_step){counter->pool->name, by};
        used += more;
    }
    return used > 0 && used + credit->tie->amount > counter->limit;
}

static bool pools_are_short(const struct pool_standing *standing, struct stuck *stuck,
                            struct lock_wait_step *step)
{
    for (uint32_t i = 0; i < standing->want_count; i++) {
        if (want_is_short(&standing->wants[i], stuck, step))
            return true;
    }
    for (uint32_t i = standing->credits_taken; i < standing->credit_count; i++) {
        if (credit_is_short(&standing->credits[i], stuck, step))
            return true;
    }
    return false;
}

/* Whether a waiting request can never be granted if these never give anything back. */
static bool is_short(const struct lock_request *request, struct stuck *stuck,
                     struct lock_wait_step *step)
{
    if (request->away || (request->pooled != NULL && request->pooled->is_unknown))
        return false;
    for (uint32_t g = 0; g < request->group_count; g++) {
        if ((request->pooled == NULL || pool_want_of(request, g) == NULL) &&
            singles_are_short(request, g, stuck, step))
            return true;
    }
    return request->pooled != NULL && pools_are_short(request->pooled, stuck, step);
}

bool lock_table_waits_for_itself(const struct lock_request *request, struct lock_wait_step *step,
                                 size_t *steps)
{
    struct stuck outers = {.looks = SIZE_MAX};
    bool waits;

    if (request->state != LOCK_WAITING)
        return false;
    for (const struct lock_nesting *link = request->outers;
         link != NULL && outers.count < LOCK_OUTERS_MOST; link = link->next_of_inner)
        outers.nodes[outers.count++] = link->outer;
    waits = is_short(request, &outers, step);
    *steps += outers.steps;
    return waits;
}

/* Whoever can only be in somebody's way for ever if others are in his: who waits, or has somebody
 * who does inside. */
static bool may_be_stuck(const struct lock_request *request)
{
    if (request->state == LOCK_WAITING)
        return request->present;
    for (const struct lock_nesting *link = request->inners; link != NULL;
         link = link->next_of_outer) {
        if (link->inner->state == LOCK_WAITING)
            return true;
    }
    return false;
}

/* Returns false where there is no room for another one. */
static bool add(struct stuck *nodes, const struct lock_request *request)
{
    if (!look(nodes))
        return false;
    if (request == NULL || !may_be_stuck(request) || is_stuck(nodes, request))
        return true;
    if (nodes->count == LOCK_CIRCLE_NODES)
        return false;
    nodes->nodes[nodes->count++] = request;
    return true;
}

/* The first holders of a pool, as many as may be looked at. */
static bool add_holders(struct stuck *nodes, const struct pool *pool)
{
    const struct tree_node *node = tree_first(&pool->holders);

    for (size_t i = 0; i < LOCK_OUTERS_MOST && node != NULL; i++) {
        if (!add(nodes, tree_entry(node, const struct pool_tie, holder_node)->request))
            return false;
        node = tree_next(&pool->holders, node);
    }
    return true;
}

/* Whom a request waits for, at once. */
static bool add_next(struct stuck *nodes, const struct lock_request *request)
{
    bool fits = true;

    if (request->state != LOCK_WAITING) {
        for (const struct lock_nesting *link = request->inners; fits && link != NULL;
             link = link->next_of_outer)
            fits = link->inner->state != LOCK_WAITING || add(nodes, link->inner);
        return fits;
    }
    for (uint32_t i = 0; fits && i < request->seat_count; i++) {
        const struct lock *lock = request->seats[i].lock;
        const struct lock_seat *taken =
            lock != NULL && request->seats[i].state != LOCK_SEAT_PROMISED ? lock->taken : NULL;

        for (; fits && taken != NULL; taken = lock_next_taker(taken))
            fits = add(nodes, taken->request);
    }
    for (uint32_t i = 0; fits && request->pooled != NULL && i < request->pooled->tie_count; i++)
        fits = add_holders(nodes, request->pooled->ties[i].pool);
    return fits;
}

/* The first of those inside a grant that is stuck; NULL where none is. */
static const struct lock_request *stuck_inner(const struct lock_request *outer,
                                              const struct stuck *stuck)
{
    for (const struct lock_nesting *link = outer->inners; link != NULL;
         link = link->next_of_outer) {
        if (link->inner->state == LOCK_WAITING && is_stuck(stuck, link->inner))
            return link->inner;
    }
    return NULL;
}

/* Takes those out that can go on when the others cannot, until none can. */
static void release_all(struct stuck *nodes)
{
    for (size_t i = 0; i < nodes->count;) {
        const struct lock_request *node = nodes->nodes[i];
        struct lock_wait_step step;
        bool stays = node->state == LOCK_WAITING ? is_short(node, nodes, &step)
                                                 : stuck_inner(node, nodes) != NULL;

        if (stays) {
            i++;
            continue;
        }
        nodes->nodes[i] = nodes->nodes[--nodes->count];
        i = 0;
    }
}

static bool is_inside(const struct lock_request *inner, const struct lock_request *outer)
{
    for (const struct lock_nesting *link = inner->outers; link != NULL;
         link = link->next_of_inner) {
        if (link->outer == outer)
            return true;
    }
    return inner == outer;
}

/* Whether the last step leads back to where they began, or to one before. */
static bool is_round(const struct lock_request *request, const struct lock_wait_step *steps,
                     size_t last)
{
    for (size_t i = 0; i < last; i++) {
        if (steps[i].by == steps[last].by)
            return true;
    }
    return is_inside(request, steps[last].by);
}

static size_t follow(const struct lock_request *request, struct stuck *stuck,
                     struct lock_wait_step *steps, size_t most)
{
    const struct lock_request *at = request;
    size_t count = 0;

    while (count < most && is_short(at, stuck, &steps[count])) {
        const struct lock_request *by = steps[count++].by;

        if (is_round(request, steps, count - 1))
            break;
        at = by->state == LOCK_WAITING ? by : stuck_inner(by, stuck);
    }
    return count;
}

size_t lock_table_find_circle(const struct lock_request *request, struct lock_wait_step *steps,
                              size_t most)
{
    struct stuck nodes = {.looks = LOOKS_MOST};

    if (request->state != LOCK_WAITING || !add(&nodes, request))
        return 0;
    for (size_t i = 0; i < nodes.count; i++) {
        if (!add_next(&nodes, nodes.nodes[i]))
            return 0;
    }
    release_all(&nodes);
    return is_stuck(&nodes, request) ? follow(request, &nodes, steps, most) : 0;
}

struct lock_request *lock_table_next_of_process(const struct lock_table *table, const char *host,
                                                uint64_t pid, uint64_t start,
                                                const struct lock_request *last, size_t *looks)
{
    struct lock_request first = {.ticket = 0}, *next;
    const struct lock_claimant probe = {
        .host = host, .pid = pid, .start = start, .request = &first};

    while (*looks > 0) {
        --*looks;
        next = lock_request_next_of_process(table, &probe, last);
        if (next == NULL || next->process->start != start)
            return NULL;
        if (next->state == LOCK_HELD)
            return next;
        last = next;
    }
    return NULL;
}

struct lock_request *lock_table_find_of_pid(const struct lock_table *table, const char *host,
                                            uint64_t pid, uint64_t start,
                                            const struct lock_judge *judge, size_t *looks)
{
    struct lock_request first = {.ticket = 0}, *next = NULL;
    const struct lock_claimant probe = {
        .host = host, .pid = pid, .start = start, .request = &first};

    while (*looks > 0) {
        --*looks;
        next = lock_request_next_of_process(table, &probe, next);
        if (next == NULL || (next->autounlock && judge->allows(judge, next)))
            return next;
    }
    return NULL;
}
