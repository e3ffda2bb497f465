/* A plain model of the lock table: the contract of lock/table.h written down as arrays and linear
 * scans, to hold the real one against.  Names, owners, hosts and jobs are small numbers.
 */
#ifndef FARMLOCK_LOCK_MODEL_H
#define FARMLOCK_LOCK_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lock/table.h"

enum {
    MODEL_NAMES = 6,
    MODEL_OWNERS = 5,
    MODEL_GROUPS = 3,
    MODEL_GROUP_NAMES = 4,
    MODEL_SEATS = MODEL_NAMES,
    MODEL_LIVE = 400, /* an owner names a lock once, but for those that are kept for readers */
    MODEL_EVENTS = 256,
    MODEL_NOBODY = -1,
};

struct model_group {
    int name_count;
    int names[MODEL_GROUP_NAMES];
    int count;
    bool shared;
};

struct model_ask {
    int owner;
    int group_count;
    struct model_group groups[MODEL_GROUPS];
    int host, job; /* MODEL_NOBODY where not known */
    int pid, start, boot, pid_namespace;
    bool wait, autounlock, until_boot;
    int64_t hold_ms, keep_ms, most_ms;
};

struct model_seat {
    int name, group;
    enum lock_seat_state state;
    bool named; /* false once granted elsewhere or given back */
    bool is_kept;
};

/* Groups of an ask that have names in common: the request has one of them, in which each of these
 * parts is to have its own. */
struct model_parts {
    int count, group; /* 0: none overlap */
    struct model_group groups[MODEL_GROUPS];
};

struct model_request {
    struct model_ask ask; /* where groups overlap they are one here, without names */
    struct model_parts parts;
    struct model_ask said; /* when it was made, as it was said */
    enum lock_request_state state;
    uint64_t ticket, token;
    bool present, away;
    bool keeps; /* until then, and the boot that its ask has */
    int64_t keep_until_ms;
    bool missed_some; /* some day, or robbed: others may hold what it would have got otherwise */
    bool looks;       /* it was robbed, and is to look for another lock */
    int64_t asked_ms, granted_ms, deadline_ms;
    int seat_count;
    struct model_seat seats[MODEL_SEATS];
};

struct model_event {
    enum lock_event_kind kind;
    enum lock_reason reason;
    enum lock_request_state state;
    uint64_t ticket, token;
    int name;
};

struct model {
    int64_t now_ms; /* set before a step */
    uint64_t next_ticket, next_token;
    int request_count;
    struct model_request requests[MODEL_LIVE + 1]; /* by ticket; one more while it is looked at */
    bool offline[MODEL_NAMES];
    int event_count;
    struct model_event events[MODEL_EVENTS]; /* of the last step */
};

struct model_result {
    enum lock_outcome outcome;
    uint64_t ticket; /* 0 where there is no request */
    int name;
};

void model_init(struct model *model);

/* The steps, as those of lock/table.h. */
struct model_result model_ask(struct model *model, const struct model_ask *ask);
size_t model_unlock(struct model *model, int owner, const int *names, int name_count,
                    size_t *first);
bool model_break(struct model *model, int name);
void model_end(struct model *model, uint64_t ticket, enum lock_reason reason);
size_t model_end_process(struct model *model, int host, int pid);
size_t model_end_job(struct model *model, int job);
void model_expire(struct model *model);
void model_set_present(struct model *model, uint64_t ticket, bool present);
bool model_set_away(struct model *model, uint64_t ticket);

void model_set_offline(struct model *model, int name, bool offline);

void model_follow(struct model *model, uint64_t ticket, int pid, int start);

bool model_extend(struct model *model, uint64_t ticket, int64_t add_ms, int64_t most_ms);

void model_booted(struct model *model, uint64_t ticket);

/* What is kept; for the model itself, like the next. */
void model_ask_to_keep(struct model_request *request, const struct model_ask *ask);
void model_begin_keep(struct model_request *request);
bool model_keep(struct model *model, struct model_request *request, int name,
                enum lock_reason reason);
int64_t model_next_keep_end(const struct model *model);
uint64_t model_first_kept(const struct model *model);
void model_end_keep(struct model *model, uint64_t ticket);
void model_release(struct model *model, uint64_t ticket, int name, enum lock_reason reason);

/* For the model itself: a request takes what it may have, also what later tickets were promised,
 * and queues for the rest; whether one that needs one lock could have it so; who was robbed looks
 * again; a request that has all it wants, and is there, is granted it; a lock is set aside for a
 * request, which leaves the queues of its group that are of no use any more (returns which group).
 */
void model_collect(struct model *model, struct model_request *request);
void model_end_promises(struct model *model, int name);
bool model_could_collect(struct model *model, const struct model_request *request);
void model_settle(struct model *model);
void model_grant_if_full(struct model *model, struct model_request *request);
int model_promise(struct model_request *request, int name);

/* Notes an event of the step; for the model itself. */
void model_report(struct model *model, enum lock_event_kind kind, enum lock_reason reason,
                  const struct model_request *request, int name);

/* The questions.  A taker holds a lock, or was promised it. */
bool model_has(const struct model_request *request, int name);
bool model_waits_in(const struct model_request *request, int name);
bool model_wants(const struct model_request *request, int name);
bool model_is_kept(const struct model_request *request, int name);
bool model_is_done(const struct model_request *request);
struct model_request *model_taker(struct model *model, int name);
bool model_is_there(struct model *model, const struct model_request *request, int name);
bool model_shares(const struct model_request *request, int name);
struct model_request *model_by_ticket(struct model *model, uint64_t ticket);
struct model_request *model_find(struct model *model, int owner, int name);
struct model_request *model_holder(struct model *model, int name);
struct model_request *model_blocker(struct model *model, const struct model_request *request,
                                    int *name);
size_t model_position(const struct model *model, const struct model_request *request);
size_t model_queue_length(const struct model *model, int name);
int64_t model_next_deadline(const struct model *model);
bool model_is_of_use(const struct model_request *request, int name);
int model_matched(const struct model_request *request, const bool has[MODEL_NAMES]);
bool model_merge(struct model_request *request, int *fault);
bool model_counts_fit(const struct model_request *request);
bool model_is_same_demand(const struct model_request *a, const struct model_request *b);
int model_taken(const struct model_request *request, int group);
int model_held_seats(const struct model_request *request);

#endif
