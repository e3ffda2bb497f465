/* How an asker's questions go from one state to the next.  For asker.c alone. */
#ifndef FARMLOCK_PIDSTAT_ROUNDS_H
#define FARMLOCK_PIDSTAT_ROUNDS_H

#include "question.h"
#include "udp.h"

struct pidstat_asker {
    struct pidstat_asker_options options;
    struct host_cache *hosts;
    struct question_table *table;
    struct pidstat_udp udp;
    struct queue urgent, ordinary; /* those whose turn it is to send */
    struct tree deadlines;
    size_t pending;
    int64_t next_send_us; /* not before: the rate */
    int epoll_fd, timer_fd;
};

/* Makes the tree of deadlines and the queues empty. */
void rounds_init(struct pidstat_asker *asker);

/* The question that is due first; NULL when none has a deadline. */
struct asker_question *rounds_first_due(const struct pidstat_asker *asker);

/* Starts a round: tries anew, at the end of its queue. */
void rounds_begin(struct pidstat_asker *asker, struct asker_question *question);

/* Puts a question at the end of its queue. */
void rounds_enqueue(struct pidstat_asker *asker, struct asker_question *question);

/* The question whose turn is next; NULL when none waits. */
struct asker_question *rounds_next_in_line(const struct pidstat_asker *asker);

/* When turns are taken next, if any question waits: for an urgent one as soon as the rate allows,
 * for others when a batch of them has come together.
 */
int64_t rounds_next_turn(const struct pidstat_asker *asker);

/* Frees a question, without a call. */
void rounds_drop(struct pidstat_asker *asker, struct asker_question *question);

/* What happens to questions; all but the last may call back. */
void rounds_take_turns(struct pidstat_asker *asker);
void rounds_take_deadline(struct pidstat_asker *asker, struct asker_question *question);
void rounds_receive(struct pidstat_asker *asker);
void rounds_end_here(struct pidstat_asker *asker, struct asker_question *question);
void rounds_take_resolved(struct pidstat_asker *asker);

#endif
