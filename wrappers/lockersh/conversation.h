/* The conversation with the server as --debug shows it: each line once, a long one by its beginning
 * and its length. */
#ifndef FARMLOCK_LOCKERSH_CONVERSATION_H
#define FARMLOCK_LOCKERSH_CONVERSATION_H

#include <stdbool.h>
#include <stddef.h>

#include "progress.h"

enum { CONVERSATION_SHOWN = 1000 }; /* bytes of a line */

/* All 0 but for its progress at first. */
struct conversation {
    struct progress *progress; /* whose line on the terminal is in the way */
    struct conversation_line {
        size_t len; /* of what has come of it, 0 while none has begun */
        char text[CONVERSATION_SHOWN];
    } sent, received;
};

/* Takes what is sent or received, in whatever pieces: an ipclocker_trace_fn. */
void conversation_trace(void *conversation, bool sent, const char *bytes, size_t len);

/* Shows what has begun and does not end. */
void conversation_end(struct conversation *conversation);

#endif
