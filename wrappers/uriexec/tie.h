/* A command that ends when the near end of its tie does. */
#ifndef FARMLOCK_URIEXEC_TIE_H
#define FARMLOCK_URIEXEC_TIE_H

#include <stdint.h>

#include "tie_word.h"

enum { TIE_GRACE_MS = 10000 };

struct tied {
    const char *shell, *command;
    /* Of the near end, for a far one; NULL: only this process's parent is watched. */
    const struct tie_word *word;
    int64_t grace_ms; /* between SIGTERM and SIGKILL */
};

/* Runs the command in a child, hands it signals, and ends it and all that it has started when the
 * near end is gone.  Returns its exit status; where a signal ended it, the same ends uriexec.
 */
int tie_run(const struct tied *tied);

#endif
