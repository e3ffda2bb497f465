/* What one pass of the loop changes, and which commit that depends on. */
#ifndef FARMLOCK_SERVER_STATE_NOTE_H
#define FARMLOCK_SERVER_STATE_NOTE_H

#include "server.h"

/* Whether nothing can be written, so that nothing is noted: what there is was given up, to be read
 * back.  A disk that has stalled is not down. */
static inline bool state_note_is_down(const struct ipclocker_server *server)
{
    return server->state.phase >= STATE_LOST;
}

/* Notes an event of the table, which is to be kept.  Without memory the pass fails at its end. */
void state_note_event(struct ipclocker_server *server, const struct lock_event *event);

/* Notes a LOCK that was refused, as far as there is memory: history only. */
void state_note_refused(struct conn *conn);

/* Notes how often refusals were repeated that were noted a minute ago, or of all; forgets them. */
void state_note_end_refusals(struct ipclocker_server *server, bool all);

/* Submits the batch of this pass, if there is one. */
void state_note_submit(struct ipclocker_server *server);

/* The batch of this pass, or of a part of it that is large; NULL when there is no memory, which the
 * end of the pass sees. */
struct store_batch *state_note_batch(struct ipclocker_server *server);

/* The commit that everything depends on which was said up to now. */
static inline uint64_t state_note_mark(const struct ipclocker_server *server)
{
    const struct state *state = &server->state;

    /* All that there is to tell has been read from the disk; a probe keeps nobody waiting. */
    if (state_note_is_down(server))
        return state->committed;
    /* For what found no memory for its batch there is no commit: the end of the pass takes it back.
     */
    if (state->lost || (state->batch != NULL && store_batch_is_urgent(state->batch)))
        return state->submitted + 1;
    return state->urgent;
}

/* Where the state is shared: that this server leads still is to be confirmed before what it says
 * now is heard, also where nothing has changed. */
void state_note_confirm(struct ipclocker_server *server);

/* How many bytes wait to be written. */
static inline size_t state_note_backlog(const struct ipclocker_server *server)
{
    const struct state *state = &server->state;
    size_t here = state->batch != NULL ? store_batch_bytes(state->batch) : 0;

    return here + (size_t)(state->submitted_bytes - state->committed_bytes);
}

/* The newest commit that is done. */
static inline uint64_t state_note_committed(const struct ipclocker_server *server)
{
    return server->state.committed;
}

/* Seats have become unusable, or usable again. */
void state_note_unusable(struct ipclocker_server *server, const struct store_unusable *what);

#endif
