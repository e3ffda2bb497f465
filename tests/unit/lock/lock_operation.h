/* Random operations on a lock table and on its model: made, described, told apart by number. */
#ifndef FARMLOCK_LOCK_OPERATION_H
#define FARMLOCK_LOCK_OPERATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lock_model.h"

enum { PLAY_HOSTS = 2, PLAY_JOBS = 3, PLAY_PIDS = 3, PLAY_TEXT = 512 };

/* What the model's numbers stand for. */
extern const char *const play_names[MODEL_NAMES];
extern const char *const play_owners[MODEL_OWNERS];
extern const char *const play_hosts[PLAY_HOSTS];
extern const char *const play_jobs[PLAY_JOBS];
extern const char *const play_boots[2];

enum operation_kind {
    OPERATION_ASK,
    OPERATION_UNLOCK,
    OPERATION_BREAK,
    OPERATION_END,
    OPERATION_END_PROCESS,
    OPERATION_END_JOB,
    OPERATION_EXPIRE,
    OPERATION_SET_PRESENT,
    OPERATION_SET_AWAY, /* nothing, where the request does not wait */
    OPERATION_FOLLOW,
    OPERATION_EXTEND, /* by `pid`, to `host` times 50 in all; nothing, where it is not held */
    OPERATION_BOOTED,
    OPERATION_SET_OFFLINE, /* or back, as `present` has it */
    OPERATION_SET_COUNTERS,
    OPERATION_KINDS,
};

/* Of the fields behind `now_ms`, those that the kind needs. */
struct operation {
    enum operation_kind kind;
    int64_t now_ms;
    struct model_ask ask;
    int owner, name_count;
    int names[MODEL_GROUP_NAMES];
    uint64_t ticket; /* of a live request; for SET_COUNTERS the next one */
    uint64_t token;
    enum lock_reason reason;
    int host, pid, job;
    bool present;
};

/* SplitMix64 (G. Steele, D. Lea, C. Flood, OOPSLA 2014): any seed is a good one. */
uint64_t play_random(uint64_t *state, uint64_t below);

/* The next operation on a table that looks like the model, at or after the model's time. */
struct operation operation_random(struct model *model, uint64_t *state);

/* Says what the operation is, to replay it by hand. */
void operation_describe(const struct operation *operation, char text[PLAY_TEXT]);

#endif
