/* Answers.  A whole one has the connection looked at when the pass ends.  Memory that cannot be had
 * shows in the connection's output, which is closed then. */
#ifndef FARMLOCK_SERVER_REPLY_H
#define FARMLOCK_SERVER_REPLY_H

#include "server.h"

/* The status about the connection's names; `released`, or NULL, is one that was given back just
 * now; `refusal`, or NULL, is why nothing was done. */
void reply_status(struct conn *conn, const char *released, const struct refusal *refusal);

/* The status of a request that is held, without a search for it. */
void reply_granted(struct conn *conn, const struct lock_request *request);

/* Who has the locks of the demand and may have ended: a client on its host may see that before we
 * do.  Only where both sides have autounlock. */
void reply_autounlock_checks(struct conn *conn);

/* What a LOCK that waits is told at once. */
void reply_waiting(struct conn *conn, const struct lock_request *request);

/* Tells the session of a holder that its lock has been taken from it, and why: an end by the owner
 * itself is not told.  Behind a list that is being said, not in its midst. */
void reply_lost(struct conn *conn, const struct lock_request *request, enum lock_reason reason);

/* A session hears that its grant may be held for another time.  Not to be called in the midst of a
 * list.  One that does not read what it is told is closed. */
void reply_extended(struct conn *conn, const struct lock_request *request);

/* The place in the queue; `request` is NULL when the connection waits for nothing. */
void reply_queue(struct conn *conn, const struct lock_request *request);

/* What would come of a request, which lock_table_foresee() shows. */
void reply_would_grant(struct conn *conn, const struct lock_request *request);
void reply_would_wait(struct conn *conn, const struct lock_request *request);

/* Parts of answers: a line, and a word with a value.  The caller has the connection looked at. */
void reply_text(struct conn *conn, const char *text);
void reply_word(struct conn *conn, const char *word, const char *value);
void reply_number(struct conn *conn, const char *word, uint64_t value);

#endif
