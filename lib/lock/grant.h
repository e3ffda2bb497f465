/* The inner moves of the lock table: indexing, queueing, promising, granting, passing on. */
#ifndef FARMLOCK_LOCK_GRANT_H
#define FARMLOCK_LOCK_GRANT_H

#include <stdbool.h>
#include <stdint.h>

#include "types.h"

struct lock_want; /* see request.h */

void lock_table_emit(const struct lock_table *table, enum lock_event_kind kind,
                     enum lock_reason reason, struct lock_request *request, int64_t now_ms);

/* The same of one of its locks, which the seat has still. */
void lock_table_emit_of(const struct lock_table *table, enum lock_event_kind kind,
                        enum lock_reason reason, const struct lock_seat *seat, int64_t now_ms);

void lock_init(struct lock *lock);

/* Makes the lock of a name that the table does not know; NULL when there is no memory.  A lock is
 * forgotten with the last seat that is attached to it, unless it is offline. */
struct lock *lock_create(struct lock_table *table, const char *name);
void lock_forget_if_unused(struct lock_table *table, struct lock *lock);

/* Ties a seat to a lock. */
void lock_seat_attach(struct lock_seat *seat, struct lock *lock);

/* Unties a seat from its lock, which stays in the table until it is passed on or forgotten.  A seat
 * that leaves its queue stays tied.
 */
void lock_seat_detach(struct lock_seat *seat);
void lock_seat_leave_queue(struct lock_seat *seat);

/* Gives up the place or the promise of a waiting seat; and unties it, too. */
void lock_seat_let_go(struct lock_seat *seat);
void lock_seat_withdraw(struct lock_seat *seat);

/* Nobody of a full group may stand at the head of a queue and want nothing. */
void lock_request_leave_queues_of_group(struct lock_request *request, uint32_t group);

/* Sets a lock that nobody has aside for an attached seat, which does not queue. */
void lock_seat_promise(struct lock_seat *seat);

/* Hands a lock that nobody has to the first of its queue, if it is in use, or forgets it. */
void lock_pass_on(struct lock_table *table, struct lock *lock, int64_t now_ms);

/* Ties all seats of a new request to the locks that were found for its demand, and makes the
 * others.  Returns -1 when there is no memory; then none is tied.
 */
int lock_request_attach(struct lock_table *table, struct lock_request *request,
                        const struct lock_want *want);

/* Takes what is free as promises, and queues for the rest of the groups that are not full. */
void lock_request_enter_queues(struct lock_request *request);

/* Whether a request needs one lock only: present, it never waits with a promise. */
bool lock_request_needs_one(const struct lock_request *request);

/* By process and job; a request must be out of these indexes while they change. */
void lock_request_index(struct lock_table *table, struct lock_request *request);
void lock_request_unindex(struct lock_table *table, struct lock_request *request);

/* The first request of a host's pid behind `last`, or with NULL the first one from `probe` on,
 * which says host and pid, and with a start and a ticket where it stands in the index.  NULL at the
 * end. */
struct lock_request *lock_request_next_of_process(const struct lock_table *table,
                                                  const struct lock_claimant *probe,
                                                  const struct lock_request *last);

/* A held request is to end at a time; INT64_MAX for never. */
void lock_request_limit(struct lock_table *table, struct lock_request *request,
                        int64_t deadline_ms);

/* The hold limit, counted from now, for a grant that has one. */
void lock_request_set_deadline(struct lock_table *table, struct lock_request *request,
                               int64_t now_ms);

/* The hold limit of a grant that has one is another. */
void lock_request_put_off(struct lock_table *table, struct lock_request *request,
                          int64_t deadline_ms);

/* All groups are full: nothing but the owner's absence can be in the way of a grant. */
bool lock_request_is_complete(const struct lock_request *request);

/* Grants a complete request, which is not (any more) among those that wait; or one that waits, if
 * it is complete and its owner there. */
void lock_request_grant(struct lock_table *table, struct lock_request *request, int64_t now_ms);
void lock_request_grant_if_ready(struct lock_table *table, struct lock_request *request,
                                 int64_t now_ms);

#endif
