/* What is left of a command when its connection's turn is over.
 * Must not know what the command does. */
#include "unfinished.h"

#include <stdlib.h>

#include "state_note.h"

void unfinished_end(struct conn *conn)
{
    free(conn->unfinished);
    conn->unfinished = NULL;
}

void unfinished_leave(struct conn *conn)
{
    struct unfinished *unfinished = conn->unfinished;

    if (unfinished == NULL)
        return;
    /* What is not kept does not happen. */
    if (unfinished->leave != NULL && !state_note_is_down(conn->server))
        unfinished->leave(conn, unfinished);
    unfinished_end(conn);
}
