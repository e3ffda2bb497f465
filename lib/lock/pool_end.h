/* How seats of pools come back, and waits for them end. */
#ifndef FARMLOCK_LOCK_POOL_END_H
#define FARMLOCK_LOCK_POOL_END_H

#include "pool_types.h"

/* Passes a seat on that was just given back or taken out of a promise, one at a time. */
void pool_pass_on(struct lock_table *table, struct pool *pool, uint32_t seat, int64_t now_ms);

/* Ends the wait of a request that has to do with pools, behind its event; the request itself is for
 * the caller to free. */
void pool_end_wait(struct lock_table *table, struct lock_request *request, int64_t now_ms);

/* A waiting request that needs one lock stands nowhere until it comes back; its event is told
 * inside. */
void pool_go_away(struct lock_table *table, struct lock_request *request, int64_t now_ms);

/* A held request has ended: nothing ties it to any pool any more. */
void pool_forget_request(struct lock_table *table, struct lock_request *request);

/* Looks anew at who waits for a pool whose capacity has changed: sets those aside who could not be
 * served any more, and lets those in who could. */
void pool_reconsider(struct lock_table *table, struct pool *pool, int64_t now_ms);

/* Lets everybody move on who was put back while the table was restoring. */
void pool_resume(struct lock_table *table, int64_t now_ms);

/* The same where it is known whom that may concern: each of them by ticket, then the pools. */
void pool_resume_one(struct lock_table *table, struct lock_request *request, int64_t now_ms);
void pool_resume_pools(struct lock_table *table, int64_t now_ms);

/* Frees all requests that are tied to pools, without telling anybody. */
void pool_destroy_all(struct lock_table *table);

/* Sees to everybody behind a change of what a pool has, of one seat of it or of its room. */
void pool_look_at(struct lock_table *table, struct pool *pool, uint32_t seat, int64_t now_ms);

#endif
