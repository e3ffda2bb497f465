/* Where questions wait: for their turn, an answer, the next round.
 * Must not decide when they go on, nor send anything. */
#include "states.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/descriptor.h"

/* A host that has been silent this long gets one datagram a round, not all tries. */
enum { SILENT_ROUNDS = 3 };

static int compare_deadlines(const struct tree_node *left, const struct tree_node *right)
{
    const struct asker_question *a = tree_entry(left, struct asker_question, by_due);
    const struct asker_question *b = tree_entry(right, struct asker_question, by_due);

    if (a->due_us != b->due_us)
        return a->due_us < b->due_us ? -1 : 1;
    return (a->number > b->number) - (a->number < b->number);
}

void states_init(struct pidstat_asker *asker)
{
    turns_init(&asker->turns, asker->options.client_rate, asker->options.host_rate);
    asker->deadlines.compare = compare_deadlines;
}

struct asker_question *states_first_due(const struct pidstat_asker *asker)
{
    struct tree_node *first = tree_first(&asker->deadlines);

    return first != NULL ? tree_entry(first, struct asker_question, by_due) : NULL;
}

struct asker_question *states_first_of(const struct queue *queue)
{
    struct queue_entry *first = TAILQ_FIRST(queue);

    /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): a question leaves its queue before it is freed */
    return first != NULL ? tree_entry(first, struct asker_question, in_queue) : NULL;
}

bool states_waits_for_turn(const struct asker_question *question)
{
    return question->queue != NULL && turns_have(question->line, question->queue);
}

/* Takes a question out of whatever it waits in. */
static void leave_state(struct pidstat_asker *asker, struct asker_question *question)
{
    if (states_waits_for_turn(question))
        turns_leave(&asker->turns, question->line, question->queue, &question->in_queue);
    else if (question->queue != NULL)
        TAILQ_REMOVE(question->queue, &question->in_queue, in_queue);
    question->queue = NULL;
    if (question->due_us != 0)
        tree_remove(&asker->deadlines, &question->by_due);
    question->due_us = 0;
}

void states_wait_in(struct pidstat_asker *asker, struct asker_question *question,
                    struct queue *queue)
{
    leave_state(asker, question);
    question->state = QUESTION_QUEUED;
    question->queue = queue;
    TAILQ_INSERT_TAIL(queue, &question->in_queue, in_queue);
}

static enum turn_class class_of(const struct asker_question *question)
{
    bool is_near = host_cache_address_of(question->host, question->peer) >= 0;

    if (question->flags & ASK_URGENT)
        return is_near ? TURN_URGENT_NEAR : TURN_URGENT;
    return is_near ? TURN_NEAR : TURN_ORDINARY;
}

void states_enqueue(struct pidstat_asker *asker, struct asker_question *question)
{
    leave_state(asker, question);
    question->state = QUESTION_QUEUED;
    question->queue = turns_join(&asker->turns, question->line, class_of(question),
                                 &question->in_queue, clock_now_us());
}

void states_wait_until(struct pidstat_asker *asker, struct asker_question *question,
                       enum question_state state, int64_t due_us)
{
    leave_state(asker, question);
    question->state = (unsigned char)state;
    question->due_us = due_us;
    tree_insert(&asker->deadlines, &question->by_due);
}

void states_await_answer(struct pidstat_asker *asker, struct asker_question *question,
                         int64_t due_us)
{
    states_wait_until(asker, question, QUESTION_SENT, due_us);
    question->queue = &question->host->asked;
    TAILQ_INSERT_TAIL(question->queue, &question->in_queue, in_queue);
}

void states_ask_all_again(struct pidstat_asker *asker, struct cached_host *host)
{
    struct asker_question *question;

    while ((question = states_first_of(&host->asked)) != NULL) {
        question->tries_left++;
        states_enqueue(asker, question);
    }
}

void states_begin(struct pidstat_asker *asker, struct asker_question *question)
{
    question->round_us = 0;
    question->refused = false;
    question->tries_left = question->silent_rounds < SILENT_ROUNDS ? question->tries : 1;
    states_enqueue(asker, question);
}

void states_drop(struct pidstat_asker *asker, struct asker_question *question)
{
    leave_state(asker, question);
    question_table_remove(asker->table, question);
    turns_put(&asker->turns, question->line);
    host_cache_put(asker->hosts, question->host);
    descriptor_close(question->fd);
    free(question);
    asker->pending--;
}

bool states_tell(struct pidstat_asker *asker, struct asker_question *question,
                 struct pidstat_result *result)
{
    bool last = !(question->flags & ASK_STANDING) || result->state == PIDSTAT_GONE;

    result->host = question->host->name;
    result->pid = question->pid;
    result->since_us = question->round_us;
    result->is_of_peer = host_cache_address_of(question->host, question->peer) >= 0;
    leave_state(asker, question);
    question->calling = true;
    question->function(question->context, result);
    question->calling = false;
    if (!last && !question->cancelled)
        return true;
    states_drop(asker, question);
    return false;
}
