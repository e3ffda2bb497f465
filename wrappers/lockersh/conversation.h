/* The conversation with the server as --debug shows it: each line once, a long one by its beginning
 * and its length. */
#ifndef FARMLOCK_LOCKERSH_CONVERSATION_H
#define FARMLOCK_LOCKERSH_CONVERSATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "progress.h"

/* Bytes of a line; what is said of it beside these has room in what cli_error() takes. */
enum { CONVERSATION_SHOWN = 960 };

/* All 0 but for its progress at first. */
struct conversation {
    struct progress *progress; /* whose line on the terminal is in the way */
    struct conversation_line {
        size_t len; /* of what has come of it, 0 while none has begun */
        char text[CONVERSATION_SHOWN];
    } sent, received;
    int64_t last_ms; /* when the last of what has begun came */
};

/* Takes what is sent or received, in whatever pieces, and the end of a connection: an
 * ipclocker_trace_fn. */
void conversation_trace(void *conversation, bool sent, const char *bytes, size_t len);

/* Shows what has begun when nothing more of it has come for a second.  Returns for how many
 * milliseconds there is nothing to do, -1 for ever. */
int conversation_update(struct conversation *conversation);

#endif
