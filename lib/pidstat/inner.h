/* A pidstatd's questions about processes of containers on its host: answered when they are found,
 * or have been looked for in vain. */
#ifndef FARMLOCK_PIDSTAT_INNER_H
#define FARMLOCK_PIDSTAT_INNER_H

#include "finder.h"
#include "watch.h"
#include "wire.h"

struct inner_desk;

struct inner_question {
    struct watch_route route;
    struct pidstat_question question; /* strings and all live as long as the call */
    size_t len;                       /* of its datagram */
};

/* Called once for each question that was taken; `pid` is that of the process here, if it exists and
 * is certainly that one, else 0. */
typedef void inner_answer_fn(void *context, const struct inner_question *asked,
                             enum pidstat_state state, pid_t pid);

/* NULL with errno ENOMEM. */
struct inner_desk *inner_desk_create(struct event_base *base, inner_answer_fn *answer,
                                     void *context);

/* Accepts NULL.  Nobody is told anything. */
void inner_desk_destroy(struct inner_desk *desk);

/* Whether a question is about a process of this boot in another pid namespace than `ours`, which
 * can be told from others there. */
bool inner_is_asked(const struct pidstat_question *question, uint64_t ours);

/* Takes such a question: answers at once where the process was found before, else within seconds,
 * and with PIDSTAT_UNKNOWN where too many are open.  One that is asked again meanwhile has one
 * answer. */
void inner_desk_ask(struct inner_desk *desk, const struct inner_question *asked);

#endif
