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
    MODEL_LIVE = MODEL_OWNERS * MODEL_NAMES, /* an owner names a lock once */
    MODEL_EVENTS = 256,
    MODEL_NOBODY = -1,
};

struct model_group {
    int name_count;
    int names[MODEL_GROUP_NAMES];
    int count;
};

struct model_ask {
    int owner;
    int group_count;
    struct model_group groups[MODEL_GROUPS];
    int host, job; /* MODEL_NOBODY where not known */
    int pid, start, boot, pid_namespace;
    bool wait, autounlock;
    int64_t hold_ms;
};

struct model_seat {
    int name, group;
    enum lock_seat_state state;
    bool named; /* false once granted elsewhere or given back */
};

struct model_request {
    struct model_ask ask;
    enum lock_request_state state;
    uint64_t ticket, token;
    bool present, away;
    bool was_away; /* some day: others may have what it would have got otherwise */
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

/* The questions.  A taker holds a lock, or was promised it. */
bool model_has(const struct model_request *request, int name);
bool model_waits_in(const struct model_request *request, int name);
bool model_wants(const struct model_request *request, int name);
struct model_request *model_taker(struct model *model, int name);
bool model_has_free(struct model *model, const struct model_request *request);
struct model_request *model_by_ticket(struct model *model, uint64_t ticket);
struct model_request *model_find(struct model *model, int owner, int name);
struct model_request *model_holder(struct model *model, int name);
struct model_request *model_blocker(struct model *model, const struct model_request *request,
                                    int *name);
size_t model_position(const struct model *model, const struct model_request *request);
size_t model_queue_length(const struct model *model, int name);
int64_t model_next_deadline(const struct model *model);
int model_taken(const struct model_request *request, int group);
int model_held_seats(const struct model_request *request);

#endif
