/* Answers to questions about processes of this host. */
#ifndef FARMLOCK_PIDSTAT_HERE_H
#define FARMLOCK_PIDSTAT_HERE_H

#include "states.h"

/* Looks and calls back; a standing question goes on waiting for the end. */
void here_answer(struct pidstat_asker *asker, struct asker_question *question);

#endif
