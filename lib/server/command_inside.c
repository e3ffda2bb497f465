/* INSIDE: locks that are asked for by what runs under others.
 * Must not end a wait but of who says himself that it is for himself. */
#include "command_inside.h"

#include <limits.h>
#include <string.h>

#include "base/number.h"
#include "base/words.h"
#include "context.h"
#include "incarnation.h"
#include "lock/nesting.h"
#include "lock/pools.h"
#include "may.h"
#include "reply.h"
#include "reply_circle.h"
#include "turn.h"

enum { GRANT_COST_US = 1, STEPS_A_US = 5 };

/* A stranger may say what he likes of what is nobody's for sure, but not of a user's. */
static bool may_be_inside(const struct lock_request *inner, const struct lock_request *outer)
{
    return outer->state == LOCK_HELD &&
           (outer->asker.proof == LOCK_CLAIMED ||
            (inner->asker.proof != LOCK_CLAIMED && inner->asker.uid == outer->asker.uid));
}

/* Returns whether it is one. */
static bool add(struct conn *conn, struct lock_request *inner, struct lock_request *outer)
{
    conn->turn_cost_us += GRANT_COST_US;
    if (!may_be_inside(inner, outer))
        return false;
    /* Without memory for it, it waits as it would have. */
    (void)lock_table_set_inside(inner, outer);
    return true;
}

static const char *next_number(char **args, uint64_t max, uint64_t *number)
{
    const char *word = words_next(args);

    return word != NULL && number_parse(word, max, number) == 0 ? word : NULL;
}

/* Of the same host, boot and pid namespace as the asker, who has seen it. */
static bool add_process(struct conn *conn, struct lock_request *inner, char **args, size_t *looks)
{
    struct lock_request *outer = NULL;
    size_t count = 0;
    uint64_t pid, start;

    if (next_number(args, INT_MAX, &pid) == NULL || next_number(args, UINT64_MAX, &start) == NULL)
        return false;
    conn->turn_cost_us += GRANT_COST_US;
    while (inner->process->host != NULL && pid != 0 && start != 0 && count < LOCK_OUTERS_MOST &&
           (outer = lock_table_next_of_process(conn->server->table, inner->process->host, pid,
                                               start, outer, looks)) != NULL) {
        if (incarnation_is_neighbour(conn, outer->process) && add(conn, inner, outer))
            count++;
    }
    return true;
}

/* Of elsewhere, where nobody could see which process has started which: then it is what has been
 * handed down that tells.  Of a process that could be seen it tells nothing, as who has been left
 * behind by it has that too. */
static bool add_grant(struct conn *conn, struct lock_request *inner, char **args)
{
    const char *name, *owner;
    struct lock_request *outer = NULL;
    uint64_t token;
    size_t count = 0;

    if (next_number(args, UINT64_MAX, &token) == NULL || (name = words_next(args)) == NULL ||
        (owner = words_next(args)) == NULL)
        return false;
    conn->turn_cost_us += GRANT_COST_US;
    while (count++ < LOCK_OUTERS_MOST &&
           (outer = lock_table_next_own(conn->server->table, owner, name, outer)) != NULL) {
        if (outer->token == token && !incarnation_is_neighbour(conn, outer->process))
            (void)add(conn, inner, outer);
    }
    return true;
}

static void take_words(struct conn *conn, struct lock_request *inner, char *args)
{
    size_t looks = LOCK_OF_PROCESS_LOOKS;
    const char *word;
    bool goes_on = true;

    for (size_t i = 0; i < LOCK_OUTERS_MOST && goes_on && (word = words_next(&args)) != NULL; i++) {
        goes_on = strcmp(word, "process") == 0
                      ? add_process(conn, inner, &args, &looks)
                      : strcmp(word, "grant") == 0 && add_grant(conn, inner, &args);
    }
    conn->turn_cost_us += (uint32_t)(LOCK_OF_PROCESS_LOOKS - looks) / TURN_LOOKS_A_US;
}

void command_inside(struct conn *conn, char *args)
{
    struct lock_request *request = conn->waiting != NULL ? conn->waiting->claim->request : NULL;
    struct lock_wait_step step;
    size_t steps = 0;
    bool waits_for_itself;

    if (request != NULL)
        take_words(conn, request, args);
    waits_for_itself = request != NULL && lock_table_waits_for_itself(request, &step, &steps);
    conn->turn_cost_us += (uint32_t)(steps / STEPS_A_US);
    if (!waits_for_itself) {
        reply_queue(conn, request);
        return;
    }
    reply_circle_steps(conn, &step, 1);
    lock_table_end(conn->server->table, request, LOCK_REASON_INSIDE, context_now_ms(conn->server));
}
