/* The states of an asker's questions: what each waits for, and how it leaves that. */
#ifndef FARMLOCK_PIDSTAT_STATES_H
#define FARMLOCK_PIDSTAT_STATES_H

#include "links.h"
#include "question.h"
#include "source.h"
#include "turns.h"

struct pidstat_asker {
    struct pidstat_asker_options options;
    struct host_cache *hosts;
    struct question_table *table;
    struct pidstat_links links;
    struct asker_source timer, resolved;
    struct turns turns; /* of questions that are to be sent */
    struct tree deadlines;
    size_t pending;
    unsigned look_ups;    /* of names, under way */
    int64_t next_send_us; /* not before: the rate */
    int epoll_fd, timer_fd;
    unsigned unproven;        /* answers that were not believed since that was told */
    int64_t unproven_told_us; /* when it was; 0 for never */
};

/* Makes the tree of deadlines and the queues empty. */
void states_init(struct pidstat_asker *asker);

/* The question that is due first; NULL when none has a deadline. */
struct asker_question *states_first_due(const struct pidstat_asker *asker);

/* The first question of a queue; NULL when it is empty. */
struct asker_question *states_first_of(const struct queue *queue);

/* Starts a round: tries anew, at the end of its queue. */
void states_begin(struct pidstat_asker *asker, struct asker_question *question);

/* Whether it is one of those whose turn comes. */
bool states_waits_for_turn(const struct asker_question *question);

/* Puts a question at the end of its queue. */
void states_enqueue(struct pidstat_asker *asker, struct asker_question *question);

/* The same with another queue. */
void states_wait_in(struct pidstat_asker *asker, struct asker_question *question,
                    struct queue *queue);

/* Frees a question, without a call. */
void states_drop(struct pidstat_asker *asker, struct asker_question *question);

/* Takes a question out of its queue: it has that state until then, and nothing else happens. */
void states_wait_until(struct pidstat_asker *asker, struct asker_question *question,
                       enum question_state state, int64_t due_us);

/* The same for one that was just sent. */
void states_await_answer(struct pidstat_asker *asker, struct asker_question *question,
                         int64_t due_us);

/* Whatever waits for an answer of this host gets another try, and that now. */
void states_ask_all_again(struct pidstat_asker *asker, struct cached_host *host);

/* Calls back.  Returns false when the question is no more. */
bool states_tell(struct pidstat_asker *asker, struct asker_question *question,
                 struct pidstat_result *result);

#endif
