/* Whether the near end of a tie is still there, as the far end can see it. */
#ifndef FARMLOCK_URIEXEC_NEAR_END_H
#define FARMLOCK_URIEXEC_NEAR_END_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "process/process_ref.h"
#include "tie_word.h"

enum { NEAR_STREAMS = 3, NEAR_WATCHED = NEAR_STREAMS + 1 };

struct near_end {
    struct pollfd watched[NEAR_WATCHED]; /* for poll(2): when to look again */
    bool needs_polling;                  /* and the process, every now and then */

    pid_t parent; /* private */
    int64_t begun_ms;
    bool held, has_process;
    struct process_ref process;
    bool tells[NEAR_STREAMS], gone[NEAR_STREAMS];
    bool half_tells[NEAR_STREAMS]; /* half a close means the whole */
};

/* Begins to watch for the end of this process's parent.  With a word, the far end's, also the
 * standard streams and the process that it names.  The parent's end comes as a SIGCHLD.
 */
void near_end_init(struct near_end *near, const struct tie_word *word);

/* Looks whether the near end is gone.  Does not block. */
bool near_end_is_gone(struct near_end *near);

/* Keeps errno. */
void near_end_fini(struct near_end *near);

#endif
