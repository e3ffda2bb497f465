/* Random operations for the lock table's model test.
 * Must not touch the table or change the model. */
#include "lock_operation.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *const play_names[MODEL_NAMES] = {"a", "b", "c", "d", "e", "f"};
const char *const play_owners[MODEL_OWNERS] = {"olga", "omar", "otto", "owen", "ozzy"};
const char *const play_hosts[PLAY_HOSTS] = {"farm1", "farm2"};
const char *const play_jobs[PLAY_JOBS] = {"7", "8", "9"};
const char *const play_boots[2] = {"boot1", "boot2"};

uint64_t play_random(uint64_t *state, uint64_t below)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return (z ^ (z >> 31)) % below;
}

static int pick(uint64_t *state, int below)
{
    return (int)play_random(state, (uint64_t)below);
}

static bool chance(uint64_t *state, int percent)
{
    return pick(state, 100) < percent;
}

/* Everything of an ask that a renewal replaces. */
static void choose_terms(struct model_ask *ask, uint64_t *state)
{
    ask->host = pick(state, PLAY_HOSTS + 1) - 1;
    ask->job = chance(state, 60) ? pick(state, PLAY_JOBS) : MODEL_NOBODY;
    ask->pid = pick(state, PLAY_PIDS + 1);
    ask->start = pick(state, 3);
    ask->boot = pick(state, 3) - 1;
    ask->pid_namespace = pick(state, 3);
    ask->wait = chance(state, 80);
    ask->autounlock = chance(state, 60);
    ask->hold_ms = chance(state, 50) ? 0 : 1 + pick(state, 60);
    ask->most_ms = chance(state, 80) ? 0 : 20 + pick(state, 60);
    ask->keep_ms = chance(state, 85) ? 0 : 1 + pick(state, 40);
    ask->until_boot = chance(state, 4);
}

/* Names are dealt like cards, so that most demands are sound, but some cards come twice. */
static void choose_demand(struct model_ask *ask, uint64_t *state)
{
    int cards[MODEL_NAMES] = {0}, next = 0;

    for (int i = 0; i < MODEL_NAMES; i++) {
        int k = pick(state, i + 1);

        cards[i] = cards[k];
        cards[k] = i;
    }
    ask->group_count = chance(state, 50) ? 1 : 1 + pick(state, MODEL_GROUPS);
    for (int g = 0; g < ask->group_count; g++) {
        struct model_group *group = &ask->groups[g];

        group->name_count = 1 + pick(state, g == 0 ? MODEL_GROUP_NAMES : 2);
        for (int i = 0; i < group->name_count; i++)
            group->names[i] =
                chance(state, 5) ? pick(state, MODEL_NAMES) : cards[next++ % MODEL_NAMES];
        group->shared = chance(state, 30);
        group->count = chance(state, 65) ? 1 : 1 + pick(state, group->name_count);
        if (chance(state, 2))
            group->count = pick(state, 2) * (group->name_count + 1);
    }
}

static void change_group(struct model_group *group, uint64_t *state)
{
    int last = group->name_count - 1;
    int other = pick(state, group->name_count), name = group->names[other];

    switch (pick(state, 6)) {
    case 0: /* another order */
        group->names[other] = group->names[last];
        group->names[last] = name;
        break;
    case 1: /* fewer names */
        if (last > 0)
            group->name_count = last;
        break;
    case 2: /* one more, or one twice */
        if (last + 1 < MODEL_GROUP_NAMES)
            group->names[group->name_count++] = chance(state, 50) ? name : pick(state, MODEL_NAMES);
        break;
    case 3:
        group->shared = !group->shared;
        break;
    case 4:
        group->count += chance(state, 50) ? 1 : -1;
        break;
    default: /* just one of them */
        group->names[0] = name;
        group->name_count = 1;
        group->count = 1;
    }
}

/* What a live request asked for, once more or nearly so. */
static void choose_repetition(struct model_ask *ask, const struct model *model, uint64_t *state)
{
    const struct model_request *request = &model->requests[pick(state, model->request_count)];
    const struct model_group first = request->said.groups[0];

    *ask = request->said;
    choose_terms(ask, state);
    if (chance(state, 45))
        return;
    if (chance(state, 15)) {
        ask->groups[0] = ask->groups[ask->group_count - 1];
        ask->groups[ask->group_count - 1] = first;
        return;
    }
    if (ask->group_count > 1 && chance(state, 30))
        ask->group_count--;
    change_group(&ask->groups[pick(state, ask->group_count)], state);
}

static void choose_ask(struct operation *operation, const struct model *model, uint64_t *state)
{
    operation->kind = OPERATION_ASK;
    if (model->request_count > 0 && chance(state, 25)) {
        choose_repetition(&operation->ask, model, state);
        return;
    }
    operation->ask.owner = pick(state, MODEL_OWNERS);
    choose_terms(&operation->ask, state);
    choose_demand(&operation->ask, state);
}

static void choose_unlock(struct operation *operation, const struct model *model, uint64_t *state)
{
    operation->kind = OPERATION_UNLOCK;
    operation->owner = pick(state, MODEL_OWNERS);
    if (model->request_count > 0 && chance(state, 70))
        operation->owner = model->requests[pick(state, model->request_count)].ask.owner;
    operation->name_count = pick(state, MODEL_GROUP_NAMES + 1);
    for (int i = 0; i < operation->name_count; i++)
        operation->names[i] = pick(state, MODEL_NAMES);
}

static void choose_ticket(struct operation *operation, enum operation_kind kind,
                          const struct model *model, uint64_t *state)
{
    static const enum lock_reason reasons[] = {LOCK_REASON_UNLOCK, LOCK_REASON_BREAK,
                                               LOCK_REASON_DEAD, LOCK_REASON_GONE};

    operation->kind = kind;
    operation->ticket = model->requests[pick(state, model->request_count)].ticket;
    operation->present = chance(state, 50);
    operation->reason = reasons[pick(state, 4)];
}

struct operation operation_random(struct model *model, uint64_t *state)
{
    struct operation operation = {.now_ms = model->now_ms + pick(state, 3)};
    int die = pick(state, 1000);

    if (die < 450)
        choose_ask(&operation, model, state);
    else if (die < 700)
        choose_unlock(&operation, model, state);
    else if (die < 740)
        operation.kind = OPERATION_BREAK;
    else if (die < 780 && model->request_count > 0)
        choose_ticket(&operation, OPERATION_END, model, state);
    else if (die < 800)
        operation.kind = OPERATION_END_PROCESS;
    else if (die < 815)
        operation.kind = OPERATION_END_JOB;
    else if (die < 830 && model->request_count > 0)
        choose_ticket(&operation, OPERATION_FOLLOW, model, state);
    else if (die < 845 && model->request_count > 0)
        choose_ticket(&operation, OPERATION_EXTEND, model, state);
    else if (die < 860 && model->request_count > 0)
        choose_ticket(&operation, OPERATION_BOOTED, model, state);
    else if (die < 872)
        operation.kind = OPERATION_SET_OFFLINE;
    else if (die < 998 && die >= 950 && model->request_count > 0)
        choose_ticket(&operation, OPERATION_SET_AWAY, model, state);
    else if (die < 998 && die >= 880 && model->request_count > 0)
        choose_ticket(&operation, OPERATION_SET_PRESENT, model, state);
    else if (die < 998)
        operation.kind = OPERATION_EXPIRE;
    else
        operation.kind = OPERATION_SET_COUNTERS;
    operation.host = pick(state, PLAY_HOSTS);
    operation.pid = pick(state, PLAY_PIDS + 1);
    operation.job = pick(state, PLAY_JOBS);
    if (operation.kind == OPERATION_SET_OFFLINE)
        operation.present = chance(state, 60);
    if (operation.kind == OPERATION_BREAK || operation.kind == OPERATION_SET_OFFLINE)
        operation.names[0] = pick(state, MODEL_NAMES);
    if (operation.kind == OPERATION_SET_COUNTERS) {
        operation.ticket = model->next_ticket + play_random(state, 100);
        operation.token = model->next_token + play_random(state, 100);
    }
    return operation;
}

static void __attribute__((format(printf, 2, 3))) add(char text[PLAY_TEXT], const char *format, ...)
{
    size_t len = strlen(text);
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text + len, PLAY_TEXT - len, format, arguments);
    va_end(arguments);
}

static void describe_ask(const struct model_ask *ask, char text[PLAY_TEXT])
{
    add(text, "%s asks for", play_owners[ask->owner]);
    for (int g = 0; g < ask->group_count; g++) {
        add(text, "%s %d %sof", g > 0 ? " and" : "", ask->groups[g].count,
            ask->groups[g].shared ? "shared " : "");
        for (int i = 0; i < ask->groups[g].name_count; i++)
            add(text, " %s", play_names[ask->groups[g].names[i]]);
    }
    add(text, "; host %s pid %d job %s hold %" PRId64 " of %" PRId64 " keep %" PRId64 "%s%s%s",
        ask->host >= 0 ? play_hosts[ask->host] : "-", ask->pid,
        ask->job >= 0 ? play_jobs[ask->job] : "-", ask->hold_ms, ask->most_ms, ask->keep_ms,
        ask->until_boot ? " until boot" : "", ask->wait ? " wait" : "",
        ask->autounlock ? " autounlock" : "");
}

void operation_describe(const struct operation *operation, char text[PLAY_TEXT])
{
    text[0] = '\0';
    add(text, "at %" PRId64 ": ", operation->now_ms);
    switch (operation->kind) {
    case OPERATION_ASK:
        describe_ask(&operation->ask, text);
        break;
    case OPERATION_UNLOCK:
        add(text, "%s unlocks", play_owners[operation->owner]);
        for (int i = 0; i < operation->name_count; i++)
            add(text, " %s", play_names[operation->names[i]]);
        break;
    case OPERATION_BREAK:
        add(text, "break %s", play_names[operation->names[0]]);
        break;
    case OPERATION_SET_OFFLINE:
        add(text, "%s is %s", play_names[operation->names[0]],
            operation->present ? "back" : "offline");
        break;
    case OPERATION_END:
        add(text, "end ticket %" PRIu64 " reason %d", operation->ticket, operation->reason);
        break;
    case OPERATION_END_PROCESS:
        add(text, "end process %s %d", play_hosts[operation->host], operation->pid);
        break;
    case OPERATION_END_JOB:
        add(text, "end job %s", play_jobs[operation->job]);
        break;
    case OPERATION_EXPIRE:
        add(text, "expire");
        break;
    case OPERATION_SET_PRESENT:
        add(text, "ticket %" PRIu64 " is %s", operation->ticket,
            operation->present ? "present" : "absent");
        break;
    case OPERATION_SET_AWAY:
        add(text, "ticket %" PRIu64 " is away", operation->ticket);
        break;
    case OPERATION_BOOTED:
        add(text, "the host of ticket %" PRIu64 " has booted", operation->ticket);
        break;
    case OPERATION_EXTEND:
        add(text, "ticket %" PRIu64 " is extended by %d to %d", operation->ticket,
            operation->pid + 1, operation->host * 50);
        break;
    case OPERATION_FOLLOW:
        add(text, "ticket %" PRIu64 " is of pid %d", operation->ticket, operation->pid);
        break;
    default:
        add(text, "counters %" PRIu64 " %" PRIu64, operation->ticket, operation->token);
    }
}
