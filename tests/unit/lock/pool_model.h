/* A plain model of the lock table with pools and rules: the rule of lib/lock/README.md as arrays
 * and linear scans, to hold the real one against.  Locks and seats are numbers of names; what rules
 * say of a request is asked of pool_rules.h, which has tests of its own.
 */
#ifndef FARMLOCK_POOL_MODEL_H
#define FARMLOCK_POOL_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lock/pool_rules.h"
#include "lock/pools.h"
#include "pool_model_config.h"

enum {
    PM_LIVE = 40,
    PM_GROUPS = 3,
    PM_WORDS = 6,
    PM_CREDITS = 16,
    PM_EVENTS = 512,
    PM_SHARES = 8,
};

struct pm_words {
    int group_count;
    struct {
        int count, word_count;
        int words[PM_WORDS];
    } groups[PM_GROUPS];
};

struct pm_ask {
    int owner, user, project, host, job; /* -1 where not known */
    int priority;
    bool wait;
    int64_t hold_ms, keep_ms;
    struct pm_words words;
};

struct pm_group {
    int pool; /* -1: single names */
    int needed, taken;
    int set_count;
    int set[PM_NAMES]; /* names that it may have, in order */
    bool is_whole, is_queued;
};

struct pm_credit {
    int kind, pool, line;
    char value[16];
    uint32_t limit;
};

struct pm_tie {
    int pool;
    int reserve_class;
    char share[16];
    uint32_t weight;
    int64_t order_ms;
};

enum pm_stage { PM_NOWHERE, PM_ASIDE, PM_HELD_BACK, PM_CANDIDATE, PM_SELECTED };

struct pm_request {
    struct pm_ask ask;
    uint64_t ticket, token;
    enum lock_request_state state;
    enum pm_stage stage;
    bool is_out; /* on its way, in a reload */
    bool present, away, is_unknown, is_looking, has_rules, is_charged;
    int returned[PM_POOLS]; /* of what it wants, while it gives that back */
    int64_t asked_ms, base_ms, deadline_ms, granted_ms, hold_ms;
    bool keeps; /* the longest keep_ms that it was asked with, from the grant on */
    int64_t keep_ms, keep_until_ms;
    int group_count, tie_count, credit_count, credits_taken;
    struct pm_group groups[PM_GROUPS];
    struct pm_tie ties[PM_POOLS];
    struct pm_credit credits[PM_CREDITS];
};

/* A name: who has it. */
struct pm_lock {
    uint64_t ticket;       /* 0 for nobody */
    bool is_held, is_kept; /* its owner is done with it */
    int group;             /* of the request */
    bool offline;
    int leaving; /* the pool that it is to leave, or -1 */
    uint64_t released;
};

struct pm_share {
    char value[16];
    uint64_t pass;
};

struct pm_pool {
    bool is_declared;
    const struct pool_config *config;
    uint64_t serial, releases, virtual_time;
    uint32_t outside;
    int share_count;
    struct pm_share shares[PM_SHARES];
};

struct pm_event {
    enum lock_event_kind kind;
    uint64_t ticket;
    int name;
};

struct pool_model {
    int64_t now_ms, latest_ms;
    uint64_t next_ticket, next_token, next_serial;
    struct pm_config *config;
    struct pm_pool pools[PM_POOLS];
    struct pm_lock locks[PM_NAMES];
    int request_count;
    struct pm_request requests[PM_LIVE]; /* by ticket */
    bool is_restoring;
    int event_count;
    struct pm_event events[PM_EVENTS];
    uint64_t robbed, mended, set_aside; /* how often */
};

void pm_init(struct pool_model *model);

/* The steps. */
void pm_declare(struct pool_model *model, struct pm_config *config);
enum lock_outcome pm_ask(struct pool_model *model, const struct pm_ask *ask);
void pm_end(struct pool_model *model, uint64_t ticket);
void pm_end_by_owner(struct pool_model *model, uint64_t ticket); /* or his process, or job */
bool pm_break(struct pool_model *model, int name);
void pm_expire(struct pool_model *model);
size_t pm_end_job(struct pool_model *model, int job);
size_t pm_unlock(struct pool_model *model, int owner, int name);
void pm_set_present(struct pool_model *model, uint64_t ticket, bool present);
void pm_set_away(struct pool_model *model, uint64_t ticket);
void pm_set_offline(struct pool_model *model, int name, bool offline);
void pm_set_outside(struct pool_model *model, int pool, uint32_t seats);

/* Inner questions and moves, for its own files. */
struct pm_request *pm_by_ticket(struct pool_model *model, uint64_t ticket);
int pm_pool_of(const struct pool_model *model, int name); /* whose seat a name is, or -1 */
int pm_pool_named(const struct pool_model *model, int name);
int pm_size(const struct pm_pool *pool);
int pm_free(const struct pool_model *model, int pool);
int pm_taken(struct pool_model *model, int pool, int reserve_class);
int pm_unmet(struct pool_model *model, int pool, int reserve_class);
int pm_room(struct pool_model *model, int pool, int reserve_class);
int pm_slack(struct pool_model *model, int pool);
int pm_outside(const struct pool_model *model, int pool);
bool pm_is_within_part(struct pool_model *model, int pool, const struct pm_tie *tie);
bool pm_is_there(const struct pool_model *model, int name);
bool pm_is_free(const struct pool_model *model, int name);
struct pm_tie *pm_tie(struct pm_request *request, int pool);
int pm_amount(const struct pool_model *model, const struct pm_request *request, int pool);
uint32_t pm_used(struct pool_model *model, const struct pm_credit *credit);
bool pm_group_has(const struct pm_group *group, int name);
bool pm_keeps_room(const struct pool_model *model, int pool);
bool pm_is_aside(struct pool_model *model, struct pm_request *request, enum lock_rule *rule);
/* Whether one of its groups lacks just the seats that are offline. */
bool pm_waits_for_offline(const struct pool_model *model, struct pm_request *request);
bool pm_resolve(struct pool_model *model, struct pm_request *request);
void pm_judge(struct pool_model *model, struct pm_request *request, enum lock_rule *refused);
void pm_report(struct pool_model *model, enum lock_event_kind kind,
               const struct pm_request *request, int name);

int pm_base(int pool); /* the first name of its seats */
uint32_t pm_use(struct pool_model *model, int pool, const char *share);
struct pm_share *pm_share(struct pool_model *model, int pool, const char *value);
bool pm_wants(const struct pm_request *request, int name);
bool pm_is_full(const struct pm_request *request);
void pm_withdraw(struct pool_model *model, struct pm_request *request);
void pm_hand_over(struct pool_model *model, int name, bool grants);
void pm_queue_all(struct pm_request *request);
bool pm_has_all_free(struct pool_model *model, struct pm_request *request);
void pm_reconsider(struct pool_model *model, int pool);
bool pm_is_same_counter(const struct pm_credit *a, const struct pm_credit *b);
bool pm_charge_before(const struct pm_credit *a, const struct pm_credit *b,
                      const struct pool_model *model);

void pm_release(struct pool_model *model, int name);
void pm_give_back(struct pool_model *model, int name); /* it is released, or kept */

/* Of all that a request holds, in its order; -1 for none. */
enum pm_which { PM_ALL, PM_KEPT, PM_NOT_KEPT };
int pm_next_held(const struct pool_model *model, const struct pm_request *request,
                 enum pm_which which);

void pm_ask_to_keep(struct pm_request *request, int64_t keep_ms);
void pm_begin_keep(struct pm_request *request);
bool pm_is_done(const struct pool_model *model, const struct pm_request *request);
struct pm_request *pm_first_kept(struct pool_model *model); /* whose time is over; NULL */
void pm_end_keep(struct pool_model *model, uint64_t ticket);

void pm_promise(struct pool_model *model, struct pm_request *request, int group, int name);
int pm_find_free(struct pool_model *model, const struct pm_request *request,
                 const struct pm_group *group);
bool pm_is_promise(struct pool_model *model, int name);
void pm_stand_nowhere(struct pm_request *request);
bool pm_is_declared(const struct pool_model *model, int name);
bool pm_owns(struct pool_model *model, int owner, int name);

void pm_enter(struct pool_model *model, struct pm_request *request);
void pm_come_back(struct pool_model *model, struct pm_request *request);
bool pm_could_collect(struct pool_model *model, struct pm_request *request);
void pm_collect(struct pool_model *model, struct pm_request *request);
void pm_grant_if_full(struct pool_model *model, struct pm_request *request);
void pm_settle(struct pool_model *model);
void pm_mend(struct pool_model *model, int pool);
void pm_serve(struct pool_model *model, int pool, int name);
void pm_pass_on(struct pool_model *model, int name, int pool);
void pm_resume(struct pool_model *model);
void pm_end_promise(struct pool_model *model, int name);
bool pm_would_pass(struct pool_model *model, struct pm_request *request);

#endif
