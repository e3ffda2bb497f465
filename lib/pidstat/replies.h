/* What comes back from the network. */
#ifndef FARMLOCK_PIDSTAT_REPLIES_H
#define FARMLOCK_PIDSTAT_REPLIES_H

#include "states.h"

/* Takes what has come to a link; an asker_ready_fn.  May call back. */
void replies_receive(struct pidstat_asker *asker, struct asker_source *source);

#endif
