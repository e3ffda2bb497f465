/* How a request comes to single locks that others were promised meanwhile.
 * Must not touch a grant. */
#include "collect.h"

#include "grant.h"
#include "overlap.h"
#include "pool_tree.h"
#include "sharing.h"

void lock_look_again(struct lock_table *table, struct lock_request *request)
{
    struct lock_request **at = &table->looking;

    if (request->is_looking)
        return;
    while (*at != NULL && (*at)->ticket < request->ticket)
        at = &(*at)->looking_next;
    request->is_looking = true;
    request->looking_next = *at;
    *at = request;
}

struct lock_request *lock_next_to_look(struct lock_table *table)
{
    struct lock_request *request = table->looking;

    if (request == NULL)
        return NULL;
    table->looking = request->looking_next;
    request->is_looking = false;
    return request;
}

/* The first free lock of a group, from `first` to before `end`; else the one that is promised to
 * the highest later ticket.  NULL when there is none. */
static struct lock_seat *find_single(struct lock_seat *first, const struct lock_seat *end)
{
    struct lock_seat *best = NULL;
    uint64_t last = first->request->ticket;
    uint8_t open = lock_overlap_open(first->request);

    for (struct lock_seat *seat = first; seat < end; seat++) {
        if (seat->state != LOCK_SEAT_PROMISED &&
            lock_is_there_for(seat->lock, seat->is_shared, last) && lock_overlap_fits(seat, open))
            return seat;
    }
    for (struct lock_seat *seat = first; seat < end; seat++) {
        const struct lock_seat *taken = seat->lock->taken;

        if (taken == NULL || !pool_seat_is_promise(taken) || taken->request->ticket <= last ||
            (seat->is_shared && taken->is_shared) || !lock_overlap_fits(seat, open))
            continue;
        best = seat;
        last = taken->request->ticket;
    }
    return best;
}

void lock_end_promise(struct lock_table *table, struct lock_seat *seat)
{
    lock_group_lose(seat);
    lock_overlap_lose(seat);
    lock_untake(seat);
    seat->state = LOCK_SEAT_NONE;
    lock_look_again(table, seat->request);
}

/* Who was promised a lock with other readers, and has a later ticket, is behind who waits for it
 * alone now: else the two could wait for each other. */
static void end_later_readers(struct lock_table *table, struct lock_seat *seat)
{
    struct lock_seat *reader;

    while (!seat->is_shared && (reader = lock_last_reader(seat->lock)) != NULL &&
           reader->state == LOCK_SEAT_PROMISED && reader->request->ticket > seat->request->ticket)
        lock_end_promise(table, reader);
}

void lock_let_reader_look(struct lock_table *table, const struct lock *lock)
{
    const struct tree_node *first = lock_has_readers(lock) ? tree_first(&lock->queue) : NULL;
    const struct lock_seat *seat =
        first != NULL ? tree_entry(first, const struct lock_seat, queue_node) : NULL;

    if (seat != NULL && seat->is_shared)
        lock_look_again(table, seat->request);
}

void lock_queue_singles(struct lock_seat *first, const struct lock_seat *end)
{
    uint8_t open = lock_overlap_open(first->request);

    for (struct lock_seat *seat = first; seat < end; seat++) {
        if (seat->state != LOCK_SEAT_NONE || !lock_overlap_fits(seat, open))
            continue;
        seat->state = LOCK_SEAT_QUEUED;
        tree_insert(&seat->lock->queue, &seat->queue_node);
    }
}

void lock_collect_group(struct lock_table *table, struct lock_seat *first,
                        const struct lock_seat *end)
{
    const struct lock_group_progress *group = &first->request->groups[first->group];
    uint8_t open;

    while (group->taken < group->needed) {
        struct lock_seat *seat = find_single(first, end);

        if (seat == NULL)
            break;
        if (seat->state == LOCK_SEAT_QUEUED)
            lock_seat_leave_queue(seat);
        if (seat->lock->taken != NULL && !seat->lock->taken->is_shared)
            lock_end_promise(table, seat->lock->taken);
        end_later_readers(table, seat);
        lock_seat_promise(seat);
        for (seat = first; seat < end; seat++)
            lock_let_reader_look(table, seat->lock);
    }
    open = lock_overlap_open(first->request);
    for (struct lock_seat *seat = first; group->taken < group->needed && seat < end; seat++) {
        if (lock_overlap_fits(seat, open))
            end_later_readers(table, seat);
    }
    if (group->taken < group->needed)
        lock_queue_singles(first, end);
}

uint32_t lock_end_of_group(const struct lock_request *request, uint32_t first)
{
    uint32_t end = first;

    while (end < request->seat_count && request->seats[end].group == request->seats[first].group)
        end++;
    return end;
}

bool lock_can_collect_one(const struct lock_request *request)
{
    struct lock_seat *first = (struct lock_seat *)request->seats;

    return find_single(first, first + request->seat_count) != NULL;
}

void lock_collect(struct lock_table *table, struct lock_request *request)
{
    for (uint32_t first = 0, end; first < request->seat_count; first = end) {
        end = lock_end_of_group(request, first);
        lock_collect_group(table, &request->seats[first], &request->seats[end]);
    }
}

void lock_settle(struct lock_table *table, int64_t now_ms)
{
    struct lock_request *request;

    while ((request = lock_next_to_look(table)) != NULL) {
        lock_collect(table, request);
        lock_request_grant_if_ready(table, request, now_ms);
    }
}
