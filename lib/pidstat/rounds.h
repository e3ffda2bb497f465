/* How an asker's questions go from one state to the next.  For asker.c alone. */
#ifndef FARMLOCK_PIDSTAT_ROUNDS_H
#define FARMLOCK_PIDSTAT_ROUNDS_H

#include "states.h"

/* When turns are taken next, INT64_MAX when no question waits for one: for an urgent one as soon as
 * the rates allow, for others when a batch of them has come together.
 */
int64_t rounds_next_turn(const struct pidstat_asker *asker);

/* What happens to questions; all but the last may call back. */
void rounds_take_turns(struct pidstat_asker *asker);
void rounds_take_deadline(struct pidstat_asker *asker, struct asker_question *question);
void rounds_take_resolved(struct pidstat_asker *asker);

#endif
