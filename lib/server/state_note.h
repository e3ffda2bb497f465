/* What one pass of the loop changes, and which commit that depends on. */
#ifndef FARMLOCK_SERVER_STATE_NOTE_H
#define FARMLOCK_SERVER_STATE_NOTE_H

#include "server.h"

/* Whether nothing can be written, so that nothing is noted: what there is was given up, to be read
 * back.  A disk that has stalled is not down. */
static inline bool state_is_down(const struct ipclocker_server *server)
{
    return server->durable.phase == STATE_LOST || server->durable.phase == STATE_READ_ONLY;
}

/* Notes an event of the table, which is to be kept.  Without memory the pass fails at its end. */
void durable_note(struct ipclocker_server *server, const struct lock_event *event);

/* Notes a LOCK that was refused, as far as there is memory: history only. */
void durable_note_refused(struct conn *conn);

/* The batch of this pass; NULL when there is no memory, which the end of the pass sees. */
struct store_batch *durable_batch(struct ipclocker_server *server);

/* The commit that everything depends on which was said up to now. */
uint64_t durable_mark(const struct ipclocker_server *server);

/* The newest commit that is done. */
static inline uint64_t durable_committed(const struct ipclocker_server *server)
{
    return server->durable.committed;
}

#endif
