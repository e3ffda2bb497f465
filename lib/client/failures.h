/* Why hosts of a round are no servers, and what is told of it. */
#ifndef FARMLOCK_CLIENT_FAILURES_H
#define FARMLOCK_CLIENT_FAILURES_H

#include "client.h"

/* Of one that accepts a connection, and says nothing. */
extern const struct client_failure client_failure_silent;

/* A round begins, without failures. */
void client_failures_forget(struct ipclocker *lock);

/* Notes why an address of the current host is no server.  Of several, what says most is told. */
void client_failures_note(struct ipclocker *lock, const struct client_failure *failure);

/* The same for what connect(2) failed with; for one that accepts and is silent; for one that has
 * not answered when another did; and for a name that takes too long.
 */
void client_failures_unreached(struct ipclocker *lock, int number);
void client_failures_silent(struct ipclocker *lock);
void client_failures_not_yet(struct ipclocker *lock);
void client_failures_not_resolved(struct ipclocker *lock);

/* Whether another round would come to the same as this one. */
bool client_failures_are_final(const struct ipclocker *lock);

/* Tell of a round that failed: that there will be another (`limit`: which of how many, or ""), that
 * a server is stayed with that does not answer, or that there is no other try; and that a server is
 * back, where it was told to be away.
 */
void client_failures_tell_retry(struct ipclocker *lock, int64_t pause_ms, bool was_lost,
                                const char *limit);
void client_failures_tell_silence(struct ipclocker *lock, const char *what_is_done);
void client_failures_tell_down(struct ipclocker *lock);
void client_failures_tell_return(struct ipclocker *lock);

/* Tells where another than the first of the list serves, once it is known whether the two share
 * their state: then there is nothing to tell.
 */
void client_failures_tell_second(struct ipclocker *lock);

/* Fails with why no host is a server.  Returns -1 with the errno of the last failure. */
int client_failures_fail(struct ipclocker *lock);

#endif
