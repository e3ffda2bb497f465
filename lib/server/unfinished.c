/* What is left of a command when its connection's turn is over.
 * Must not know what the command does. */
#include "unfinished.h"

#include <stdlib.h>
#include <string.h>

#include "conn_output.h"
#include "state_note.h"
#include "turn.h"

void unfinished_end(struct conn *conn)
{
    free(conn->unfinished);
    conn->unfinished = NULL;
}

bool unfinished_outlives(struct conn *conn)
{
    const char *end;

    /* Without its line, it cannot be called again. */
    if (conn->unfinished == NULL || conn->state != CONN_OPEN || conn->in.len == 0)
        return false;
    end = memchr(conn->in.data, '\n', conn->in.len);
    if (end != NULL)
        conn->in.len = (uint32_t)(end - conn->in.data) + 1;
    conn->input_ended = true;
    conn_output_shut(conn);
    turn_wait(conn);
    return true;
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
