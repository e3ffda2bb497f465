/* What only some connections say: of their process, and of how they ask.
 *
 * Most of those that wait in a long queue say none of it, and share what is all 0.
 */
#ifndef FARMLOCK_SERVER_PARTICULARS_H
#define FARMLOCK_SERVER_PARTICULARS_H

#include "server.h"

/* Of one that has said nothing, or nothing yet. */
extern const struct particulars particulars_none;

/* A connection's own, to write to; it stays the connection's.  Without memory that is its fault,
 * and NULL is returned. */
struct particulars *particulars_of(struct conn *conn);

/* Which process it is, as far as there is memory. */
void particulars_set_process(struct conn *conn, uint64_t pid, uint64_t start);

/* Sets the name of its user, of `len` bytes, or forgets it.  A name that is not long needs no
 * memory of its own; -1 when there is none. */
int particulars_set_user(struct conn *conn, const char *user, size_t len);
void particulars_forget_user(struct conn *conn);

/* It wants nothing any more; its client has the room for names back. */
void particulars_forget_names(struct conn *conn);

/* It has said nothing any more, but for its user's name. */
void particulars_forget(struct conn *conn);

#endif
